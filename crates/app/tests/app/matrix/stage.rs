//! One account at one simulated venue with the engine in front of it: prices, hands and the operator act, everything that
//! is due happens in order, and after every step the venue's own books are looked at.

use backstop_app::calendar::TzCalendar;
use backstop_app::config::Config;
use backstop_app::paper::{account_opening, exchange_rules, instrument};
use backstop_app::recorded::Decimals;
use backstop_model::plan::CloseAt;
use backstop_model::{
    Account, AccountId, Adopt, Event, Instrument, InstrumentId, Name, Notice, PlanId, PositionDocument, PositionKey,
    PositionMode, PositionSide, Price, Prices, Quantity, Severity, SnapshotCause, Span, Symbol, Tick, Timestamp,
};
use backstop_runtime::{Cycle, Executor, SnapshotSchedule, recover};
use backstop_sim::{Dealing, Distance, Exchange, HandAction, Profile, Setup, Slot};
use backstop_store::{Loaded, Record};
use backstop_venues::Venue;
use backstop_venues::paper::{PaperVenue, capability};
use std::collections::{BTreeMap, BTreeSet};

pub const ACCOUNT: AccountId = AccountId(0);
pub const MARKET: InstrumentId = InstrumentId(0);
pub const ME: &str = "main";
pub const SYMBOL: &str = "BTCUSDT";
/// A position is never without a working stop for longer.
const LIMIT: Span = Span::from_secs(3);

/// One account, one market, one venue, one engine.
pub struct Stage {
    pub venue: PaperVenue,
    pub side: PositionSide,
    pub now: Timestamp,
    /// Promises that were broken.
    pub broken: BTreeSet<String>,
    /// Alarms that people got.
    pub alarms: Vec<String>,
    /// The newest document of every tranche of every position.
    pub documents: BTreeMap<(String, u8), PositionDocument>,
    /// Everything that people were told.
    pub told: Vec<String>,
    /// What the journal keeps, where somebody wants to read it.
    pub records: Option<Vec<Record>>,
    /// Seconds a position may be without a stop before it is ours.
    pub grace: Span,
    cycle: Cycle,
    unprotected: BTreeMap<Slot, Timestamp>,
    price: Price,
    turned: bool,
    close_at: Option<CloseAt>,
    definitions: Vec<Event>,
}

/// What a stage is set up with.
pub struct Setting<'a> {
    pub profile: Profile,
    pub mode: PositionMode,
    pub side: PositionSide,
    pub plan: &'a str,
    pub adopt: Adopt,
    pub min_distance: Option<&'a str>,
    /// Without delays and slippage.
    pub exact: bool,
}

impl Stage {
    pub fn new(setting: Setting) -> Self {
        Self::beginning(setting, Timestamp::from_millis(1_767_225_600_000).unwrap(), false)
    }

    /// A stage that begins at `start`, asks the calendar for times of day and sessions, and keeps its journal.
    pub fn at(start: &str, setting: Setting) -> Self {
        let start: jiff::Timestamp = start.parse().unwrap();
        Self::beginning(setting, Timestamp::from_millis(start.as_millisecond()).unwrap(), true)
    }

