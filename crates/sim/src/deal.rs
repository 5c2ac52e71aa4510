//! The words of a venue that keeps a position for each deal: what can be asked about deals, the levels attached to
//! them, and the verdict of a confirm (venues/ig.md §4).
//!
//! What becomes of a request stands in `dealing`, what the levels do in `levels`.

use backstop_model::{Money, OrderSide, Points, PositionSide, Price, Quantity, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is asked about deals. All but [`DealAsk::Confirm`] are answered with "received" alone.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum DealAsk {
    /// Close a deal, or a part of it (§4.4).
    Close(CloseDeal),
    /// The verdict on an earlier request (§4.5).
    Confirm {
        /// The reference its answer named.
        reference: String,
    },
    /// Replace both levels of a deal (§4.3).
    Levels(SetLevels),
    /// Make a deal (§4.2).
    Open(OpenDeal),
}

/// A new deal.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct OpenDeal {
    /// The client's reference; the venue makes one up where it is absent.
    pub reference: Option<String>,
    /// Which market.
    pub symbol: String,
    /// Buy or sell.
    pub side: OrderSide,
    /// How much.
    pub quantity: Quantity,
    /// At which price.
    pub order: DealOrder,
    /// What becomes of it in a thin book.
    pub fulfilment: Fulfilment,
    /// A deal of its own even against deals of the other side. Without it those are closed first, and no level can be
    /// attached.
    pub force_open: bool,
    /// The stop to attach.
    pub stop: Option<StopAsk>,
    /// The limit to attach.
    pub limit: Option<LevelAsk>,
}

/// A closing. It carries no reference of the client's (§4.4).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CloseDeal {
    /// What is closed.
    pub target: CloseTarget,
    /// The opposite of the position's side.
    pub side: OrderSide,
    /// How much.
    pub quantity: Quantity,
    /// At which price.
    pub order: DealOrder,
    /// What becomes of it in a thin book.
    pub fulfilment: Fulfilment,
}

/// What a closing closes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum CloseTarget {
    /// One deal, by the id it has now.
    Deal(u64),
    /// Whatever is open on the other side of a market, oldest first, under one reference and one confirm.
    Epic(String),
}

/// New levels for a deal.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SetLevels {
    /// The deal, by the id it has now.
    pub deal: u64,
    /// Its stop; what becomes of an absent one is `OmittedLevel`.
    pub stop: Option<StopLevel>,
    /// Its limit; what becomes of an absent one is `OmittedLevel`.
    pub limit: Option<Price>,
}

/// At which price a deal is made.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum DealOrder {
    /// Now, at this level or better, or not at all (§0 fact 6).
    Limit(Price),
    /// Now.
    Market,
    /// At a level to come. It would rest, and is refused at the door.
    Stop(Price),
}

/// What becomes of a deal in a book too thin for it (`timeInForce`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Fulfilment {
    /// Nothing, unless there is enough for all of it.
    FillOrKill,
    /// As much as there is.
    ExecuteAndEliminate,
}

/// Where a level is to stand.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum LevelAsk {
    /// So far from the opening level, in price.
    Distance(Points),
    /// At this price.
    Level(Price),
}

/// The stop to attach to a new deal.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum StopAsk {
    /// One that fills at its level whatever happens.
    Guaranteed(LevelAsk),
    /// One that fills at what the market gives.
    Normal(LevelAsk),
    /// One that follows the market.
    Trailing {
        /// How far behind, in price.
        distance: Points,
        /// In steps of so much.
        increment: Points,
    },
}

/// A stop attached to a deal.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StopLevel {
    /// Where it stands now.
    pub level: Price,
    /// What it does.
    pub guard: StopGuard,
}

/// What an attached stop does.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum StopGuard {
    /// It fills at its level whatever happens, for a premium.
    Guaranteed,
    /// It stays where it is.
    Normal,
    /// It follows the market.
    Trailing {
        /// How far behind, in price.
        distance: Points,
        /// In steps of so much.
        increment: Points,
    },
}

/// The levels attached to a deal: at most one of each.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Levels {
    /// Against the position.
    pub stop: Option<StopLevel>,
    /// With the position.
    pub limit: Option<Price>,
}

/// A deal as the venue keeps it. Its quantity and cost are the position in `Slot::Deal` of its origin.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Deal {
    /// The id it had when it was opened; its slot for good.
    pub origin: u64,
    /// The id it has now.
    pub id: u64,
    /// Whose.
    pub account: String,
    /// Which market.
    pub symbol: String,
    /// Which way.
    pub side: PositionSide,
    /// The reference of its opening.
    pub reference: String,
    /// What is attached.
    pub levels: Levels,
    /// At which price the last of it was closed; absent while it is open.
    pub closed_at: Option<Price>,
    /// What guaranteed stops have cost so far.
    #[serde(default = "nothing")]
    pub premium: Money,
    /// Ids and levels it has had, oldest first.
    pub history: Vec<DealChange>,
}

const fn nothing() -> Money {
    Money::ZERO
}

/// One step in a deal's life.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DealChange {
    /// When.
    pub at: Timestamp,
    /// The id from then on.
    pub id: u64,
    /// The levels from then on.
    pub levels: Levels,
}

impl Deal {
    /// Takes new terms and notes them.
    pub(crate) fn turn(&mut self, at: Timestamp, id: u64, levels: Levels) {
        self.id = id;
        self.levels = levels;
        self.history.push(DealChange { at, id, levels });
    }

    /// What a read replica that stopped at `at` knows of its terms.
    #[must_use]
    pub fn as_of(&self, at: Timestamp) -> Option<DealChange> {
        self.history.iter().rev().find(|change| change.at <= at).copied()
    }
}

