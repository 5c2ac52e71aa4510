//! Everything the core can ask for.

use crate::{AccountId, ClientOrderId, DealId, InstrumentId, NewOrder, OrderKind, Quantity, Trigger};
use serde::{Deserialize, Serialize};

/// Why the venue is asked for its full truth.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum SnapshotCause {
    /// The connection came back.
    Reconnect,
    /// The first look after a start.
    Start,
    /// Something did not fit.
    Surprise,
    /// The regular look.
    Timer,
}

/// One thing to be done at a venue. The runtime may repeat it, under the same id; only the core changes its mind.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Command {
    /// Move a resting stop in place. Repeatable (R13).
    Amend {
        /// Whose.
        account: AccountId,
        /// Of what.
        instrument: InstrumentId,
        /// Which order.
        id: ClientOrderId,
        /// Of which deal, where the venue keeps a position for each.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deal: Option<DealId>,
        /// Where to.
        trigger: Trigger,
        /// For how much.
        quantity: Quantity,
    },
    /// Cancel an order. Repeatable (R13).
    Cancel {
        /// Whose.
        account: AccountId,
        /// Of what.
        instrument: InstrumentId,
        /// Which order.
        id: ClientOrderId,
        /// Of which deal, where the venue keeps a position for each.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deal: Option<DealId>,
    },
    /// Ask what became of an order.
    Lookup {
        /// Whose.
        account: AccountId,
        /// Of what.
        instrument: InstrumentId,
        /// Which order.
        id: ClientOrderId,
        /// Of which deal, where the venue keeps a position for each.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deal: Option<DealId>,
    },
    /// Place an order.
    Place(NewOrder),
    /// Ask for the full truth about an account.
    Snapshot {
        /// Which account.
        account: AccountId,
        /// Why.
        cause: SnapshotCause,
    },
}

/// How urgent a command is; a share of the request budget is kept for the upper lanes (F-I01).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Lane {
    /// Stops and market exits.
    Protect,
    /// Cancels.
    Cancel,
    /// Questions and snapshots.
    Reconcile,
    /// Targets and entries.
    Profit,
}

impl Command {
    /// Whose command it is.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        match self {
            Self::Amend { account, .. }
            | Self::Cancel { account, .. }
            | Self::Lookup { account, .. }
            | Self::Snapshot { account, .. } => *account,
            Self::Place(order) => order.account,
        }
    }

    /// Which instrument it concerns; a snapshot concerns all.
    #[must_use]
    pub const fn instrument(&self) -> Option<InstrumentId> {
        match self {
            Self::Amend { instrument, .. } | Self::Cancel { instrument, .. } | Self::Lookup { instrument, .. } => {
                Some(*instrument)
            }
            Self::Place(order) => Some(order.instrument),
            Self::Snapshot { .. } => None,
        }
    }

    /// The order it names.
    #[must_use]
    pub const fn order(&self) -> Option<ClientOrderId> {
        match self {
            Self::Amend { id, .. } | Self::Cancel { id, .. } | Self::Lookup { id, .. } => Some(*id),
            Self::Place(order) => Some(order.id),
            Self::Snapshot { .. } => None,
        }
    }

    /// Its lane.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        match self {
            Self::Amend { .. } => Lane::Protect,
            Self::Cancel { .. } => Lane::Cancel,
            Self::Lookup { .. } | Self::Snapshot { .. } => Lane::Reconcile,
            // An entry is nothing that protects: it takes no room from what does.
            Self::Place(order) if !order.reduce_only => Lane::Profit,
            Self::Place(order) => match order.kind {
                OrderKind::Market | OrderKind::StopMarket(_) | OrderKind::TrailingStop { .. } => Lane::Protect,
                OrderKind::Limit { .. } | OrderKind::TakeProfitMarket(_) => Lane::Profit,
            },
        }
    }
}