    fn beginning(setting: Setting, start: Timestamp, dated: bool) -> Self {
        let config = Config::parse(setting.plan, "p").unwrap_or_else(|why| panic!("{why}"));
        let grid = Decimals { price: 2, quantity: Some(3) };
        let instrument = instrument(&config, Symbol::new(SYMBOL).unwrap(), grid).unwrap();
        let mut rules = exchange_rules(&instrument);
        if let Some(least) = setting.min_distance {
            let mut dealing = Dealing::in_whole_points("1".parse().unwrap());
            dealing.min_distance = Distance::InPoints(least.parse().unwrap());
            rules.dealing = Some(dealing);
        }
        let native = setting.profile.native();
        let mut exchange = Exchange::new(if setting.exact {
            Setup::exactly(setting.profile, 7)
        } else {
            Setup::of(setting.profile, 7)
        });
        exchange.list(SYMBOL, rules).unwrap();
        let mut opening = account_opening(instrument.leverage);
        opening.mode = setting.mode;
        exchange.open_account(ME, opening).unwrap();
        let mut venue = PaperVenue::new(exchange, None, start);
        venue.name_account(ACCOUNT, Name::new(ME).unwrap());
        venue.name_instrument(MARKET, instrument.symbol);
        let account = Account {
            id: ACCOUNT,
            name: Name::new(ME).unwrap(),
            venue: Name::new("matrix").unwrap(),
            position_mode: setting.mode,
            plan: Some(PlanId(0)),
            adopt: setting.adopt,
            hard_stop: None,
            split_entries: config.accounts.first().is_some_and(|account| account.split_entries),
            capability: capability(&native, setting.mode),
            currency: instrument.currency,
            limits: Default::default(),
            refusals: Default::default(),
            permit: Default::default(),
        };
        let mut stage = Self::with(venue, setting.side, start);
        if dated {
            stage.cycle = stage.cycle.with_calendar(Box::new(TzCalendar));
            stage.records = Some(Vec::new());
        }
        if setting.adopt == Adopt::HardStop {
            stage.grace = Span::from_secs(10);
        }
        stage.begin(&config, instrument, account);
        stage
    }

    fn with(venue: PaperVenue, side: PositionSide, now: Timestamp) -> Self {
        let mut snapshots = SnapshotSchedule::new(Span::from_secs(10));
        snapshots.start(ACCOUNT, now, SnapshotCause::Start);
        Self {
            venue,
            side,
            now,
            broken: BTreeSet::new(),
            alarms: Vec::new(),
            documents: BTreeMap::new(),
            told: Vec::new(),
            records: None,
            grace: Span::ZERO,
            cycle: Cycle::new(Default::default(), 0, Executor::default(), snapshots),
            unprotected: BTreeMap::new(),
            price: "100".parse().unwrap(),
            turned: false,
            close_at: None,
            definitions: Vec::new(),
        }
    }

    fn begin(&mut self, config: &Config, instrument: Instrument, account: Account) {
        let plan = config.plans.values().next().unwrap().clone();
        self.close_at = plan.close_at.clone();
        self.definitions = vec![
            Event::DefinePlan { id: PlanId(0), plan },
            Event::DefineInstrument(Box::new(instrument)),
            Event::DefineAccount(Box::new(account)),
        ];
        self.definitions.clone().into_iter().for_each(|event| self.take(event));
        self.go_to("100");
    }

    /// The market goes to a price, as a long sees it, and stands there for two seconds. For a short it is mirrored at 100.
    pub fn go_to(&mut self, price: &str) {
        let price: Price = price.parse().unwrap();
        let hundred: Price = "100".parse().unwrap();
        self.price = match self.side {
            PositionSide::Long => price,
            PositionSide::Short => hundred.minus(price.above(hundred)).unwrap(),
        };
        for _ in 0..2 {
            self.quote();
            self.wait(Span::from_secs(1));
        }
    }

    fn quote(&mut self) {
        let prices = Prices::all(self.price);
        self.venue.quote(self.now, MARKET, prices);
        self.take(Event::Tick(Tick { instrument: MARKET, prices, confirmed: true }));
        self.settle();
    }

    /// The market goes there, as a long sees it, for two minutes, and the engine hears nothing of it.
    pub fn go_unheard(&mut self, price: &str) {
        let price: Price = price.parse().unwrap();
        let hundred: Price = "100".parse().unwrap();
        let price = match self.side {
            PositionSide::Long => price,
            PositionSide::Short => hundred.minus(price.above(hundred)).unwrap(),
        };
        for _ in 0..120 {
            self.venue.quote(self.now, MARKET, Prices::all(price));
            self.wait(Span::from_secs(1));
        }
    }

    /// A minute without prices.
    pub fn wait_a_minute(&mut self) {
        self.wait(Span::from_secs(60));
    }

    /// The engine ends and starts again; the venue goes on.
    pub fn restart(&mut self) {
        let checkpoint = self.cycle.checkpoint_now();
        let recovered = recover(Loaded { checkpoint, ..Loaded::default() });
        let mut snapshots = SnapshotSchedule::new(Span::from_secs(10));
        snapshots.start(ACCOUNT, self.now, SnapshotCause::Start);
        self.cycle = Cycle::new(recovered.engine, recovered.sequence, Executor::default(), snapshots);
        self.definitions.clone().into_iter().for_each(|event| self.take(event));
        recovered.doubts.into_iter().for_each(|doubt| self.take(doubt));
    }

