//! Another price than the stop's own is through the stop (product.md §2.1, F-C10, F-H05): nothing is closed for that, because
//! it is not the price the stop watches; people are told, because it is not what they expect.

use super::scene::Scene;
use super::{Out, Tranche};
use backstop_model::{PositionSide, Series, Severity, Span, Timestamp};
use serde::{Deserialize, Serialize};

/// How long it must stand there: prices of one market do not come at the same instant.
const STANDS: Span = Span::from_secs(1);
/// People are told again no sooner.
const AGAIN: Span = Span::from_secs(600);

/// What is remembered of other prices that are through the stop.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Elsewhere {
    /// Since when one of them is, while the stop's own is not.
    pub since: Option<Timestamp>,
    /// Nothing more is to be said of that.
    pub settled: bool,
    /// When people were told.
    pub told_at: Option<Timestamp>,
}

impl Elsewhere {
    /// When it has stood there for long enough, while nothing has been said of it.
    pub(super) fn due(self) -> Option<Timestamp> {
        self.since.filter(|_| !self.settled).map(|since| since.plus(STANDS))
    }
}

/// The prices of a position that its stop does not watch.
pub(super) fn others(own: Series, side: PositionSide) -> impl Iterator<Item = Series> {
    [Series::Last, Series::Mark, Series::executable(side)].into_iter().filter(move |series| *series != own)
}

/// Tells people once in a while that another price is through the stop and the stop's own is not.
pub(super) fn watch(tranche: &mut Tranche, scene: &Scene, out: &mut Out) {
    let (side, ctx) = (scene.side(), scene.ctx);
    let Some(stop) = tranche.stop.filter(|_| tranche.closing.is_none() && !tranche.is_closed()) else { return };
    let own = tranche.trigger(scene.plan).series(side);
    let through = |series: Series| ctx.board.price(series).filter(|now| side.hit(*now, stop.price));
    let known = tranche.aside.elsewhere.get().unwrap_or_default();
    if through(own).is_some() || others(own, side).all(|series| through(series).is_none()) {
        let none = Elsewhere { since: None, settled: false, ..known };
        if let Some(aside) = tranche.aside.held() {
            aside.elsewhere.put(Some(none).filter(|none| none.told_at.is_some()));
        }
        return;
    }
    let mut known = Elsewhere { since: known.since.or(Some(ctx.now)), ..known };
    let fresh = |series: &Series| ctx.board.fresh(*series, ctx.now).is_some();
    let told = others(own, side).filter(fresh).find_map(|series| Some((series, through(series)?)));
    if let Some((series, price)) = told.filter(|_| known.due().is_some_and(|due| ctx.now >= due)) {
        known.settled = true;
        if known.told_at.is_none_or(|at| ctx.now.since(at) >= AGAIN) {
            known.told_at = Some(ctx.now);
            let now = ctx.board.price(own).map_or_else(|| "not known".to_owned(), |now| format!("at {now}"));
            let text = format!(
                "the {} price {price} is through the stop {}, the {} price that it watches is {now}: nothing is closed for that",
                word(series),
                stop.price,
                word(own)
            );
            scene.tell(Severity::Alarm, tranche.id, &text, out);
        }
    }
    tranche.aside.elsewhere.put(Some(known));
}

const fn word(series: Series) -> &'static str {
    match series {
        Series::Ask => "ask",
        Series::Bid => "bid",
        Series::Last => "last",
        Series::Mark => "mark",
    }
}
