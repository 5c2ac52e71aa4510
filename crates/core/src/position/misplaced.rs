//! A stop that the venue refuses for the place it was asked for: too near to the price, or too far from it (F-C20).
//!
//! Some venues have one word for both. What a distance of more than a quarter of the price is refused for is its being too
//! far: no venue wants that much room.

use super::scene::Scene;
use super::spacing::{note_refusal, note_step_refused, within_a_step};
use super::{Out, Tranche};
use crate::exits::spacing::{is_far, nearer};
use crate::exits::stop_loss::StopLevel;
use crate::orders::OpenOrder;
use backstop_model::{Price, Refusal, RefusalReason, Series, Severity};

/// Whether a refusal speaks of the place alone.
pub(super) const fn is_about_place(reason: RefusalReason) -> bool {
    matches!(reason, RefusalReason::TooFar | RefusalReason::TooNear)
}

/// What rests stays. Where nothing does, another place is tried: farther out when this one was too near, nearer when it was
/// too far.
pub(super) fn stop_misplaced(
    tranche: &mut Tranche,
    asked: Option<Price>,
    refusal: &Refusal,
    scene: &Scene,
    out: &mut Out,
) {
    let rests = scene.protecting(tranche.id).any(OpenOrder::stands);
    let price = scene.ctx.board.price(Series::executable(scene.side()));
    let far = asked.zip(price).is_some_and(|(asked, price)| is_far(asked, price));
    let too_far = refusal.reason == RefusalReason::TooFar || far;
    match asked.and_then(|asked| within_a_step(tranche, asked, scene)) {
        Some(_) => note_step_refused(tranche, scene),
        None if !too_far => note_refusal(tranche, asked, scene),
        None => {}
    }
    let moved = (too_far && !rests).then(|| come_nearer(tranche, asked, price, scene)).flatten();
    let (word, severity) =
        (if too_far { "far" } else { "near" }, if rests { Severity::Warning } else { Severity::Alarm });
    let then = match (rests, too_far, moved) {
        (true, ..) => "the old one stays".to_owned(),
        (false, false, _) => "a farther one is placed".to_owned(),
        (false, true, Some(to)) => format!("it is tried at {to}, where it closes earlier than the plan says"),
        (false, true, None) => "it is tried again".to_owned(),
    };
    let asked = asked.map_or_else(String::new, |price| price.to_string());
    let retry = tranche.stop_retry();
    let often = retry.map_or_else(String::new, |retry| retry.how_often(scene.ctx.now));
    let text =
        format!("stop {asked} refused as too {word} ({refusal}){often}; {then}, Backstop watches the price meanwhile");
    if retry.is_none_or(|retry| retry.is_told()) {
        scene.tell(severity, tranche.id, &text, out);
    }
}

/// A quarter of the way nearer to the price. A place that only a refusal as too near has led to is left as it is: then the
/// venue takes neither, and the same is tried again.
fn come_nearer(tranche: &mut Tranche, asked: Option<Price>, price: Option<Price>, scene: &Scene) -> Option<Price> {
    let (stop, asked, price) = (tranche.stop?, asked?, price?);
    if asked != stop.price {
        return None;
    }
    let to = nearer(scene.side(), asked, price, scene.ctx.instrument.tick)?;
    tranche.stop = Some(StopLevel { price: to, ..stop });
    Some(to)
}
