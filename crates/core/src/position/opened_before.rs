//! What was opened before a day or a session ended, and is told only after that: it was not meant to stay any more than what
//! was known then (product.md §2.6, F-E01).

use super::scene::Scene;
use super::{Ctx, Live, Out};
use crate::exits::end_of_day::Due;
use crate::orders::OpenOrder;
use backstop_model::{Epoch, PositionKey, Severity, TrancheId};

impl Live {
    /// Looks at a tranche that an execution has just opened: its end may have come already, and is remembered like one that was
    /// missed.
    pub(super) fn note_day_ended(
        &mut self,
        id: TrancheId,
        (key, epoch): (PositionKey, Epoch),
        orders: &[OpenOrder],
        ctx: Ctx,
        out: &mut Out,
    ) {
        let Some(plan) = self.plan.clone() else { return };
        let scene = Scene { key, epoch, ctx, plan: &plan, orders };
        let Some(tranche) = self.tranche_mut(id) else { return };
        let Some(ended) = scene.day_ended(tranche.opened_at).filter(|ended| ended.until <= ctx.now) else { return };
        tranche.aside.end_of_day.put(Some(Due { at: ended.due, first_price: None }));
        let text = "opened before the day ended, and told only after it: it is closed as well";
        scene.tell(Severity::Warning, id, text, out);
    }
}
