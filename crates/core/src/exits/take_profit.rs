//! What a level's resting order says (product.md §2.1): limit, post-only, or a market order triggered at the target.

use super::Level;
use super::slices::{self, Sizes};
use crate::orders::{Leg, Wanted};
use backstop_model::plan::{ExitPlan, TargetOrder};
use backstop_model::{
    Capability, Instrument, OrderKind, Quantity, RestingTargets, TimeInForce, TrancheId, Trigger, TriggerSource,
};

/// Whether a level's order can rest at the venue. Where one target rests for each position and closes all of it, that is
/// the last one, and none when something is to run on; the engine takes the others when their price is there (§2.7).
#[must_use]
pub fn can_rest(level: &Level, levels: &[Level], plan: &ExitPlan, capability: &Capability) -> bool {
    match capability.resting_targets {
        RestingTargets::Every => true,
        RestingTargets::Last => {
            let last = levels.iter().rev().find(|level| !level.due().is_zero());
            !plan.trails() && last.is_some_and(|last| last.number == level.number)
        }
    }
}

/// The one target that rests where there is one for each position: it closes whatever is left.
#[must_use]
pub fn resting_whole(level: &Level, tranche: TrancheId, open: Quantity) -> Option<Wanted> {
    use super::ladder::Instant;
    if level.due().is_zero() || matches!(level.instant, Instant::Limit | Instant::Market) {
        return None;
    }
    let kind = OrderKind::Limit { price: level.price, time_in_force: TimeInForce::GoodTillCancel };
    Some(Wanted { tranche, leg: Leg::Target(level.number), kind, quantity: open, whole: true, reason: level.reason() })
}

/// What the order of a level says.
#[must_use]
pub fn kind(level: &Level, plan: &ExitPlan) -> OrderKind {
    match plan.target_order {
        TargetOrder::Limit => OrderKind::Limit { price: level.price, time_in_force: TimeInForce::GoodTillCancel },
        TargetOrder::PostOnly => OrderKind::Limit { price: level.price, time_in_force: TimeInForce::PostOnly },
        TargetOrder::Market => OrderKind::TakeProfitMarket(Trigger::new(level.price, TriggerSource::Last)),
    }
}

/// The resting order of an open level; nothing when it has nothing to close or is being taken at once.
#[must_use]
pub fn resting(
    level: &Level,
    tranche: TrancheId,
    plan: &ExitPlan,
    instrument: &Instrument,
    capability: &Capability,
) -> Option<Wanted> {
    use super::ladder::Instant;
    if matches!(level.instant, Instant::Limit | Instant::Market) {
        return None;
    }
    let kind = kind(level, plan);
    let (due, largest) = (level.due(), instrument.largest_order(kind));
    let sizes = Sizes::at(level.price, largest, instrument, capability);
    let part = sizes.and_then(|sizes| slices::part(plan.slices, level.planned, level.filled, level.price, sizes));
    let quantity = part.unwrap_or(due).min(due);
    if quantity.is_zero() {
        return None;
    }
    Some(Wanted { tranche, leg: Leg::Target(level.number), kind, quantity, whole: false, reason: level.reason() })
}

/// The order that takes a level over the live stop: first at the target or not at all, then at market.
#[must_use]
pub fn instant(level: &Level, tranche: TrancheId) -> Option<Wanted> {
    use super::ladder::Instant;
    let quantity = level.due();
    let kind = match level.instant {
        Instant::No | Instant::Past { .. } => return None,
        Instant::Limit => OrderKind::Limit { price: level.price, time_in_force: TimeInForce::ImmediateOrCancel },
        Instant::Market => OrderKind::Market,
    };
    let leg = Leg::Instant(level.number);
    (!quantity.is_zero()).then_some(Wanted { tranche, leg, kind, quantity, whole: false, reason: level.reason() })
}
