//! The exchanges that are played, in the hands of the command line: their ledgers, under the store's lease, with a clock.

use crate::paper::Seat;
use backstop_core::Engine;
use backstop_core::orders::{Leg, Named, Scope};
use backstop_model::{
    AccountId, Asked, ClientOrderId, Command, Epoch, Event, Fill, InstrumentId, Lookup, Name, OrderReport, Outcome,
    Permit, PositionKey, PositionSide, Snapshot, SnapshotCause, Span, Symbol, Timestamp, TrancheId,
};
use backstop_runtime::{Clock, recover};
use backstop_store::{FileLease, ReadOnly, StoreError};
use backstop_venues::paper::{LedgerFailure, LedgerFile, PaperVenue};
use backstop_venues::{Venue, VenueFailure};
use std::path::Path;
use std::time::Duration;

/// How long an answer is waited for.
const PATIENCE: Span = Span::from_secs(5);
/// The first revision of closings without an engine: far from what an engine counts to.
const FIRST_REVISION: usize = 30_000;
/// How many there are of them.
const REVISIONS: usize = 2_700;

/// Why nothing can be done.
#[derive(Debug, thiserror::Error)]
pub enum NoHands {
    /// Another engine has the lease.
    #[error("{0}; it does not answer. Give its --api, or end that process and ask again: its stops stay at the venue")]
    Engine(StoreError),
    /// The store is not to be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger is not to be used.
    #[error(transparent)]
    Ledger(#[from] LedgerFailure),
    /// There is no ledger.
    #[error(
        "no engine answers, and there is no paper ledger at {0}; give the --store that `backstop run` was given, or its --api"
    )]
    NoLedger(String),
}

/// An exchange, and the venue's name for it.
struct Table {
    venue: PaperVenue,
    name: Name,
}

/// The exchanges, and what is known of them.
pub struct Hands {
    tables: Vec<Table>,
    clock: Clock,
    accounts: Vec<(AccountId, Name)>,
    instruments: Vec<(InstrumentId, Symbol)>,
    /// What the journal says, as far as it can be read.
    known: Engine,
    refusals: Vec<String>,
    _lease: FileLease,
}

impl Hands {
    /// Takes the lease of a store and opens the ledgers beside it.
    ///
    /// # Errors
    /// [`NoHands`].
    pub fn take(store: &Path) -> Result<Self, NoHands> {
        let there: Vec<Seat> =
            Seat::kinds().into_iter().filter(|seat| store.with_extension(seat.extension()).exists()).collect();
        if there.is_empty() {
            return Err(NoHands::NoLedger(store.with_extension(Seat::plain().extension()).display().to_string()));
        }
        let lease = FileLease::take(store)
            .map_err(|why| if why.is_another_engine() { NoHands::Engine(why) } else { NoHands::Store(why) })?;
        let clock = Clock::start();
        let (mut tables, mut accounts) = (Vec::new(), Vec::new());
        let mut instruments: Vec<(InstrumentId, Symbol)> = Vec::new();
        for seat in there {
            let path = store.with_extension(seat.extension());
            let ledger = LedgerFile::at(&path);
            let Some((exchange, _)) = ledger.read()? else { continue };
            let symbols = exchange.symbols().filter_map(|symbol| Symbol::new(symbol).ok());
            let new: Vec<_> = symbols.filter(|symbol| instruments.iter().all(|(_, known)| known != symbol)).collect();
            instruments.extend(
                (instruments.len()..).zip(new).filter_map(|(id, symbol)| Some((InstrumentId(number(id)?), symbol))),
            );
            let names = exchange.ledger().account_names().filter_map(|name| Name::new(name).ok());
            let here: Vec<_> =
                (accounts.len()..).zip(names).filter_map(|(id, name)| Some((AccountId(number(id)?), name))).collect();
            let mut venue = PaperVenue::new(exchange, Some(ledger), clock.now());
            here.iter().for_each(|(id, name)| venue.name_account(*id, *name));
            instruments.iter().for_each(|(id, symbol)| venue.name_instrument(*id, *symbol));
            accounts.extend(here);
            tables.push(Table { venue, name: seat.venue });
        }
        // A journal that cannot be read is no reason not to close; without it nothing forbids anything.
        let loaded = ReadOnly::open(store).and_then(|reader| reader.loaded());
        let known = loaded.map_or_else(|_| Engine::new(), |loaded| recover(loaded).engine);
        Ok(Self { tables, clock, accounts, instruments, known, refusals: Vec::new(), _lease: lease })
    }

    /// All accounts at the venue.
    pub(super) fn accounts(&self) -> Vec<AccountId> {
        self.accounts.iter().map(|(id, _)| *id).collect()
    }

    pub(super) fn account_name(&self, id: AccountId) -> String {
        self.accounts.get(id.index()).map_or_else(String::new, |(_, name)| name.to_string())
    }

    pub(super) fn symbol(&self, id: InstrumentId) -> String {
        self.instruments.get(id.index()).map_or_else(String::new, |(_, symbol)| symbol.to_string())
    }

    /// What people call a position, whatever its incarnation.
    pub(super) fn name(&self, key: PositionKey) -> String {
        format!("{}-{}-{}", self.account_name(key.account), self.symbol(key.instrument), key.side)
    }

