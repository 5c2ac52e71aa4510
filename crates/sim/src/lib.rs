//! A market and a venue in memory, seeded: what the storm, the backtest, the paper venue and the venue servers trade on.
//!
//! # Contract
//!
//! * **Pure.** No clock, no I/O, no threads. Time comes in as `now`; chance comes from one seed. The same calls on the
//!   same [`Setup`] give the same bytes, also when the [`Exchange`] was saved and read back in between.
//! * **Its own truth.** [`Exchange::ledger`] holds every order ever accepted, every execution and every payment. Faults
//!   change what clients are told, never the ledger. Positions are what the executions make them, to the last digit.
//! * **Its own words.** Requests, answers and events are written from the pages in venues/; of the model only units,
//!   sides and price series are used, so that the venue cannot share a misunderstanding with the core.
//! * **Any venue.** A [`Profile`] is one venue's [`habits`], from its page; [`Setup::of`] plays it, and [`Native`] says
//!   what is native there. Nothing asks for a venue's name. Without a profile it is Binance as it always was.
//! * **Latency.** A request travels, takes effect at a later instant, and its answer travels back. The caller asks
//!   [`Exchange::next_due`] when to come again and collects with [`Exchange::advance`].
//! * **One point at a time.** [`Exchange::quote`] first does everything due until then, then moves the market: trails
//!   follow, stops fire before targets, nearer before farther, older before younger, and liquidation comes last.
//! * **Triggered orders** stay one order under one client id: `TRIGGERED`, then `FILLED`, with a `child_id` of its own
//!   where the venue has such children.
//! * **Deals** ([`deal`]) are positions of their own with levels attached; of them updates and confirms are told, never
//!   orders.
//!
//! It is not an order book: there is a best price on either side and as much quantity as anybody wants, unless a fault
//! says otherwise ([`faults`] has the table of faults). It decides nothing for anybody, and knows nothing of exit plans.
//!
//! # Example
//!
//! A long with a stop, and a gap through the stop:
//!
//! ```
//! use backstop_model::{Leverage, OrderSide, PositionMode, Prices, Span, Timestamp, TriggerSource};
//! use backstop_sim::{Amount, Ask, Exchange, Kind, Opening, Place, Request, Rules, Setup};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut venue = Exchange::new(Setup::exact(1));
//! venue.list("BTCUSDT", Rules::on_grid("0.1".parse()?, "0.001".parse()?))?;
//! let opening = Opening { mode: PositionMode::OneWay, leverage: Leverage::try_from(10)?, balance: "10000".parse()? };
//! venue.open_account("main", opening)?;
//!
//! let now = Timestamp::EPOCH;
//! venue.quote(now, "BTCUSDT", Prices::all("50000".parse()?))?;
//! let order = |client_id: &str, side, kind, reduce_only| Request {
//!     sent_at: now,
//!     valid_for: Span::from_secs(3),
//!     ask: Ask::Place(Place {
//!         client_id: client_id.into(),
//!         symbol: "BTCUSDT".into(),
//!         side,
//!         position_side: None,
//!         amount: Amount::Exact("0.1".parse().expect("a quantity")),
//!         kind,
//!         reduce_only,
//!     }),
//! };
//! let stop = Kind::StopMarket { trigger: "49000".parse()?, source: TriggerSource::Mark };
//! venue.request(now, "main", order("entry", OrderSide::Buy, Kind::Market, false));
//! venue.request(now, "main", order("stop", OrderSide::Sell, stop, true));
//! venue.quote(now, "BTCUSDT", Prices::all("48500".parse()?))?;
//!
//! let told = venue.advance(now);
//! // Two answers; the entry new and filled; the stop new, triggered and filled; the position twice.
//! assert_eq!(told.len(), 9);
//! let fills = venue.ledger().fills();
//! assert_eq!(fills[1].price.to_string(), "48500"); // the gap, not the trigger
//! # Ok(())
//! # }
//! ```

pub mod account;
mod amending;
mod annulling;
mod arrival;
mod conditional;
pub mod deal;
mod dealing;
pub mod dealing_rules;
pub mod dice;
mod entries;
pub mod exchange;
pub mod faults;
pub mod filters;
pub mod generator;
pub mod habits;
pub mod hand;
pub mod incidents;
pub mod ledger;
mod levels;
pub mod market;
mod matching;
pub mod native;
pub mod numbers;
pub mod order;
mod outbox;
pub mod path;
pub mod physics;
mod placing;
pub mod profiles;
mod protecting;
mod receipts;
mod reduction;
pub mod refusal;
pub mod report;
pub mod request;
mod risk;
mod sparse;
pub mod traffic;
mod window;
mod withheld;

pub use account::{Account, Holding, Position, TrailingStops};
pub use deal::{
    Accepted, Affected, CloseDeal, CloseTarget, Confirm, ConfirmStatus, Deal, DealAsk, DealOrder, DealStatus,
    DealUpdate, DealView, Fulfilment, LevelAsk, Levels, OpenDeal, Reason, SetLevels, StopAsk, StopGuard, StopLevel,
    Verdict,
};
pub use dealing_rules::{Dealing, Distance, GuaranteedStops, TrailingPreference};
pub use exchange::{Exchange, Opening, Setup, SetupError};
pub use faults::{Fault, Faults, Http, Knob, Scope};
pub use filters::Rules;
pub use generator::{BadClimate, Climate, Generator, Point, PriceFault, PriceKnob};
pub use habits::{Amending, Crowding, DealHabits, Habits};
pub use hand::HandAction;
pub use incidents::Incidents;
pub use ledger::{Annulment, Ledger};
pub use market::Session;
pub use native::{Native, Reduction, StopPlace};
pub use order::{Approach, Bound, Change, Order, Trail};
pub use path::{BadBar, Bar, PathPoint, path};
pub use physics::{Delay, Fees, Funding, Latency, LimitFill, Physics, Slippage};
pub use profiles::Profile;
pub use refusal::Refused;
pub use report::{
    AccountView, Answer, Body, Cause, Delivery, Fill, FundingPayment, ModeView, OrderView, PositionView, Reply, Status,
    StreamEvent,
};
pub use request::{Amend, Amount, Ask, Kind, Place, Protect, Request, Slot, Term, Ticket, TradeSide};
