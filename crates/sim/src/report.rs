//! What the venue says: answers to requests, events of an account's stream, and the views they are made of.
//!
//! When they arrive, and whether they arrive at all, is decided in `outbox`.

use crate::deal::{Confirm, DealUpdate, DealView};
use crate::filters::Rules;
use crate::order::{Bound, Trail};
use crate::refusal::Refused;
use crate::request::{Amount, Kind, Slot, Ticket};
use crate::sparse::is_default;
use backstop_model::{Leverage, Money, OrderSide, PositionMode, PositionSide, Price, Quantity, Span, Timestamp};
use serde::{Deserialize, Serialize};

/// Something that reaches a client.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Delivery {
    /// When it arrives.
    pub at: Timestamp,
    /// At whose connection.
    pub account: String,
    /// What.
    pub body: Body,
}

/// What a delivery holds.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Body {
    /// The fate of a request.
    Response {
        /// Which request.
        ticket: Ticket,
        /// Its fate.
        reply: Reply,
    },
    /// An event of the account's stream.
    Stream(StreamEvent),
}

/// The fate of a request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Reply {
    /// An HTTP status that is no answer of the engine (venues/binance.md §4).
    HttpError {
        /// 403, 408, 418, 429, 5xx …
        status: u16,
        /// The body as sent; decides between "failed" and "nobody knows" for a 503.
        body: String,
        /// The `Retry-After` header, where there is one.
        retry_after: Option<Span>,
    },
    /// No answer: the connection broke or timed out. The request may have been executed.
    Lost,
    /// A definite no.
    Refused(Refused),
    /// Done; what came of it.
    Result(Answer),
}

/// What came of a request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Answer {
    /// An order was accepted, and the venue leaves out its id (venues/bitget.md §6.2).
    Accepted {
        /// The client's id of the order: all that finds it.
        client_id: String,
    },
    /// The verdict on an earlier request about a deal.
    Confirm(Box<Confirm>),
    /// The executions asked for, oldest first.
    Fills(Vec<Fill>),
    /// How the account's positions are kept.
    Mode(ModeView),
    /// The order placed, amended, cancelled or asked for, as it stands after the request.
    Order(Box<OrderView>),
    /// A request about a deal has arrived, and nothing more is known yet (venues/ig.md §0 fact 3).
    Received {
        /// What the verdict will be found under.
        reference: String,
    },
    /// The time stamp is used up; what still comes with it will be refused (venues/aster.md §8).
    Revoked,
    /// The rules of a market.
    Rules(Box<Rules>),
    /// The account.
    Snapshot(AccountView),
}

/// An order as the venue shows it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct OrderView {
    /// The client's id; `web-`, `autoclose-`, `adl_autoclose` and `settlement_autoclose-` are not a client's.
    pub client_id: String,
    /// The venue's id; of a conditional order, its id in the algo world.
    pub order_id: u64,
    /// Of a conditional order that has triggered, its id in the engine (`actualOrderId`).
    pub child_id: Option<u64>,
    /// The client id it executes under, where the venue made up another one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub child_client_id: Option<String>,
    /// Whether it is bound to a position.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bound: Bound,
    /// Which market.
    pub symbol: String,
    /// Buy or sell.
    pub side: OrderSide,
    /// The hedge side.
    pub position_side: Option<PositionSide>,
    /// What was asked for.
    pub amount: Amount,
    /// What it works for; absent while a close-position order waits.
    pub quantity: Option<Quantity>,
    /// How it trades.
    pub kind: Kind,
    /// Whether reduce-only was asked for.
    pub reduce_only: bool,
    /// Where it stands.
    pub status: Status,
    /// Why, where there is something to say.
    pub cause: Option<Cause>,
    /// Executed so far.
    pub executed: Quantity,
    /// Average price of what was executed.
    pub average: Option<Price>,
    /// Where a trailing order stands.
    pub trail: Option<Trail>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Where an order stands (venues/binance.md §7, §8.4).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Status {
    /// Accepted, nothing executed.
    New,
    /// Cancelled on request, or by hand.
    Canceled,
    /// Ended by the venue.
    Expired,
    /// All of it executed.
    Filled,
    /// Some of it executed, the rest still works.
    PartiallyFilled,
    /// A trigger came true and the engine refused the order: what it protected is unprotected.
    Rejected,
    /// The condition is met, the engine order exists.
    Triggered,
    /// The condition is met, nothing has reached the engine yet. May stay so (F-C11).
    Triggering,
}

impl Status {
    /// Whether it can still trade.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::New | Self::PartiallyFilled | Self::Triggered | Self::Triggering => true,
            Self::Canceled | Self::Expired | Self::Filled | Self::Rejected => false,
        }
    }
}

