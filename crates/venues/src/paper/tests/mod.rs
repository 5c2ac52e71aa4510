//! The translation, told as stories: commands go in, the exchange of a profile acts, events come out.
#![allow(clippy::unwrap_used)]

mod deals;
mod modes;
mod orders;
mod overtaken;

use super::*;
use backstop_model::{
    Answer, ClientOrderId, DealId, Fill, Leverage, NewOrder, OrderKind, OrderQuantity, OrderReport, OrderSide, Price,
    Series, Snapshot, SnapshotCause, TimeInForce, Trigger, TriggerSource,
};
use backstop_sim::{Exchange, HandAction, Opening, Profile, Rules, Setup};

const ACCOUNT: AccountId = AccountId(0);
const MARKET: InstrumentId = InstrumentId(0);

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn quantity(text: &str) -> Quantity {
    text.parse().unwrap()
}

fn id(text: &str) -> ClientOrderId {
    ClientOrderId::new(text).unwrap()
}

/// A paper venue with one account and one market at 100.
struct Desktop {
    venue: PaperVenue,
    now: Timestamp,
    mode: PositionMode,
}

fn exchange_of(profile: Profile, mode: PositionMode) -> Exchange {
    exchange_with(Setup::exactly(profile, 1), mode)
}

fn exchange_with(setup: Setup, mode: PositionMode) -> Exchange {
    let mut exchange = Exchange::new(setup);
    exchange.list("BTCUSDT", Rules::on_grid(price("0.01"), quantity("0.001"))).unwrap();
    let (leverage, balance) = (Leverage::try_from(10).unwrap(), "100000".parse().unwrap());
    exchange.open_account("main", Opening { mode, leverage, balance }).unwrap();
    exchange
}

fn at_venue_of(profile: Profile, mode: PositionMode) -> Desktop {
    around(exchange_of(profile, mode), None, mode)
}

fn around(exchange: Exchange, ledger: Option<LedgerFile>, mode: PositionMode) -> Desktop {
    let now = exchange.now().max(Timestamp::from_millis(1_000_000).unwrap());
    let mut venue = PaperVenue::new(exchange, ledger, Timestamp::EPOCH);
    venue.name_account(ACCOUNT, Name::new("main").unwrap());
    venue.name_instrument(MARKET, Symbol::new("BTCUSDT").unwrap());
    let mut desktop = Desktop { venue, now, mode };
    desktop.go("100");
    desktop
}

impl Desktop {
    /// The market goes there; what it brings within a second.
    fn go(&mut self, to: &str) -> Vec<Event> {
        self.venue.quote(self.now, MARKET, Prices::all(price(to)));
        self.wait(1_000)
    }

    /// Everything that comes within so many milliseconds.
    fn wait(&mut self, millis: i64) -> Vec<Event> {
        let until = self.now.plus(Span::from_millis(millis));
        let mut events = Vec::new();
        loop {
            events.extend(self.venue.poll(self.now).unwrap());
            match self.venue.next_due().filter(|due| *due <= until) {
                Some(due) => self.now = self.now.max(due),
                None => break,
            }
        }
        self.now = until;
        events
    }

    fn open(&mut self, side: PositionSide, how_much: &str) -> Vec<Event> {
        self.venue.open_by_hand(self.now, ACCOUNT, MARKET, side, quantity(how_much)).unwrap();
        self.wait(1_000)
    }

    fn by_hand(&mut self, action: HandAction) -> Vec<Event> {
        self.venue.exchange_mut().by_hand(self.now, "main", action).unwrap();
        self.wait(1_000)
    }

    fn send(&mut self, command: &Command) {
        self.venue.submit(self.now, command);
    }

    fn ask(&mut self, command: &Command) -> Vec<Event> {
        self.send(command);
        self.wait(1_000)
    }

    /// The deal of the only position, where positions are deals.
    fn deal(&self) -> Option<DealId> {
        let view = self.venue.exchange().view("main", self.venue.exchange().now()).unwrap();
        view.positions.first().and_then(|position| super::deals::deal_id(position.deal.as_ref()?.origin))
    }

