//! How orders that wait for a price live, what they become, and what is told of it.

use serde::{Deserialize, Serialize};

/// Where conditional orders live, and under which ids.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum ConditionalHome {
    /// Among the ordinary orders: one id for life, no TRIGGERING, no child, as on Aster (venues/aster.md §0 fact 1).
    Ordinary,
    /// Apart from ordinary orders, with ids counted apart; the child has an id among the orders, as on Binance
    /// (venues/binance.md §0 fact 2).
    OwnIds,
    /// Apart, with ids from the same count; the child has an id of its own.
    #[default]
    SharedIds,
}

/// Under which client id a triggered order executes. Unverified on Binance (venues/binance.md §8.4) and Bitget
/// (venues/bitget.md §6.5).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum ChildIds {
    /// Under the conditional order's.
    #[default]
    Inherited,
    /// Under one that the venue makes up; only the child's order id links the two.
    OfVenue,
}

/// How a trigger is told.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum TriggerTold {
    /// TRIGGERED after the fill it brought: the two streams are not ordered (venues/binance.md §8.4).
    AfterFill,
    /// TRIGGERED, then the fill.
    #[default]
    BeforeFill,
    /// A second NEW, then the fill: one of two answers for Aster (venues/aster.md §5.3).
    NewAgain,
    /// EXPIRED for the conditional shell, a second NEW, then the fill: the other answer.
    ShellExpires,
}

/// What becomes of a new conditional order whose level the market has already passed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum PassedTrigger {
    /// It is refused (-2021).
    #[default]
    Refused,
    /// It triggers at once.
    TriggersAtOnce,
    /// It is accepted and waits for the price to come back, as Bitget's plan orders (venues/bitget.md §7).
    WaitsForReturn,
}

/// What the limit on open conditional orders counts together.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum ConditionalCount {
    /// Those of all the account's markets.
    #[default]
    PerAccount,
    /// Those of each market; they count as open orders of the market as well, as on Aster (venues/aster.md §4).
    PerSymbol,
}

/// When an opening conditional order needs its margin. Unverified on Aster (venues/aster.md §5.3).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum ConditionalMargin {
    /// When it is placed, and when it triggers.
    AtPlacing,
    /// When it triggers (venues/binance.md §0 fact 3).
    #[default]
    AtTrigger,
}

/// What a cancelling of everything on a symbol hits: a dead-man switch, or somebody's cancel-all (F-D06). Unverified on
/// Binance (venues/binance.md §7) and Aster (venues/aster.md §0 fact 5).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum MassCancel {
    /// Stops and targets too.
    #[default]
    Everything,
    /// Only what is in the book.
    RegularOnly,
}

/// The habits of conditional orders.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct ConditionalHabits {
    /// Where they live.
    pub home: ConditionalHome,
    /// Under which client id they execute.
    pub child_ids: ChildIds,
    /// How their trigger is told.
    pub told: TriggerTold,
    /// What becomes of a level that the market has passed; orders bound to a position are always refused.
    pub passed: PassedTrigger,
    /// What their limit counts together.
    pub count: ConditionalCount,
    /// When they need margin.
    pub margin: ConditionalMargin,
    /// What a cancelling of everything hits.
    pub mass_cancel: MassCancel,
}
