//! What a venue can do natively. The core asks these, never a venue's name.

use crate::{OrderKind, Ratio, Span, TimeInForce, TriggerSource};
use serde::{Deserialize, Serialize};

/// The limits of a native trailing order.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TrailingLimits {
    /// Smallest distance, as a share of the best price.
    pub smallest: Ratio,
    /// Largest distance, as a share of the best price.
    pub largest: Ratio,
    /// The distance is a multiple of this.
    pub step: Ratio,
}

/// Which targets of one position can rest at the venue.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RestingTargets {
    /// Every level has an order of its own.
    #[default]
    Every,
    /// One level: the last one rests, the engine takes the earlier ones when their price is there (venues/ig.md §4).
    Last,
}

/// Which exits the venue can tell from orders that open something, so that it waives its smallest notional for them where
/// the instrument's market does that at all (venues/binance.md §5, -4164; venues/aster.md §12).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FlaggedExits {
    /// Each of them: it is flagged as one that only reduces, or the venue asks for no flag.
    #[default]
    Every,
    /// Those for the whole position, which name no quantity. A hedge account's others cannot be flagged, and count like any
    /// order.
    Whole,
}

/// Which stops for a quantity can rest, besides the one for the whole position.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SizedStops {
    /// None: the stop for the whole position is the only one there is, as a level of a deal (venues/ig.md §4.3).
    Absent,
    /// As many as are wanted, whatever else rests.
    #[default]
    Beside,
    /// Together with trails and with targets that wait for their price outside the book they are for no more than the
    /// position (venues/bitget.md §8.4).
    Shared,
}

/// How a target that fills at its price or better waits for it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitTargets {
    /// As a limit order in the book.
    #[default]
    InBook,
    /// Outside the book, bound to the position, and as a limit order in the book once the price is there: it keeps nothing of
    /// the position from a stop, and no other exit takes its place (venues/bitget.md §8.1). One that may only make cannot.
    Triggered,
}

/// Whether it goes without saying.
fn is_usual<T: Default + PartialEq>(of: &T) -> bool {
    *of == T::default()
}

/// What a venue offers for exits, per account and in the position mode it is in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Capability {
    /// The venue's own trailing order, and its limits.
    pub native_trailing: Option<TrailingLimits>,
    /// A resting stop can be moved in place. Otherwise the new one is placed first and the old one cancelled (R6).
    pub amend_stop: bool,
    /// The venue itself refuses orders that would grow or flip a position. Without it the sum of all fillable exits
    /// must stay within the position (I2).
    pub reduce_only: bool,
    /// A stop can be for whatever the position is when it triggers; one of them rests for each position and is kept until
    /// it is flat, so that it can never be too small (product.md §2.7).
    #[serde(default)]
    pub whole_stop: bool,
    /// An entry can carry the stop of the position it opens. It is there with the first execution, and the stop for the
    /// whole position takes its place: there are never two (venues/ig.md §4.2).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub entry_stop: bool,
    /// Which stops for a quantity can rest.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub sized_stops: SizedStops,
    /// How targets that fill at their price wait for it.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub limit_targets: LimitTargets,
    /// Which targets can rest at the same time.
    #[serde(default)]
    pub resting_targets: RestingTargets,
    /// A stop can be a guaranteed one, which fills at its level whatever happens, where the market takes it.
    #[serde(default)]
    pub guaranteed_stops: bool,
    /// Which exits the venue waives its smallest notional for, where the instrument says that it does.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub flagged_exits: FlaggedExits,
    /// The only price that stops watch here, whatever is asked. None where a plan may choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_trigger: Option<TriggerSource>,
    /// How long after its time stamp a request can still take effect: the bound in the proof of absence (R4c).
    pub request_validity: Span,
}

impl FlaggedExits {
    /// Whether it is each of them, as it is unless something else is said.
    #[must_use]
    pub const fn is_every(&self) -> bool {
        matches!(self, Self::Every)
    }
}

impl Capability {
    /// Whether such an exit, for a quantity, shares the position with stops for a quantity.
    #[must_use]
    pub fn shares_position(&self, kind: OrderKind) -> bool {
        let waits = match kind {
            OrderKind::Limit { time_in_force: TimeInForce::GoodTillCancel, .. } => {
                self.limit_targets == LimitTargets::Triggered
            }
            OrderKind::Limit { time_in_force: TimeInForce::ImmediateOrCancel | TimeInForce::PostOnly, .. }
            | OrderKind::Market => false,
            OrderKind::StopMarket(_) | OrderKind::TakeProfitMarket(_) | OrderKind::TrailingStop { .. } => true,
        };
        waits && self.sized_stops == SizedStops::Shared
    }
}
