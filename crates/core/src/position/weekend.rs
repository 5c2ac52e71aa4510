//! Before the week's last session ends: a guarantee for the stop, where the plan wants one over the weekend (product.md
//! §2.6, F-L02). Closing before the weekend is an end of the day like any other (`turn`).

use super::guarantee::{Guarantee, is_offered};
use super::scene::Scene;
use super::{Out, Tranche};
use crate::exits::end_of_day::ten_minutes_before;
use backstop_model::plan::Weekend;
use backstop_model::{Severity, Timestamp};

/// When the weekend begins for a tranche that has not been made ready for it.
pub(super) fn due(tranche: &Tranche, scene: &Scene) -> Option<Timestamp> {
    let wanted = scene.plan.weekend == Weekend::Guarantee && tranche.closing.is_none();
    scene.week_ends().map(ten_minutes_before).filter(|at| wanted && tranche.aside.weekend != Some(*at))
}

/// The stop becomes a guaranteed one, once each week; where it cannot, people are told and the ordinary one stays.
pub(super) fn watch(tranche: &mut Tranche, scene: &Scene, out: &mut Out) {
    let Some(at) = due(tranche, scene).filter(|at| scene.ctx.now >= *at) else { return };
    tranche.aside.weekend = Some(at);
    if tranche.guarantee == Guarantee::Wanted {
        return;
    }
    if is_offered(scene.ctx) {
        tranche.guarantee = Guarantee::Wanted;
        scene.tell(Severity::Note, tranche.id, "the weekend is near: the stop becomes a guaranteed one", out);
        return;
    }
    let text = "the weekend is near, and no guaranteed stop can be had here: the ordinary one stays";
    scene.tell(Severity::Alarm, tranche.id, text, out);
}