    fn order(&self, name: &str, how_much: Option<&str>, kind: OrderKind) -> Command {
        Command::Place(NewOrder {
            account: ACCOUNT,
            instrument: MARKET,
            id: id(name),
            side: OrderSide::Sell,
            position_side: PositionSide::Long,
            deal: self.deal().filter(|_| self.mode == PositionMode::PerDeal),
            quantity: how_much.map_or(OrderQuantity::WholePosition, |much| OrderQuantity::Exact(quantity(much))),
            kind,
            reduce_only: true,
            attached_stop: None,
        })
    }

    fn entry(&self, name: &str, how_much: &str, kind: OrderKind) -> Command {
        let Command::Place(order) = self.order(name, Some(how_much), kind) else { unreachable!() };
        Command::Place(NewOrder { side: OrderSide::Buy, deal: None, reduce_only: false, ..order })
    }

    fn lookup(&self, name: &str) -> Command {
        let deal = self.deal().filter(|_| self.mode == PositionMode::PerDeal);
        Command::Lookup { account: ACCOUNT, instrument: MARKET, id: id(name), deal }
    }

    fn snapshot(&mut self) -> Snapshot {
        let events = self.ask(&Command::Snapshot { account: ACCOUNT, cause: SnapshotCause::Timer });
        let read = events.into_iter().find_map(|event| match event {
            Event::Snapshot(snapshot) => Some(snapshot),
            _ => None,
        });
        read.unwrap()
    }
}

fn stop(at: &str) -> OrderKind {
    OrderKind::StopMarket(Trigger::new(price(at), TriggerSource::Last))
}

const fn limit(price: Price, time_in_force: TimeInForce) -> OrderKind {
    OrderKind::Limit { price, time_in_force }
}

fn target(at: &str) -> OrderKind {
    limit(price(at), TimeInForce::GoodTillCancel)
}

/// What became of a command.
fn outcome_of(events: &[Event], name: &str, asked: Asked) -> Option<Outcome> {
    events.iter().find_map(|event| match event {
        Event::Answer(Answer { id: of, asked: what, outcome, .. }) if *of == id(name) && *what == asked => {
            Some(outcome.clone())
        }
        _ => None,
    })
}

fn is_accepted(events: &[Event], name: &str, asked: Asked) -> bool {
    matches!(outcome_of(events, name, asked), Some(Outcome::Accepted(_)))
}

fn refused(events: &[Event], name: &str, asked: Asked) -> Option<RefusalReason> {
    match outcome_of(events, name, asked) {
        Some(Outcome::Refused(refusal)) => Some(refusal.reason),
        _ => None,
    }
}

fn fills(events: &[Event]) -> Vec<&Fill> {
    fn fill(event: &Event) -> Option<&Fill> {
        if let Event::Fill(fill) = event { Some(fill) } else { None }
    }
    events.iter().filter_map(fill).collect()
}

fn reports(events: &[Event]) -> Vec<&OrderReport> {
    fn report(event: &Event) -> Option<&OrderReport> {
        if let Event::Order(report) = event { Some(report) } else { None }
    }
    events.iter().filter_map(report).collect()
}

#[test]
fn past_candles_are_told_as_history_also_after_a_restart_and_only_of_what_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.venue");
    let open = || {
        let file = LedgerFile::at(&path);
        let exchange = file.read().unwrap().map(|(exchange, _)| exchange);
        let exchange = exchange.unwrap_or_else(|| exchange_of(Profile::binance(), PositionMode::OneWay));
        around(exchange, Some(file), PositionMode::OneWay)
    };
    let mut before = open();
    for to in ["100", "101", "99", "100"] {
        before.go(to);
        before.wait(59_000);
    }
    before.venue.note_cursor(1).unwrap();
    let now = before.now;
    drop(before);
    let mut after = open();
    after.now = now;
    let since = Timestamp::EPOCH.plus(Span::from_secs(1_020));
    let (account, instrument, interval) = (ACCOUNT, MARKET, Span::from_secs(60));
    for series in [Series::Last, Series::Mark] {
        after.venue.ask_candles(after.now, &CandleQuestion { account, instrument, series, interval, since });
        let told = after.venue.poll(after.now).unwrap();
        let [Event::Candles { candles, history, .. }] = told.as_slice() else { panic!("{told:?}") };
        let lows: Vec<String> = candles.iter().map(|candle| candle.low.to_string()).collect();
        assert_eq!((lows, *history), (vec!["101".to_owned(), "99".to_owned()], Some(series)));
    }
}