    /// The engine ends, and starts again without anything it has written; the venue goes on.
    pub fn lose_journal(&mut self) {
        let mut snapshots = SnapshotSchedule::new(Span::from_secs(10));
        snapshots.start(ACCOUNT, self.now, SnapshotCause::Start);
        self.cycle = Cycle::new(Default::default(), 0, Executor::default(), snapshots);
        self.definitions.clone().into_iter().for_each(|event| self.take(event));
    }

    /// Time passes; a second at a time the market says its price again.
    pub fn stand(&mut self, seconds: i64) {
        for _ in 0..seconds {
            self.quote();
            self.wait(Span::from_secs(1));
        }
    }

    /// Time passes until then, and the market says nothing.
    pub fn wait_until(&mut self, then: &str) {
        let then: jiff::Timestamp = then.parse().unwrap();
        let then = Timestamp::from_millis(then.as_millisecond()).unwrap();
        self.wait(then.since(self.now));
        self.settle();
    }

    /// What the journal says, decided once more: what came out differently, and the state it comes to beside the one that
    /// was lived.
    pub fn again(&self) -> (Vec<String>, [String; 2]) {
        let tail = self.records.clone().unwrap();
        let recovered = recover(Loaded { tail, ..Loaded::default() });
        (recovered.warnings, [recovered.engine.fingerprint(), self.cycle.engine().fingerprint()])
    }

