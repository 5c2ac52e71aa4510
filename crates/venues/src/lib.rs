//! Translators between venues and Backstop's words: wire protocol on one side, `model` on the other.
//!
//! A venue takes commands and gives events; it decides nothing and remembers nothing that matters. Answers to commands
//! come back as events like everything else, so the caller has one place where things arrive.

pub mod binance;
pub mod paper;
mod usage;

pub use usage::Usage;

use backstop_model::{AccountId, Command, Event, InstrumentId, Series, Span, Timestamp};

/// A venue as the runtime sees it.
///
/// What an implementation promises: a command that was handed in is sent at most once; its answer comes as an event,
/// [`backstop_model::Outcome::Unknown`] when nobody can say what became of it (R4); executions are given with the
/// venue's own ids, repeats allowed, losses repaired by the next snapshot; nothing is invented. What a venue says of an
/// instrument's rules, its hours among them, comes as [`Event::DefineInstrument`] when it is read and when it has changed. That
/// it keeps an account's positions otherwise than before comes as [`Event::Mode`], before whatever else shows it (F-D07).
pub trait Venue {
    /// Takes a command to the venue.
    fn submit(&mut self, now: Timestamp, command: &Command);

    /// Everything that has arrived until `now`, in order of arrival.
    ///
    /// # Errors
    /// [`VenueFailure`] when the connection itself cannot go on; what had arrived is given again after it is mended.
    fn poll(&mut self, now: Timestamp) -> Result<Vec<Event>, VenueFailure>;

    /// When the next thing will arrive for certain; nothing when only the outside knows.
    fn next_due(&self) -> Option<Timestamp>;

    /// Takes a question about past prices to the venue. Its answer comes as [`Event::Candles`] with `history`; a venue that
    /// keeps no such candles never answers.
    fn ask_candles(&mut self, _now: Timestamp, _question: &CandleQuestion) {}

    /// Asks for the rules of an instrument as they are now. They come as [`Event::DefineInstrument`], also when they are what
    /// they were; a venue whose rules nobody can change never answers.
    fn ask_rules(&mut self, _now: Timestamp, _question: RulesQuestion) {}

    /// Asks how an account's positions are kept now. It comes as [`Event::Mode`], also when it is what it was; a venue where
    /// nobody can switch it never answers.
    fn ask_mode(&mut self, _now: Timestamp, _account: AccountId) {}

    /// What the answers since the last look have said of the budget for requests, the newest for each account; nothing where a venue
    /// does not say.
    fn usage(&mut self) -> Vec<Usage> {
        Vec::new()
    }
}

/// Which candles are asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CandleQuestion {
    /// Whose connection is used.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Of which price; no other may stand in for it.
    pub series: Series,
    /// Length of a candle: 1, 5 or 15 minutes, 1 or 4 hours.
    pub interval: Span,
    /// The first candle begins here, on a whole interval; all that have ended since are wanted, 1,000 at most.
    pub since: Timestamp,
}

/// Whose rules are asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RulesQuestion {
    /// Whose connection is used.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
}

/// A connection that cannot go on, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct VenueFailure(pub String);
