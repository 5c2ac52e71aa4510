//! What may be used to leave a position, how several exits share it, and what becomes of them with it.

use backstop_model::Span;
use serde::{Deserialize, Serialize};

/// How an exit for the whole position, whatever it is when the exit fires, is placed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum WholePosition {
    /// Not at all.
    Absent,
    /// As an order bound to the position (`Ask::Protect`), as on Bitget (venues/bitget.md §8.1, §14).
    Bound,
    /// As an ordinary conditional order with `Amount::ClosePosition`, as on Binance and Aster.
    #[default]
    ClosePosition,
}

/// What becomes of a second whole-position exit of the same kind and direction.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum SecondWhole {
    /// It stands beside the first. Aster's answer is unverified (venues/aster.md §5.4).
    Coexists,
    /// It is refused: -4130, 43031, 25594.
    #[default]
    Refused,
    /// It takes the first one's place: one of Bitget's two answers, unverified (venues/bitget.md §8.2).
    Replaces,
}

/// What becomes of a market exit that is larger than the position, and of a resting one where the oldest make way.
/// Unverified (venues/binance.md §7.1, venues/bitget.md §6.2).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum Oversize {
    /// It is cut to the position.
    #[default]
    Clipped,
    /// It is refused (-2022, 45003).
    Refused,
}

/// What is answered to an order that older exits were evicted for.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum EvictionAnswer {
    /// The order with its id.
    #[default]
    WithId,
    /// `Answer::Accepted`, without an id: only the client id finds it (venues/bitget.md §6.2, F-A13).
    WithoutId,
}

/// How a hedge account's closing orders share the position. Bitget's page says both (venues/bitget.md §6.2).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum HedgedExits {
    /// As in one-way mode, by the venue's `crowding`.
    #[default]
    AsOneWay,
    /// What exceeds position minus resting closes is refused as insufficient.
    Insufficient,
    /// A market close is cut to position minus resting closes, silently; where those cover the whole position they are
    /// cancelled for it. A resting close that exceeds it is refused as insufficient.
    Remainder,
}

/// What becomes of orders bound to a position when it is gone. Unverified on Bitget (venues/bitget.md §8.4).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum WhenFlat {
    /// They go with it.
    #[default]
    Expire,
    /// They stay, and may hit the next position (F-C14).
    Stay,
}

/// Whether sized orders bound to a position share its quantity.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum BoundSum {
    /// Stops, targets and trails together never exceed it (43023, venues/bitget.md §8.4).
    #[default]
    WithinPosition,
    /// Each alone may be for all of it.
    Unlimited,
}

/// What is said of an order bound to a position that cannot be seen yet. Bitget's page has seen both (venues/bitget.md §12).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum Unseen {
    /// That there is not enough of it (43023).
    #[default]
    Insufficient,
    /// That there is none (22002).
    NoPosition,
}

/// Whether a position can be closed at market without naming a quantity or a client id (venues/bitget.md §6.4).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum FlashClose {
    /// It cannot.
    #[default]
    Absent,
    /// It can (`Ask::FlashClose`).
    Offered,
}

/// For which exits the smallest notional is waived, in a market that waives it for exits.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum Waiver {
    /// For all that can only close.
    #[default]
    Closing,
    /// For those that say so: reduce-only, or for the whole position. A sized exit of a hedge account cannot say it
    /// (-4164; venues/binance.md §5, §17, venues/aster.md §12; F-G03).
    Flagged,
}

/// The venue's own trailing stop.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum NativeTrailing {
    /// As the attached stop of a deal, where account and market allow it, as on IG (venues/ig.md §4.3, §6).
    Attached,
    /// There is none, as on Bitget's unified accounts (venues/bitget.md §0 fact 2).
    None,
    /// As an order whose callback lies within these bounds.
    Orders {
        /// The smallest callback, in millionths of the best price.
        least: u32,
        /// The largest, in millionths of the best price.
        most: u32,
    },
}

impl Default for NativeTrailing {
    /// 0.1 % to 20 % (venues/binance.md §8.2).
    fn default() -> Self {
        Self::Orders { least: 1_000, most: 200_000 }
    }
}

/// The habits of exits.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct ExitHabits {
    /// How an exit for the whole position is placed.
    pub whole: WholePosition,
    /// What becomes of a second one.
    pub second_whole: SecondWhole,
    /// What becomes of an exit larger than the position.
    pub oversize: Oversize,
    /// What is answered after an eviction.
    pub evicted: EvictionAnswer,
    /// How a hedge account's closing orders share the position.
    pub hedged: HedgedExits,
    /// What becomes of bound orders without their position.
    pub bound_when_flat: WhenFlat,
    /// Whether bound orders with a quantity share the position's.
    pub bound_sum: BoundSum,
    /// How long after its last execution a position does not exist yet for orders bound to it (43023,
    /// venues/bitget.md §12).
    pub visible_after: Span,
    /// What is said until then.
    #[serde(skip_serializing_if = "crate::sparse::is_default")]
    pub unseen: Unseen,
    /// For how long from an auto-deleveraging on nothing of that market closes (F-F02): closes are refused, and triggered
    /// ones fail (venues/bitget.md §6.4, §8.4, §12).
    #[serde(skip_serializing_if = "crate::sparse::is_default")]
    pub adl_blocks: Span,
    /// Whether a position can be closed without naming a quantity.
    pub flash: FlashClose,
    /// The venue's own trailing stop.
    pub trailing: NativeTrailing,
    /// For which exits the smallest notional is waived.
    #[serde(skip_serializing_if = "crate::sparse::is_default")]
    pub waiver: Waiver,
}
