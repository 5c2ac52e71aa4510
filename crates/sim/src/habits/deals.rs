//! How a venue that keeps a position for each deal treats deals and the levels attached to them (venues/ig.md).
//!
//! Each of these is *unverified* on the page, or seen both ways; the default is the reading that an engine has to fear.

use crate::sparse::is_default;
use backstop_model::Span;
use serde::{Deserialize, Serialize};

/// What a change of levels does to the one it does not name (venues/ig.md §0 fact 7).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum OmittedLevel {
    /// It stays.
    Kept,
    /// It goes.
    #[default]
    Removed,
}

/// Under which id a deal goes on after a part was closed (venues/ig.md §7.1).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum PartialClose {
    /// Under its own.
    KeepsId,
    /// Under a new one, with the old as its origin.
    #[default]
    NewId,
}

/// What becomes of a request whose reference was used before (venues/ig.md §4.2).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum RepeatedReference {
    /// It is dealt a second time.
    #[default]
    Dealt,
    /// It is rejected: `DUPLICATE_ORDER_ERROR`.
    Refused,
}

/// Whether a struck level is confirmed as well as told (venues/ig.md §7.1).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum LevelHit {
    /// By a confirm and an update.
    Confirmed,
    /// By an update alone, as captured.
    #[default]
    UpdateOnly,
}

/// Which of the two is told first, a deal's update or its confirm (venues/ig.md §7.1, §11).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum ConfirmTold {
    /// The update, as the time stamps in the capture have it.
    #[default]
    AfterUpdate,
    /// The confirm, as the capture received them.
    BeforeUpdate,
}

/// Under which reference a change of levels is confirmed (venues/ig.md §4.3).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum AmendReference {
    /// Under one of its own.
    Fresh,
    /// Under the deal's, as captured.
    #[default]
    OfDeal,
}

/// Whether a normal stop can become a trailing or a guaranteed one, and back (venues/ig.md §4.3, §10).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum StopChange {
    /// It can.
    #[default]
    Allowed,
    /// It is rejected: `CANNOT_CHANGE_STOP_TYPE`.
    Refused,
}

/// What a market's `minStepDistance` is asked of. The page shows the number and does not say (venues/ig.md §6).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum LevelStep {
    /// Of every change of a level: one that moves it by less is rejected, `ATTACHED_ORDER_LEVEL_ERROR`.
    #[default]
    OfMoves,
    /// Of the increment of trailing stops alone.
    OfTrails,
}

/// What `CR_SPACING` rejects. The page names the reason, and a `controlledRiskSpacing` for each market, and says no more
/// (venues/ig.md §4.3, §6).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum RiskSpacing {
    /// A guaranteed stop nearer than that to another one of the account's in that market.
    FromOthers,
    /// A guaranteed stop that is moved by less than that.
    #[default]
    OfMoves,
}

/// When a guaranteed stop's premium is paid; the page names the premium and no time.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum PremiumDue {
    /// When it is struck.
    AtTrigger,
    /// When it is attached.
    #[default]
    WhenAttached,
}

/// The habits of deals.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct DealHabits {
    /// What a change of levels does to the one it does not name.
    pub omitted_level: OmittedLevel,
    /// Under which id a deal goes on after a part was closed.
    pub partial_close: PartialClose,
    /// What becomes of a reference used before.
    pub repeated_reference: RepeatedReference,
    /// Which is told first, update or confirm.
    pub confirm_told: ConfirmTold,
    /// Whether a struck level is confirmed.
    pub level_hit: LevelHit,
    /// Under which reference a change of levels is confirmed.
    pub amend_reference: AmendReference,
    /// Whether the stop's type can change.
    pub stop_change: StopChange,
    /// When a guaranteed stop's premium is paid.
    pub premium_due: PremiumDue,
    /// What the smallest step is asked of.
    #[serde(skip_serializing_if = "is_default")]
    pub level_step: LevelStep,
    /// What guaranteed stops keep apart from.
    #[serde(skip_serializing_if = "is_default")]
    pub risk_spacing: RiskSpacing,
    /// How long after "received" the deal is made and its verdict falls.
    pub verdict_after: Span,
    /// How long after its verdict a confirm cannot be found yet by a query (venues/ig.md §4.5).
    pub readable_after: Span,
    /// How long it can be found; absent means for ever. About a minute is assumed.
    pub readable_for: Option<Span>,
}