    fn wait(&mut self, span: Span) {
        let until = self.now.plus(span);
        loop {
            let next = [self.venue.next_due(), self.cycle.next_wake()].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next < until) else { break };
            self.now = self.now.max(next);
            self.settle();
        }
        self.now = until;
    }

    fn settle(&mut self) {
        for round in 0.. {
            assert!(round < 10_000, "venue and engine do not come to rest");
            let mut idle = true;
            let arrived = self.venue.poll(self.now).unwrap();
            for event in arrived.into_iter().chain(self.cycle.overdue(self.now)) {
                idle = false;
                self.take(event);
            }
            if self.cycle.wants_wake(self.now) {
                idle = false;
                self.take(Event::Wake);
            }
            while let Some(command) = self.cycle.next_request(self.now) {
                idle = false;
                self.venue.submit(self.now, &command);
            }
            while let Some(question) = self.cycle.next_candles(self.now) {
                idle = false;
                self.venue.ask_candles(self.now, &question);
            }
            if idle {
                break;
            }
        }
        self.look();
    }

    /// Hands an event to the engine and lets what follows happen.
    pub fn tell(&mut self, event: Event) {
        self.take(event);
        self.settle();
    }

    fn take(&mut self, event: Event) {
        let trace = std::env::var_os("MATRIX_TRACE").is_some();
        if trace && !matches!(event, Event::Tick(_) | Event::Wake | Event::Snapshot(_)) {
            eprintln!("{} <- {event:?}", self.now.as_millis());
        }
        let taken = self.cycle.take(self.now, event);
        if trace {
            taken.core.commands.iter().for_each(|command| eprintln!("{} -> {command:?}", self.now.as_millis()));
            taken.core.notices.iter().for_each(|notice| eprintln!("{} !! {}", self.now.as_millis(), notice.text));
        }
        if let Some(step) = taken.step {
            self.cycle.durable(step.record.sequence);
            if let Some(records) = &mut self.records {
                records.push(step.record);
            }
        }
        for read in taken.core.positions {
            let name = (read.document.position_id.clone(), read.document.tranche);
            if read.is_merged {
                self.documents.remove(&name)
            } else {
                self.documents.insert(name, read.document)
            };
        }
        self.told.extend(taken.core.notices.iter().map(|notice| notice.text.clone()));
        let alarms = taken.core.notices.into_iter().filter(|notice: &Notice| notice.severity == Severity::Alarm);
        self.alarms.extend(alarms.map(|notice| notice.text));
    }

    /// Somebody acts at the venue's own screen.
    pub fn by_hand(&mut self, action: HandAction) {
        if matches!(action, HandAction::Flip { .. }) {
            self.turned = true;
        }
        self.venue.exchange_mut().by_hand(self.now, ME, action).unwrap();
        self.settle();
    }

    /// Somebody opens a position at the venue, or adds to it.
    pub fn enter(&mut self, quantity: &str) {
        let quantity: Quantity = quantity.parse().unwrap();
        self.venue.open_by_hand(self.now, ACCOUNT, MARKET, self.side, quantity).unwrap();
        self.settle();
        self.wait(Span::from_secs(2));
    }

    /// The time of day at which the plan closes.
    pub fn close_at(&self) -> CloseAt {
        self.close_at.clone().unwrap()
    }

    /// The positions the engine knows to be open.
    pub fn keys(&self) -> Vec<PositionKey> {
        let open = self.cycle.engine().positions().filter(|position| !position.quantity().is_zero());
        open.map(|position| position.key).collect()
    }

    /// Where the venue keeps what is open.
    pub fn slots(&self) -> Vec<(Slot, PositionSide, Quantity)> {
        let view = self.venue.exchange().view(ME, self.venue.exchange().now()).unwrap();
        view.positions.iter().map(|position| (position.slot, position.side, position.quantity)).collect()
    }

    /// Nothing is open or resting at the venue, and the engine has nothing left to be seen gone.
    pub fn is_over(&self) -> bool {
        let resting = self.venue.exchange().ledger().open_orders(ME).count();
        self.slots().is_empty() && resting == 0 && self.cycle.engine().positions().next().is_none()
    }

    /// What is not over yet, in words.
    pub fn left(&self) -> String {
        let orders: Vec<_> =
            self.venue.exchange().ledger().open_orders(ME).map(|order| order.place.client_id.clone()).collect();
        let positions: Vec<_> =
            self.cycle.engine().positions().map(|position| (position.key, &position.orders)).collect();
        format!("open {:?}, resting {orders:?}, the engine {positions:?}", self.slots())
    }

    /// The promises, checked at the venue's books.
    fn look(&mut self) {
        let slots = self.slots();
        self.unprotected.retain(|slot, _| slots.iter().any(|open| open.0 == *slot));
        for (slot, side, quantity) in slots {
            if side != self.side && !self.turned {
                self.broken.insert(format!("{quantity} is open on the other side"));
            }
            if self.covered(slot, side, quantity) {
                self.unprotected.remove(&slot);
                continue;
            }
            let since = *self.unprotected.entry(slot).or_insert(self.now);
            if self.now > since.plus(self.grace).plus(LIMIT) {
                self.broken.insert(format!("{quantity} was without a stop from {} ms", since.as_millis()));
            }
        }
    }

    fn covered(&self, slot: Slot, side: PositionSide, quantity: Quantity) -> bool {
        let ledger = self.venue.exchange().ledger();
        if let Slot::Deal(origin) = slot {
            return ledger.deal(origin).is_some_and(|deal| deal.levels.stop.is_some());
        }
        let protects = |order: &&backstop_sim::Order| {
            let kind = matches!(order.place.kind, backstop_sim::Kind::StopMarket { .. });
            kind && order.slot == slot && order.closes && order.place.side == side.closing()
        };
        let stops = ledger.open_orders(ME).filter(protects);
        let covered = stops.map(|order| order.quantity.unwrap_or(quantity));
        covered.fold(Quantity::ZERO, |sum, one| sum.plus(one).unwrap()) >= quantity
    }

    /// Whether more was ever closed than opened in one slot.
    pub fn over_closed(&self) -> bool {
        let ledger = self.venue.exchange().ledger();
        let mut sums: BTreeMap<Slot, (Quantity, Quantity)> = BTreeMap::new();
        for fill in ledger.fills_of(ME) {
            let (opened, closed) = sums.entry(fill.slot).or_insert((Quantity::ZERO, Quantity::ZERO));
            let sum = if fill.side == self.side.opening() { opened } else { closed };
            *sum = sum.plus(fill.quantity).unwrap();
        }
        !self.turned && sums.values().any(|(opened, closed)| closed > opened)
    }
}
