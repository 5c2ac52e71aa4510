//! A generated market that moves with the clock, in front of the exchanges that are played: together they are a venue
//! like any other.
//!
//! Its time stands still while nobody runs it: points are counted, and on a new start the next one comes next.

use crate::demo::{Feed, Moment};
use crate::doors::Doors;
use crate::records::TapeWriter;
use backstop_model::{
    AccountId, Command, Event, Instrument, InstrumentId, PositionSide, Quantity, Span, Tick, Timestamp,
};
use backstop_sim as sim;
use backstop_venues::paper::PaperVenue;
use backstop_venues::{CandleQuestion, Venue, VenueFailure};

/// The cursor is written at most this often.
const CURSOR_EVERY: Span = Span::from_millis(250);

/// Somebody opens a position by hand.
#[derive(Clone, Copy, Debug)]
pub struct ByHand {
    /// Not before.
    pub at: Timestamp,
    /// For whom.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Which way.
    pub side: PositionSide,
    /// How much.
    pub quantity: Quantity,
}

/// Which instant of the clock an instant of the market is.
#[derive(Clone, Copy, Debug)]
struct Pace {
    clock: Timestamp,
    market: Timestamp,
    speed: u32,
}

impl Pace {
    fn when(self, at: Timestamp) -> Timestamp {
        let passed = at.since(self.market).as_nanos() / i64::from(self.speed.max(1));
        self.clock.plus(Span::from_nanos(passed))
    }
}

/// The market and the exchanges.
pub struct PaperMarket {
    venues: Vec<PaperVenue>,
    feed: Feed,
    instruments: Vec<Instrument>,
    by_hand: Vec<ByHand>,
    next: Option<Moment>,
    pace: Pace,
    cursor_at: Timestamp,
    tape: Option<TapeWriter>,
    /// What had arrived when an exchange's ledger could not be written.
    held: Vec<Event>,
    doors: Doors,
}

impl PaperMarket {
    /// A market whose next point comes at `now`.
    #[must_use]
    pub fn new(
        venues: Vec<PaperVenue>,
        mut feed: Feed,
        instruments: Vec<Instrument>,
        by_hand: Vec<ByHand>,
        now: Timestamp,
    ) -> Self {
        let next = feed.next_moment().ok().flatten();
        let pace = Pace { clock: now, market: next.as_ref().map_or(now, |moment| moment.at), speed: 1 };
        Self {
            venues,
            feed,
            instruments,
            by_hand,
            next,
            pace,
            cursor_at: now,
            tape: None,
            held: Vec::new(),
            doors: Doors::default(),
        }
    }

    /// Lets the market run so many times faster than the clock.
    #[must_use]
    pub const fn faster(mut self, speed: u32) -> Self {
        self.pace.speed = speed;
        self
    }

    /// Writes every price to this tape.
    #[must_use]
    pub fn taped(mut self, tape: Option<TapeWriter>) -> Self {
        self.tape = tape;
        self
    }

    /// Whether a market trades, as the exchanges have been told; nothing before its first point.
    #[must_use]
    pub fn session(&self, instrument: InstrumentId) -> Option<sim::Session> {
        let symbol = self.instruments.iter().find(|known| known.id == instrument)?.symbol;
        self.venues.first()?.exchange().session(symbol.as_str())
    }

    fn venue_of(&mut self, account: AccountId) -> Option<&mut PaperVenue> {
        self.venues.iter_mut().find(|venue| venue.knows(account))
    }

    /// Whether a market trades at `now`; the exchanges are told when it opens or shuts. While it is shut it has no prices.
    fn is_open(&mut self, known: usize, now: Timestamp) -> bool {
        let instrument = &self.instruments[known];
        let (open, news) = self.doors.look(instrument, now);
        if let Some(session) = news {
            for venue in &mut self.venues {
                // A market that is not listed is a mistake of the caller's that shows at once: nothing ever fills there.
                let _ = venue.exchange_mut().set_session(now, instrument.symbol.as_str(), session);
            }
        }
        open
    }

    /// Sessions that have ended since the last price.
    fn shut(&mut self, now: Timestamp) {
        for id in self.doors.ended(now) {
            if let Some(known) = self.instruments.iter().position(|instrument| instrument.id == id) {
                self.is_open(known, now);
            }
        }
    }

    fn play(&mut self, moment: &Moment, now: Timestamp, events: &mut Vec<Event>) -> Result<(), VenueFailure> {
        let known = self.instruments.iter().position(|instrument| instrument.symbol == moment.symbol);
        let Some(known) = known else { return Ok(()) };
        if !self.is_open(known, now) {
            return Ok(());
        }
        let instrument = self.instruments[known].id;
        if let Some(tape) = &mut self.tape {
            tape.note(&Moment { at: now, ..moment.clone() });
        }
        for prices in &moment.long {
            self.venues.iter_mut().for_each(|venue| venue.quote(now, instrument, *prices));
            events.push(Event::Tick(Tick { instrument, prices: *prices, confirmed: true }));
        }
        let due: Vec<ByHand> =
            self.by_hand.extract_if(.., |hand| hand.instrument == instrument && hand.at <= now).collect();
        for hand in due {
            if let Some(venue) = self.venue_of(hand.account) {
                venue.open_by_hand(now, hand.account, hand.instrument, hand.side, hand.quantity)?;
            }
        }
        Ok(())
    }
}

impl Venue for PaperMarket {
    fn submit(&mut self, now: Timestamp, command: &Command) {
        if let Some(venue) = self.venue_of(command.account()) {
            venue.submit(now, command);
        }
    }

    fn poll(&mut self, now: Timestamp) -> Result<Vec<Event>, VenueFailure> {
        let mut events = std::mem::take(&mut self.held);
        while let Some(moment) = self.next.take() {
            if self.pace.when(moment.at) > now {
                self.next = Some(moment);
                break;
            }
            self.play(&moment, now, &mut events)?;
            self.next = self.feed.next_moment().ok().flatten();
        }
        self.shut(now);
        for venue in &mut self.venues {
            match venue.poll(now) {
                Ok(arrived) => events.extend(arrived),
                Err(failure) => {
                    self.held = events;
                    return Err(failure);
                }
            }
        }
        if now.since(self.cursor_at) >= CURSOR_EVERY {
            self.cursor_at = now;
            if let Some(tape) = &mut self.tape {
                tape.flush();
            }
            for venue in &mut self.venues {
                venue.note_cursor(self.feed.given())?;
            }
        }
        Ok(events)
    }

    fn ask_candles(&mut self, now: Timestamp, question: &CandleQuestion) {
        if let Some(venue) = self.venue_of(question.account) {
            venue.ask_candles(now, question);
        }
    }

    fn ask_mode(&mut self, now: Timestamp, account: AccountId) {
        if let Some(venue) = self.venue_of(account) {
            venue.ask_mode(now, account);
        }
    }

    fn next_due(&self) -> Option<Timestamp> {
        let market = self.next.as_ref().map(|moment| self.pace.when(moment.at));
        let market = market.into_iter().chain(self.doors.next_end());
        market.chain(self.venues.iter().filter_map(Venue::next_due)).min()
    }
}
