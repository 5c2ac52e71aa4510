//! Backstop's words: values that every room shares.
//!
//! A value that exists here is valid: a [`Price`] is positive, a [`Quantity`] is not negative, an [`ExitPlan`] has
//! ascending levels whose shares fit. Nothing in this crate decides, waits, reads a clock or touches the outside;
//! deciding is `core`'s work, and translating a venue's own words into these is `venues`'s.

pub mod account;
pub mod capability;
pub mod command;
pub mod course;
pub mod depth;
pub mod document;
pub mod entry;
pub mod event;
pub mod fill;
pub mod guaranteed_terms;
pub mod hours;
pub mod ids;
pub mod instrument;
pub mod least_distance;
pub mod market;
pub mod notice;
pub mod order;
pub mod plan;
pub mod position;
pub mod refusal;
pub mod refusals;
pub mod snapshot;
pub mod text;
pub mod units;

pub use account::{Account, Adopt, Limits, ModeReport, Permit, PositionMode};
pub use capability::{Capability, FlaggedExits, LimitTargets, RestingTargets, SizedStops, TrailingLimits};
pub use command::{Command, Lane, SnapshotCause};
pub use course::{Course, Excursion};
pub use depth::Depth;
pub use document::{ExitReason, PartialExitDocument, PositionDocument};
pub use entry::EntryRequest;
pub use event::{Event, Stamped};
pub use fill::{Annulled, Fill, FillCause, Funding, Liquidity};
pub use guaranteed_terms::GuaranteedTerms;
pub use hours::Hours;
pub use ids::{
    AccountId, ClientOrderId, DealId, Epoch, FillId, InstrumentId, Name, PlanId, RequestId, Symbol, TrancheId,
    VenueOrderId,
};
pub use instrument::{Instrument, InstrumentSpec};
pub use least_distance::LeastDistance;
pub use market::{Candle, MarketView, Prices, Range, Series, SeriesView, Tick, TriggerSource};
pub use notice::{Notice, Severity};
pub use order::{Fee, NewOrder, OrderKind, OrderQuantity, OrderReport, OrderSide, OrderStatus, TimeInForce, Trigger};
pub use plan::{Distance, ExitPlan, ExitPlanSpec, TrailedBy};
pub use position::{MarginCall, PositionKey, PositionReport, PositionSide};
pub use refusal::{Refusal, RefusalReason};
pub use refusals::{NoChoice, OnUnprotectable, RefusalStep, Refusals};
pub use snapshot::{Answer, Asked, Lookup, Outcome, Snapshot, UnknownCause};
pub use text::Text;
pub use units::{
    Leverage, Money, OutOfRange, ParseUnitError, Points, Price, Quantity, Ratio, Rounding, Span, Timestamp,
};