/// What a position that is a deal shows besides its quantity.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DealView {
    /// Its id now.
    pub id: u64,
    /// The id it was opened under.
    pub origin: u64,
    /// The reference of its opening.
    pub reference: String,
    /// What is attached.
    pub levels: Levels,
    /// What guaranteed stops have cost so far (`limitedRiskPremium`).
    #[serde(default = "nothing")]
    pub premium: Money,
}

/// An open-position update (`OPU`). It gives no reason (§0 fact 2).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DealUpdate {
    /// When, by the venue's clock.
    pub at: Timestamp,
    /// The deal with its levels.
    pub deal: DealView,
    /// Which market.
    pub symbol: String,
    /// Which way.
    pub side: PositionSide,
    /// What has become of it.
    pub status: DealStatus,
    /// How much is open.
    pub quantity: Quantity,
    /// The opening level; of a deal that is gone the closing one.
    pub level: Option<Price>,
}

/// What has become of a deal.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum DealStatus {
    /// It is gone.
    Deleted,
    /// It is new.
    Open,
    /// Its quantity or its levels changed.
    Updated,
}

/// The verdict on a request (`CONFIRMS`, or the confirm asked for).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Confirm {
    /// When the verdict fell.
    pub at: Timestamp,
    /// The reference that "received" named; of a change of levels, perhaps the deal's.
    pub reference: String,
    /// Which market, where it is known.
    pub symbol: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
}

/// Accepted or rejected.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Verdict {
    /// It was done.
    Accepted(Box<Accepted>),
    /// It was not, and nothing has changed.
    Rejected(Reason),
}

/// What was done.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Accepted {
    /// What.
    pub status: ConfirmStatus,
    /// The deal; on a closing the one that was opened (§0 fact 4).
    pub deal: u64,
    /// Every deal that changed.
    pub affected: Vec<Affected>,
    /// The level it was done at.
    pub level: Option<Price>,
    /// For how much.
    pub quantity: Quantity,
    /// The levels attached afterwards.
    pub levels: Levels,
    /// What a closing brought.
    pub profit: Option<Money>,
}

/// A deal that a request changed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Affected {
    /// Its id before.
    pub deal: u64,
    /// What became of it.
    pub status: ConfirmStatus,
}

/// What a confirm says was done.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum ConfirmStatus {
    /// Levels were changed.
    Amended,
    /// All of it was closed.
    Closed,
    /// It was opened.
    Open,
    /// A part was closed.
    PartiallyClosed,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// Why a confirm rejects, in the venue's own words (§10.2).
        #[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
        pub enum Reason { $($(#[$doc])* $name),* }

        impl fmt::Display for Reason {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self { $(Self::$name => $word),* })
            }
        }
    };
}

reasons! {
    /// A level is too near, too far or on the wrong side.
    AttachedOrderLevelError = "ATTACHED_ORDER_LEVEL_ERROR";
    /// A trailing stop's distance or increment is not allowed.
    AttachedOrderTrailingStopError = "ATTACHED_ORDER_TRAILING_STOP_ERROR";
    /// A stop of one type cannot become one of another.
    CannotChangeStopType = "CANNOT_CHANGE_STOP_TYPE";
    /// The account may close, and nothing else.
    ClosingsOnlyAccount = "CLOSINGS_ONLY_ACCOUNT";
    /// The market takes closings, and nothing else.
    ClosingOnlyTradesAccepted = "CLOSING_ONLY_TRADES_ACCEPTED_ON_THIS_MARKET";
    /// A guaranteed stop does not keep the spacing.
    CrSpacing = "CR_SPACING";
    /// The reference was used before.
    DuplicateOrder = "DUPLICATE_ORDER_ERROR";
    /// Something went wrong; the outcome is not known.
    GeneralError = "GENERAL_ERROR";
    /// The wallet does not carry it.
    InsufficientFunds = "INSUFFICIENT_FUNDS";
    /// The level is not there now.
    LimitOrderWrongSide = "LIMIT_ORDER_WRONG_SIDE_OF_MARKET";
    /// The market is shut.
    MarketClosed = "MARKET_CLOSED";
    /// The market is shut, levels can be changed.
    MarketClosedWithEdits = "MARKET_CLOSED_WITH_EDITS";
    /// There are no prices.
    MarketOffline = "MARKET_OFFLINE";
    /// The contract has expired.
    MarketRolled = "MARKET_ROLLED";
    /// More than may be dealt at once.
    MaxAutoSizeExceeded = "MAX_AUTO_SIZE_EXCEEDED";
    /// Less than the smallest deal.
    MinimumOrderSize = "MINIMUM_ORDER_SIZE_ERROR";
    /// While the market is shut a limit can only move away.
    MoveAwayOnlyLimit = "MOVE_AWAY_ONLY_LIMIT";
    /// While the market is shut a stop can only move away.
    MoveAwayOnlyStop = "MOVE_AWAY_ONLY_STOP";
    /// The book is too thin for all of it.
    OrderSizeCannotBeFilled = "ORDER_SIZE_CANNOT_BE_FILLED";
    /// There is less, or it is on the other side.
    PositionNotAvailableToClose = "POSITION_NOT_AVAILABLE_TO_CLOSE";
    /// There is no such deal.
    PositionNotFound = "POSITION_NOT_FOUND";
    /// Off the quantity grid.
    SizeIncrement = "SIZE_INCREMENT";
    /// The market takes no levels of this kind.
    StopOrLimitNotAllowed = "STOP_OR_LIMIT_NOT_ALLOWED";
    /// Account or market allow no trailing stop.
    TrailingStopNotAllowed = "TRAILING_STOP_NOT_ALLOWED";
}
