//! Who plays: the accounts, instruments, plans and positions of a demonstration.

use super::script::{Done, Script};
use crate::paper::{Seat, exchange_rules, numbered};
use crate::recorded::OpenSpec;
use backstop_model::plan::ExitPlan;
use backstop_model::{
    Account, AccountId, Event, Instrument, InstrumentId, Limits, Name, Permit, PlanId, PositionKey, PositionSide,
    Quantity, Symbol, Timestamp,
};
use backstop_sim as sim;
use backstop_venues::paper::{LedgerFailure, LedgerFile, PaperVenue};
use std::path::Path;
use std::sync::Arc;

/// A position that is opened by hand during the demonstration.
#[derive(Clone, Debug)]
pub struct Opening {
    /// At the first price at or after this time.
    pub at: Timestamp,
    /// On which instrument.
    pub instrument: Instrument,
    /// Which way.
    pub side: PositionSide,
    /// How much.
    pub quantity: Quantity,
    /// Which plan its account follows.
    pub plan: Arc<ExitPlan>,
    /// What else happens to it.
    pub script: Script,
}

impl Opening {
    /// Out of what the command line says.
    #[must_use]
    pub fn new(spec: &OpenSpec, instrument: Instrument, plan: Arc<ExitPlan>) -> Self {
        Self { at: spec.at, instrument, side: spec.side, quantity: spec.quantity, plan, script: Script::default() }
    }

    /// The same at another exchange.
    #[must_use]
    pub fn seated(mut self, seat: Seat) -> Self {
        self.script.seat = seat;
        self
    }
}

/// One position with its own account and venue.
pub struct Player {
    /// What it opens.
    pub opening: Opening,
    /// Its account.
    pub account: Account,
    /// Its venue.
    pub venue: PaperVenue,
    /// What has been done to it by hand.
    pub done: Done,
}

impl Player {
    /// The position it plays; where every deal is a position, all of them together.
    #[must_use]
    pub fn key(&self) -> PositionKey {
        PositionKey::new(self.account.id, self.opening.instrument.id, self.opening.side)
    }

    /// Its symbol.
    #[must_use]
    pub fn symbol(&self) -> Symbol {
        self.opening.instrument.symbol
    }
}

/// All players.
#[derive(Default)]
pub struct Cast {
    /// In the order of their accounts.
    pub players: Vec<Player>,
    /// How far the market was played before.
    pub cursor: u64,
}

impl Cast {
    /// Gives every opening an account and a venue. With a store path, venues keep their ledgers beside it and go on from
    /// what is there.
    ///
    /// # Errors
    /// [`LedgerFailure`] when a ledger is there and cannot be used.
    pub fn new(
        openings: Vec<Opening>,
        seed: u64,
        exact: bool,
        store: Option<&Path>,
        known_until: Timestamp,
    ) -> Result<Self, LedgerFailure> {
        let mut cast = Self::default();
        for (number, mut opening) in (0u32..).zip(openings) {
            opening.instrument = numbered(opening.instrument, InstrumentId(number));
            let account = account(number, &opening);
            let file = store.map(|path| LedgerFile::at(&path.with_extension(format!("venue-{}", number + 1))));
            let found = file.as_ref().map(LedgerFile::read).transpose()?.flatten();
            let exchange = match found {
                Some((exchange, cursor)) => {
                    cast.cursor = cast.cursor.max(cursor);
                    exchange
                }
                None => exchange(&opening, &account, seed.wrapping_add(u64::from(number)), exact),
            };
            let done = Done::of(&exchange);
            let mut venue = PaperVenue::new(exchange, file, known_until);
            venue.name_account(account.id, account.name);
            venue.name_instrument(opening.instrument.id, opening.instrument.symbol);
            cast.players.push(Player { opening, account, venue, done });
        }
        Ok(cast)
    }

    /// The definitions the engine is told first.
    #[must_use]
    pub fn definitions(&self) -> Vec<Event> {
        let mut events = Vec::new();
        for player in &self.players {
            let id = PlanId(player.account.id.0);
            events.push(Event::DefinePlan { id, plan: player.opening.plan.clone() });
            events.push(Event::DefineInstrument(Box::new(player.opening.instrument.clone())));
            events.push(Event::DefineAccount(Box::new(player.account.clone())));
        }
        events
    }
}

fn account(number: u32, opening: &Opening) -> Account {
    Account {
        split_entries: false,
        id: AccountId(number),
        name: Name::new(&format!("paper-{}", number + 1)).expect("a short name"),
        venue: opening.script.seat.venue,
        position_mode: opening.script.seat.mode,
        plan: Some(PlanId(number)),
        adopt: opening.script.adopt,
        hard_stop: opening.script.hard_stop,
        capability: opening.script.seat.capability(),
        currency: opening.instrument.currency,
        limits: Limits::default(),
        refusals: Default::default(),
        permit: Permit::All,
    }
}

fn exchange(opening: &Opening, account: &Account, seed: u64, exact: bool) -> sim::Exchange {
    let seat = &opening.script.seat;
    let mut setup = seat.setup(seed, exact);
    if opening.script.refused_stops > 0 {
        let knob = sim::Knob::times(opening.script.refused_stops).only(sim::faults::Scope::Conditional);
        setup.faults.refusal = sim::refusal::BELOW_BAND.refused();
        setup.faults.set(sim::Fault::Reject, knob);
    }
    let mut exchange = sim::Exchange::new(setup);
    let instrument = &opening.instrument;
    let opened = exchange
        .list(instrument.symbol.as_str(), exchange_rules(instrument))
        .and_then(|()| exchange.open_account(account.name.as_str(), seat.opening(instrument.leverage)));
    opened.expect("a fresh exchange takes its first market and account");
    exchange
}
