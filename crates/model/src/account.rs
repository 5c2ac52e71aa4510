//! An account at a venue, as far as decisions depend on it. Keys and addresses are not the core's concern.

use crate::{AccountId, Capability, PlanId, ids::Name};
use serde::{Deserialize, Serialize};

/// How the venue keeps positions on one instrument apart.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum PositionMode {
    /// A long and a short side by side; every order names the side it belongs to.
    Hedge,
    /// One net position: an order the other way reduces it.
    OneWay,
    /// A position for each deal, long and short side by side; what closes one names it.
    PerDeal,
}

/// What may be done for an account's positions.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Permit {
    /// Everything.
    #[default]
    All,
    /// Stops are kept and placed, positions closed; targets and trails that rest stay, no new ones are placed (R9).
    ProtectOnly,
}

/// An account and what its venue can do.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Its name in the configuration; part of every client order id, so renaming it makes it another account.
    pub name: Name,
    /// The venue's name.
    pub venue: Name,
    /// How positions are kept.
    pub position_mode: PositionMode,
    /// The plan of positions that have no closer one. Without any plan nothing is done for a position but to show it.
    pub plan: Option<PlanId>,
    /// What the venue can do natively.
    pub capability: Capability,
    /// The currency profits are booked in.
    pub currency: Name,
}