/// Why an order ended or changed without its client's doing (venues/binance.md §10.3, `er` and `rm`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Cause {
    /// The order is an auto-deleveraging (F-F02).
    Adl,
    /// Its terms were changed on request.
    Amended,
    /// Somebody did it by hand at the venue (F-D05).
    ByHand,
    /// The venue did it and gives no reason (F-C06), or a dead-man switch did (F-D06).
    BySystem,
    /// A limit attached to a deal was reached. The venue does not tell (venues/ig.md §0 fact 2).
    DealLimit,
    /// A stop attached to a deal was reached. The venue does not tell.
    DealStop,
    /// The rest of an immediate-or-cancel order (`er` 2).
    ImmediateRest,
    /// Knocked out: the position is too small for it now, or a market order took precedence (`er` 4, F-C05).
    KnockedOut,
    /// The account was liquidated (`er` 5); or the order is the liquidation (F-F01).
    Liquidation,
    /// Refused at trigger: margin.
    Margin,
    /// Refused at trigger: the best price is outside the band, or there is none.
    MarketBand,
    /// The rest of a market order the book could not take (`er` 9, F-B09).
    MarketRest,
    /// A number left the range; the order was ended.
    OutOfRange,
    /// A whole-position order whose position is gone (`er` 6).
    PositionGone,
    /// Refused at trigger: nothing to reduce, or a fault says so (F-C07).
    ReduceOnlyReject,
    /// A later order of its kind took its place (venues/bitget.md §8.2).
    Replaced,
    /// The market was settled (`er` 7, F-F03).
    Settlement,
}

/// One execution.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Fill {
    /// The venue's id of the execution, ascending over all accounts.
    pub id: u64,
    /// Whose.
    pub account: String,
    /// Which market.
    pub symbol: String,
    /// The slot it changed.
    pub slot: Slot,
    /// Buy or sell.
    pub side: OrderSide,
    /// The order's client id.
    pub client_id: String,
    /// The order's id.
    pub order_id: u64,
    /// The id the engine executed under: the child of a triggered order, else the order itself.
    pub engine_id: u64,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub quantity: Quantity,
    /// Fee; negative is a rebate.
    pub fee: Money,
    /// Whether it rested.
    pub maker: bool,
    /// Gross profit it realised.
    pub realised: Money,
    /// Set when it was no client's order: liquidation, auto-deleveraging, settlement.
    pub cause: Option<Cause>,
    /// When.
    pub at: Timestamp,
    /// When it was annulled, in lists that are read after that.
    #[serde(default, skip_serializing_if = "is_default")]
    pub annulled_at: Option<Timestamp>,
}

/// A position as the venue shows it. Quantity zero: this slot is flat.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PositionView {
    /// Which market.
    pub symbol: String,
    /// Which slot.
    pub slot: Slot,
    /// Which way; without meaning when flat.
    pub side: PositionSide,
    /// How much.
    pub quantity: Quantity,
    /// Average entry; absent when flat.
    pub entry: Option<Price>,
    /// Where it would be liquidated; absent when liquidation is off or far.
    pub liquidation: Option<Price>,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// What it shows besides, where it is a deal.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deal: Option<Box<DealView>>,
}

/// An account as the venue shows it. Only slots with something open are listed (venues/binance.md §0 fact 12).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AccountView {
    /// The instant this is the truth of.
    pub at: Timestamp,
    /// How positions are kept.
    pub mode: PositionMode,
    /// The leverage.
    pub leverage: Leverage,
    /// The wallet.
    pub balance: Money,
    /// What is open.
    pub positions: Vec<PositionView>,
    /// Open orders, oldest first.
    pub orders: Vec<OrderView>,
}

/// How an account's positions are kept, as the venue shows it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ModeView {
    /// The instant this is the truth of.
    pub at: Timestamp,
    /// The mode.
    pub mode: PositionMode,
}

/// An event of an account's stream.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum StreamEvent {
    /// A verdict on a request about a deal.
    Confirm(Box<Confirm>),
    /// Leverage or position mode changed (F-D07, F-D08).
    ConfigUpdate {
        /// When, by the venue's clock.
        at: Timestamp,
        /// The mode from now on; absent where only the leverage has changed.
        mode: Option<PositionMode>,
        /// The leverage from now on.
        leverage: Leverage,
    },
    /// A deal was opened, changed or is gone; of deals nothing else is told (venues/ig.md §7.1).
    DealUpdate(Box<DealUpdate>),
    /// A funding payment; it carries no position (F-B12).
    FundingFee(FundingPayment),
    /// The margin is nearly used up (venues/binance.md §10, `MARGIN_CALL`). It may come after the positions are gone.
    MarginCall {
        /// When, by the venue's clock.
        at: Timestamp,
        /// What is open.
        positions: Vec<PositionView>,
    },
    /// An order changed.
    OrderUpdate {
        /// When, by the venue's clock.
        at: Timestamp,
        /// The order after the change.
        order: Box<OrderView>,
        /// The execution, when one caused it.
        fill: Option<Box<Fill>>,
    },
    /// A position changed.
    PositionUpdate {
        /// When, by the venue's clock.
        at: Timestamp,
        /// The position after the change.
        position: PositionView,
        /// The wallet after the change.
        balance: Money,
    },
    /// An execution was annulled (F-F08).
    TradeAnnulled {
        /// When, by the venue's clock.
        at: Timestamp,
        /// The execution as it was told.
        fill: Box<Fill>,
    },
}

/// A funding payment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FundingPayment {
    /// Whose.
    pub account: String,
    /// For what.
    pub symbol: String,
    /// For which slot.
    pub slot: Slot,
    /// Positive was received.
    pub amount: Money,
    /// The wallet after it.
    pub balance: Money,
    /// The boundary it belongs to.
    pub at: Timestamp,
}