    /// Whether this is its name, with or without the number of the incarnation.
    pub(super) fn is_called(&self, key: PositionKey, name: &str) -> bool {
        let own = self.name(key);
        name.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// The account is only observed, or limited to other symbols, as far as the journal says.
    pub(super) fn must_not_touch(&self, key: PositionKey) -> bool {
        let (name, symbol) = (self.account_name(key.account), self.instruments.get(key.instrument.index()));
        let account = self.known.accounts().find(|account| account.name.as_str() == name);
        let covers = |symbol: &Symbol| account.is_none_or(|account| account.limits.cover(*symbol));
        account.is_some_and(|account| account.permit == Permit::Observe)
            || !symbol.is_none_or(|(_, symbol)| covers(symbol))
    }

    /// The id of a closing, made of what the venue itself says: the incarnation of the orders that rest, and how many
    /// executions there have been.
    pub(super) fn close_id(&self, key: PositionKey, orders: &[OrderReport]) -> ClientOrderId {
        let (account, symbol) = (self.account_name(key.account), self.symbol(key.instrument));
        let table = self.tables.iter().find(|table| table.venue.knows(key.account));
        let venue = table.map_or_else(String::new, |table| table.name.to_string());
        let scope = Scope::named(&venue, &account, &symbol, key.deal);
        let named = orders.iter().filter_map(|order| Named::read(order.id.as_ref()?));
        let resting =
            named.filter(|named| named.scope == scope && named.side == key.side).map(|named| named.epoch).max();
        let epoch = resting.or(self.known_epoch(&account, &symbol, key.side)).unwrap_or(Epoch(1));
        let executions = table.map_or(0, |table| table.venue.exchange().ledger().fills().len());
        let revision = u16::try_from(FIRST_REVISION + executions % REVISIONS).unwrap_or(u16::MAX >> 1);
        Named { scope, side: key.side, epoch, tranche: TrancheId::FIRST, leg: Leg::Close, revision }.id()
    }

    fn known_epoch(&self, account: &str, symbol: &str, side: PositionSide) -> Option<Epoch> {
        let is_it = |key: PositionKey| {
            let instrument = self.known.instrument(key.instrument);
            let of = self.known.accounts().find(|of| of.id == key.account);
            key.side == side
                && instrument.is_some_and(|instrument| instrument.symbol.as_str() == symbol)
                && of.is_some_and(|of| of.name.as_str() == account)
        };
        self.known.positions().find(|position| is_it(position.key)).map(|position| position.epoch)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn submit(&mut self, command: &Command) {
        let now = self.clock.now();
        if let Some(table) = self.tables.iter_mut().find(|table| table.venue.knows(command.account())) {
            table.venue.submit(now, command);
        }
    }

    /// What the venue has refused since this was last asked.
    pub(super) fn refusals(&mut self) -> Vec<String> {
        std::mem::take(&mut self.refusals)
    }

    /// Everything the venue says of an account; nothing when it does not answer.
    pub(super) fn read(&mut self, account: AccountId) -> Result<Option<Snapshot>, VenueFailure> {
        self.submit(&Command::Snapshot { account, cause: SnapshotCause::Surprise });
        self.hear(|event| match event {
            Event::Snapshot(read) if read.account == account => Some(read),
            _ => None,
        })
    }

    /// All executions of an order of ours.
    pub(super) fn fills_of(&mut self, key: PositionKey, id: ClientOrderId) -> Result<Vec<Fill>, VenueFailure> {
        self.submit(&Command::Lookup { account: key.account, instrument: key.instrument, id, deal: key.deal });
        let answer: Option<Lookup> = self.hear(|event| match event {
            Event::Lookup(lookup) if lookup.id == id => Some(lookup),
            _ => None,
        })?;
        Ok(answer.map_or_else(Vec::new, |lookup| lookup.fills))
    }

    /// Lets time pass; what arrives is heard.
    pub(super) fn let_pass(&mut self, span: Span) -> Result<(), VenueFailure> {
        let end = self.now().plus(span);
        self.hear_until(end, |_| None::<()>).map(drop)
    }

    fn hear<Found>(&mut self, which: impl FnMut(Event) -> Option<Found>) -> Result<Option<Found>, VenueFailure> {
        let end = self.now().plus(PATIENCE);
        self.hear_until(end, which)
    }

    fn hear_until<Found>(
        &mut self,
        end: Timestamp,
        mut which: impl FnMut(Event) -> Option<Found>,
    ) -> Result<Option<Found>, VenueFailure> {
        loop {
            let mut found = None;
            let mut events = Vec::new();
            for table in &mut self.tables {
                events.extend(table.venue.poll(self.clock.now())?);
            }
            for event in events {
                // A cancel that is refused has found nothing: the next read says so.
                if let Event::Answer(answer) = &event
                    && answer.asked == Asked::Place
                    && let Outcome::Refused(refusal) = &answer.outcome
                {
                    self.refusals.push(format!("{}: refused by the venue: {refusal}", answer.id));
                }
                found = found.or(which(event));
            }
            if found.is_some() || self.clock.now() >= end {
                return Ok(found);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn number(count: usize) -> Option<u32> {
    u32::try_from(count).ok()
}
