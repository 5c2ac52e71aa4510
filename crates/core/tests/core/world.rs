//! The world of a script: one engine, a clock, and a venue that does what the script says, line by line.
//!
//! Unless the script says `answers off`, the venue accepts every order at once and confirms every cancel: most scripts
//! are not about answers.

use crate::builders::{
    ACCOUNT, BTC, account, account_from, close_at, definitions, distance, fill, instrument_from, key, money, plan_from,
    price, quantity, side, tick,
};
use crate::candles;
use crate::words;
use backstop_core::{Engine, PositionRead, Step};
use backstop_model::{
    Account, Annulled, Answer, Asked, ClientOrderId, Command, DealId, Event, ExitPlan, ExitPlanSpec, Fee, Fill,
    FillCause, Instrument, Lookup, Name, NewOrder, OrderKind, OrderQuantity, OrderReport, OrderSide, OrderStatus,
    Outcome, PlanId, PositionReport, PositionSide, Prices, Quantity, Refusal, RefusalReason, Snapshot, Span, Stamped,
    Timestamp, UnknownCause, VenueOrderId,
};
use std::collections::BTreeMap;
use std::sync::Arc;

// Said in full, because this file is read from other folders too.
#[path = "world/heard.rs"]
mod heard;
#[path = "world/journal.rs"]
mod journal;
#[path = "world/operator.rs"]
mod operator;
#[path = "world/strangers.rs"]
mod strangers;
#[path = "world/watchful.rs"]
mod watchful;

use journal::Journal;

/// 2024-02-20T16:26:40Z, the entry time of the specification's example document.
const START: i64 = 1_708_446_400_000;

/// What the script's venue knows of one order of ours.
struct Booked {
    order: NewOrder,
    filled: Quantity,
    alive: bool,
}

pub struct World {
    engine: Engine,
    account: Account,
    instrument: Instrument,
    /// When the script begins.
    start: Timestamp,
    now: Timestamp,
    sequence: u64,
    answers: bool,
    /// Orders of ours by their labels; where there are deals, by label and deal.
    book: BTreeMap<String, Booked>,
    /// Orders of others that work at the venue.
    strangers: Vec<OrderReport>,
    fills: u32,
    /// Executions of the script, the oldest first.
    made: Vec<Fill>,
    last_read: Option<PositionRead>,
    printed: Vec<String>,
    defined: Vec<Event>,
    journal: Journal,
    /// Every position looks once more after each event.
    pub watchful: bool,
}

impl World {
    pub fn new() -> Self {
        Self {
            engine: Engine::new(),
            account: account(),
            instrument: instrument_from(""),
            start: Timestamp::from_millis(START).unwrap(),
            now: Timestamp::from_millis(START).unwrap(),
            sequence: 0,
            answers: true,
            book: BTreeMap::new(),
            strangers: Vec::new(),
            fills: 0,
            made: Vec::new(),
            last_read: None,
            printed: Vec::new(),
            defined: Vec::new(),
            journal: Journal::default(),
            watchful: false,
        }
    }

    /// Does what one line says and gives back what came of it.
    pub fn line(&mut self, line: &str) -> Vec<String> {
        let (head, rest) = line.split_once(' ').unwrap_or((line, ""));
        match head {
            "start" => {
                self.start = Timestamp::from_millis(rest.parse().unwrap()).unwrap();
                self.now = self.start;
            }
            // `at 3.412 tick 51500`: so many seconds after the beginning, and nobody was woken on the way.
            "at" => {
                let (at, rest) = rest.split_once(' ').unwrap();
                self.now = self.instant(at);
                return self.line(rest);
            }
            "account" => self.account = account_from(rest),
            "instrument" => self.instrument = instrument_from(rest),
            "file-account" | "file-instrument" | "file-plan" | "now-account" | "now-instrument" | "now-plan" => {
                self.redefine(head, rest)
            }
            "plan" => self.plan(rest),
            "another-plan" => self.another_plan(rest),
            "answers" => self.answers = rest == "on",
            "tick" => self.tick(rest),
            "enter" | "add" => self.enter(rest),
            "by-hand" | "liquidated" | "adl" => self.by_hand(head, rest),
            "fill" => self.fill(rest),
            "again" => self.again(rest),
            "annulled" => self.annulled(rest),
            "after" => self.wait(rest),
            "accept" | "refuse" | "unknown" => self.answer(head, rest),
            "report" => self.report(rest),
            "lookup" => self.lookup(rest),
            "position" => self.position(rest),
            "snapshot" => self.snapshot(rest),
            "funding" => self.funding(rest),
            "journal" => self.lose_journal(),
            // `remember older` is for a `recover older`: records that were durable are gone as well.
            "remember" if rest.is_empty() => self.journal.remember(&self.engine),
            "remember" => self.journal.mark(rest),
            // `record lost`: the disk has lied about everything since `remember`.
            "record" => self.engine = self.journal.remembered(),
            "recover" => self.recover(rest),
            "restart" => self.restart(),
            "bars" | "candles" => self.handle(candles::event(head, rest, self.now)),
            "next-close" => {
                let (when, close) = rest.split_once(" for ").unwrap();
                let at = self.in_time(when);
                self.handle(Event::NextClose { close_at: close_at(close), at });
            }
            "session-ends" => {
                let (at, last_of_week) = (self.in_time(rest), rest.ends_with("for the week"));
                self.handle(Event::SessionEnds { instrument: BTC, at, last_of_week });
            }
            "off" => {
                let until = self.in_time(rest);
                self.now = until;
            }
            "foreign-stop" => self.foreign_stop(rest),
            "foreign-limit" => self.foreign_limit(rest),
            "show" => self.show(rest),
            word => assert!(self.asks(word, rest) || self.hears(word, rest), "{word:?} is nothing that can happen"),
        }
        std::mem::take(&mut self.printed)
    }

    /// `in 5 s`.
    fn in_time(&self, words: &str) -> Timestamp {
        let number: i64 = words.split_whitespace().nth(1).unwrap().parse().unwrap();
        self.now.plus(Span::from_secs(number))
    }

    fn plan(&mut self, words: &str) {
        match plan_from(words) {
            Ok((plan, told)) => {
                self.printed.extend(told.into_iter().map(|text| format!("told: {text}")));
                self.defined = definitions(&self.account, &self.instrument, &plan).into_iter().collect();
                for event in self.defined.clone() {
                    self.handle(event);
                }
            }
            Err(refused) => self.printed.push(format!("refused: {refused}")),
        }
    }

    /// `tight: stop 1%`: plan number 1, under that name.
    fn another_plan(&mut self, words: &str) {
        let (name, words) = words.split_once(": ").unwrap();
        let (plan, _) = plan_from(words).unwrap();
        let spec = ExitPlanSpec { name: Name::new(name).unwrap(), ..plan.into() };
        let plan = Arc::new(ExitPlan::try_from(spec).unwrap());
        let event = Event::DefinePlan { id: PlanId(1), plan };
        self.defined.push(event.clone());
        self.handle(event);
    }

    /// `51500`, or `last 51500 mark 51490 [bid .. ask ..] [unconfirmed]`.
    fn tick(&mut self, words: &str) {
        let (words, confirmed) = match words.strip_suffix(" unconfirmed") {
            Some(words) => (words, false),
            None => (words, true),
        };
        let mut prices = Prices::default();
        let mut parts = words.split_whitespace();
        while let Some(word) = parts.next() {
            let mut value = || Some(price(parts.next().expect("a series needs a price")));
            match word {
                "last" => prices.last = value(),
                "mark" => prices.mark = value(),
                "bid" => prices.bid = value(),
                "ask" => prices.ask = value(),
                all => prices = Prices::all(price(all)),
            }
        }
        self.handle(tick(prices, confirmed));
    }

    /// `long 0.1 @ 50000 [fee 2]`, `fee unknown`: somebody's order opens or adds.
    fn enter(&mut self, words: &str) {
        let (which, rest) = words.split_once(' ').unwrap();
        let made = self.execution(None, side(which).opening(), rest);
        self.book_fill(made);
    }

    /// `sell 0.05 @ 50000 [of long]`: an execution that no order of ours explains.
    fn by_hand(&mut self, head: &str, words: &str) {
        let (which, rest) = words.split_once(' ').unwrap();
        let side = if which == "sell" { OrderSide::Sell } else { OrderSide::Buy };
        let mut made = self.execution(None, side, rest);
        made.cause = match head {
            "liquidated" => FillCause::Liquidation,
            "adl" => FillCause::Adl,
            _ => FillCause::Order,
        };
        self.book_fill(made);
    }

    /// `TP1#1 0.04 @ 51500 [fee 1]`.
    fn fill(&mut self, words: &str) {
        let (which, rest) = words.split_once(' ').unwrap();
        let (id, side) = (self.id(which), self.booked(which).order.side);
        let mut made = self.execution(Some(id), side, rest);
        let booked = self.book.get_mut(which).unwrap();
        made.deal = booked.order.deal.or(made.deal);
        booked.filled = booked.filled.plus(made.quantity).unwrap();
        if OrderQuantity::Exact(booked.filled) == booked.order.quantity {
            booked.alive = false;
        }
        self.book_fill(made);
    }

    fn execution(&mut self, order: Option<ClientOrderId>, side: OrderSide, words: &str) -> Fill {
        let parts: Vec<&str> = words.split_whitespace().collect();
        self.fills += 1;
        let mut made = fill(&format!("f{}", self.fills), order, side, price(parts[2]), quantity(parts[0]));
        made.at = self.now;
        if let Some(at) = parts.iter().position(|word| *word == "order") {
            made.venue_order = VenueOrderId::new(parts[at + 1]).unwrap();
        }
        if let Some(at) = parts.iter().position(|word| *word == "deal") {
            made.deal = Some(DealId::new(parts[at + 1]).unwrap());
        }
        if let Some(at) = parts.iter().position(|word| *word == "of") {
            made.position_side = Some(crate::builders::side(parts[at + 1]));
        }
        if let Some(at) = parts.iter().position(|word| *word == "ago") {
            made.at = self.now.plus(Span::from_millis(-parts[at + 1].parse::<i64>().unwrap()));
        }
        if let Some(at) = parts.iter().position(|word| *word == "fee") {
            made.fee = if parts[at + 1] == "unknown" { Fee::Unknown } else { Fee::Known(money(parts[at + 1])) };
        }
        made
    }

    fn book_fill(&mut self, made: Fill) {
        self.made.push(made.clone());
        self.handle(Event::Fill(made));
    }

    /// The newest execution once more, or `f1`; with `fee 2.5` it tells what it has cost.
    fn again(&mut self, words: &str) {
        let parts: Vec<&str> = words.split_whitespace().collect();
        let named = |made: &&Fill| parts.first().is_some_and(|id| made.id.as_str() == *id);
        let known = self.made.iter().find(named).or(self.made.last());
        let mut made = known.expect("there was a fill").clone();
        if let [.., "fee", fee] = &parts[..] {
            made.fee = Fee::Known(money(fee));
        }
        self.handle(Event::Fill(made));
    }

    /// `f2`: the venue annuls that execution.
    fn annulled(&mut self, words: &str) {
        let fill = self.made.iter().find(|made| made.id.as_str() == words).expect("there was such a fill").clone();
        let at = self.now;
        self.handle(Event::Annulled(Box::new(Annulled { fill, at })));
    }

    /// Lets time pass, waking the engine at every deadline on the way.
    fn wait(&mut self, words: &str) {
        let (number, unit) = words.split_once(' ').unwrap();
        let number: i64 = number.parse().unwrap();
        let span = match unit {
            "ms" => Span::from_millis(number),
            "s" => Span::from_secs(number),
            other => panic!("{other}: time passes in `ms` or `s`"),
        };
        let until = self.now.plus(span);
        while let Some((at, why)) = self.engine.next_deadline().filter(|(at, _)| *at <= until) {
            self.now = self.now.max(at);
            let before = self.printed.len();
            self.handle(Event::Wake);
            if self.printed.len() > before {
                self.printed.insert(before, format!("woken at {} for {why:?}:", words::time(self.now, self.start)));
            }
        }
        self.now = until;
    }

    /// `accept stop#1`, `refuse cancel TP1#1 not_found "text"`, `unknown TP1#1`.
    fn answer(&mut self, head: &str, words: &str) {
        let mut parts: Vec<&str> = words.splitn(2, ' ').collect();
        let asked = match parts[0] {
            "cancel" => Asked::Cancel,
            "amend" => Asked::Amend,
            _ => Asked::Place,
        };
        if asked != Asked::Place {
            parts = parts[1].splitn(2, ' ').collect();
        }
        let which = parts[0].to_owned();
        let outcome = match head {
            "accept" => Outcome::Accepted(venue_id(&which)),
            "unknown" => Outcome::Unknown(UnknownCause::TimedOut),
            _ => {
                let (reason, text) = parts[1].split_once(' ').unwrap_or((parts[1], "no"));
                if asked == Asked::Place {
                    self.book.get_mut(&which).unwrap().alive = false;
                }
                let reason: RefusalReason = serde_json::from_str(&format!("{reason:?}")).unwrap();
                Outcome::Refused(Refusal::new(reason, text.trim_matches('"')))
            }
        };
        self.answer_to(&which, asked, outcome);
    }

    fn answer_to(&mut self, which: &str, asked: Asked, outcome: Outcome) {
        let id = self.id(which);
        let sent_at = self.now;
        self.handle(Event::Answer(Answer { account: ACCOUNT, instrument: BTC, id, asked, outcome, sent_at }));
    }

    /// `stop#1 canceled [filled 0.01] [@ 49000] [ago 500]`; the venue changed it so many milliseconds ago.
    fn report(&mut self, words: &str) {
        let report = self.order_report(words);
        self.handle(Event::Order(report));
    }

    fn order_report(&mut self, words: &str) -> OrderReport {
        let parts: Vec<&str> = words.split_whitespace().collect();
        let (which, now) = (parts[0], self.now);
        let booked = self.book.get_mut(which).unwrap_or_else(|| panic!("no order {which}"));
        let status = match parts[1] {
            "working" => OrderStatus::Working,
            "triggered" => OrderStatus::Triggered,
            "filled" => OrderStatus::Filled,
            "canceled" => OrderStatus::Canceled,
            "expired" => OrderStatus::Expired,
            "rejected" => OrderStatus::Rejected,
            other => OrderStatus::Other(other.to_owned()),
        };
        booked.alive &= !status.is_final();
        let filled = parts.iter().rposition(|word| *word == "filled").filter(|at| *at > 1);
        let (trigger, limit) = match booked.order.kind {
            OrderKind::StopMarket(trigger) | OrderKind::TakeProfitMarket(trigger) => (Some(trigger), None),
            OrderKind::Limit { price, .. } => (None, Some(price)),
            OrderKind::Market | OrderKind::TrailingStop { .. } => (None, None),
        };
        let moved = parts.iter().position(|word| *word == "@").map(|at| price(parts[at + 1]));
        let ago = parts.iter().position(|word| *word == "ago").map_or(0, |at| parts[at + 1].parse().unwrap());
        OrderReport {
            account: ACCOUNT,
            instrument: BTC,
            id: Some(booked.order.id),
            venue_id: venue_id(which),
            deal: booked.order.deal,
            side: booked.order.side,
            status,
            quantity: exact(booked.order.quantity),
            filled: filled.map_or(booked.filled, |at| quantity(parts[at + 1])),
            trigger: trigger.map(|old| backstop_model::Trigger {
                price: moved.unwrap_or(old.price),
                guaranteed: old.guaranteed || parts.contains(&"guaranteed"),
                ..old
            }),
            limit,
            at: now.plus(Span::from_millis(-ago)),
        }
    }

    /// `TP1#1 not found`, or `TP1#1 working [filled 0.01] [with 0.01 @ 51500]`.
    fn lookup(&mut self, words: &str) {
        let which = words.split(' ').next().unwrap().to_owned();
        let id = self.id(&which);
        let (words, executed) = words.split_once(" with ").map_or((words, None), |(words, made)| (words, Some(made)));
        let side = self.booked(&which).order.side;
        let fills = executed.map(|made| self.execution(Some(id), side, made)).into_iter().collect();
        let found = if words.ends_with("not found") { None } else { Some(self.order_report(words)) };
        let server_time = self.now;
        self.handle(Event::Lookup(Lookup { account: ACCOUNT, instrument: BTC, id, found, fills, server_time }));
    }

    fn position(&mut self, words: &str) {
        let report = self.position_report(words);
        self.handle(Event::Position(report));
    }

    /// `long 0.05 [@ 50000] [liquidation 45000] [premium 0.8] [deal 7]`.
    fn position_report(&self, words: &str) -> PositionReport {
        let parts: Vec<&str> = words.split_whitespace().collect();
        let deal = parts.iter().position(|word| *word == "deal").map(|at| DealId::new(parts[at + 1]).unwrap());
        PositionReport {
            key: key(side(parts[0])).of_deal(deal),
            quantity: quantity(parts[1]),
            entry_price: parts.iter().position(|word| *word == "@").map(|at| price(parts[at + 1])),
            liquidation_price: parts.iter().position(|word| *word == "liquidation").map(|at| price(parts[at + 1])),
            premium: parts.iter().position(|word| *word == "premium").map(|at| money(parts[at + 1])),
            at: self.now,
        }
    }

    /// `long 0.05 [@ 50000]`, several of them with `and`, or `flat`, with every order that is alive; `without stop#1` leaves one out; `ago 500` is a read that
    /// was made so many milliseconds before; at the end `fill entry-r1 0.1 @ 50000` is an execution that only this read tells of, and
    /// after it `balance 10000` the wallet.
    fn snapshot(&mut self, words: &str) {
        let (words, ago) = words.split_once(" ago ").map_or((words, 0), |(words, ago)| (words, ago.parse().unwrap()));
        let (words, wallet) = words.split_once(" balance ").map_or((words, None), |(words, left)| (words, Some(left)));
        let balance = wallet.map(money);
        let (words, made) = words.split_once(" fill ").map_or((words, None), |(words, made)| (words, Some(made)));
        let fills = made.map(|made| {
            let (which, rest) = made.split_once(' ').unwrap();
            let (id, side) = (self.id(which), self.booked(which).order.side);
            self.execution(Some(id), side, rest)
        });
        let fills = fills.into_iter().collect();
        let (words, without) = words.split_once(" without ").unwrap_or((words, ""));
        let positions =
            words.split(" and ").filter(|words| *words != "flat").map(|one| self.position_report(one)).collect();
        let alive: Vec<String> =
            self.book.iter().filter(|(_, booked)| booked.alive).map(|(at, _)| at.clone()).collect();
        let orders = alive.iter().filter(|label| !without.split(' ').any(|out| out == label.as_str()));
        let orders = orders.map(|label| format!("{label} working")).collect::<Vec<_>>();
        let mut orders: Vec<_> = orders.iter().map(|words| self.order_report(words)).collect();
        let shown = |known: &&OrderReport| !without.split(' ').any(|out| out == known.venue_id.to_string());
        orders.extend(self.strangers.iter().filter(shown).cloned());
        let server_time = self.now.plus(Span::from_millis(-ago));
        self.handle(Event::Snapshot(Snapshot { account: ACCOUNT, positions, orders, fills, server_time, balance }));
    }

    fn funding(&mut self, words: &str) {
        let (instrument, at) = (BTC, self.now);
        let amount = words.parse().unwrap();
        self.handle(Event::Funding(backstop_model::Funding {
            account: ACCOUNT,
            instrument,
            position_side: None,
            deal: None,
            amount,
            at,
        }));
    }

    fn show(&mut self, which: &str) {
        let keys = match which {
            "" => vec![key(PositionSide::Long), key(PositionSide::Short)],
            which => vec![heard::whose(which).0],
        };
        let mut shown = Vec::new();
        for key in keys {
            let ctx = self.engine.ctx(key, self.now);
            let position = self.engine.position(key);
            shown.extend(ctx.zip(position).into_iter().flat_map(|(ctx, position)| position.read(ctx).unwrap()));
        }
        if shown.is_empty() {
            shown.extend(self.last_read.clone());
        }
        self.printed.extend(shown.iter().flat_map(words::document));
    }

    fn handle(&mut self, event: Event) {
        self.sequence += 1;
        let looks = self.watchful && !watchful::is_told_in_parts(&event);
        self.take_in(Stamped { sequence: self.sequence, at: self.now, event });
        if looks {
            self.look_again();
        }
    }

    fn take_in(&mut self, stamped: Stamped) {
        let step = self.engine.handle(&stamped);
        self.journal.record(stamped, &step);
        self.printed.extend(words::step(&step));
        self.last_read = step.positions.last().cloned().or(self.last_read.take());
        self.take_orders(&step);
    }

    fn take_orders(&mut self, step: &Step) {
        for command in &step.commands {
            if let Command::Place(order) = command {
                let booked = Booked { order: *order, filled: Quantity::ZERO, alive: true };
                self.book.insert(words::name(&order.id, order.deal), booked);
            }
        }
        if !self.answers {
            return;
        }
        for command in &step.commands {
            let Some(which) = name(command) else { continue };
            match command {
                Command::Place(_) => self.answer_to(&which, Asked::Place, Outcome::Accepted(venue_id(&which))),
                Command::Amend { trigger, quantity, .. } => {
                    let booked = self.book.get_mut(&which).unwrap();
                    booked.order.kind = OrderKind::StopMarket(*trigger);
                    if booked.order.quantity != OrderQuantity::WholePosition {
                        booked.order.quantity = OrderQuantity::Exact(quantity.plus(booked.filled).unwrap());
                    }
                    self.answer_to(&which, Asked::Amend, Outcome::Accepted(venue_id(&which)));
                }
                Command::Cancel { .. } => {
                    self.answer_to(&which, Asked::Cancel, Outcome::Accepted(venue_id(&which)));
                    self.report(&format!("{which} canceled"));
                }
                Command::Lookup { .. } | Command::Snapshot { .. } => {}
            }
        }
    }

    fn booked(&self, which: &str) -> &Booked {
        self.book.get(which).unwrap_or_else(|| panic!("no order {which}; there are {:?}", self.book.keys()))
    }

    fn id(&self, which: &str) -> ClientOrderId {
        self.booked(which).order.id
    }
}

/// How scripts name the order that a command is about.
fn name(command: &Command) -> Option<String> {
    match command {
        Command::Amend { id, deal, .. } | Command::Cancel { id, deal, .. } | Command::Lookup { id, deal, .. } => {
            Some(words::name(id, *deal))
        }
        Command::Place(order) => Some(words::name(&order.id, order.deal)),
        Command::Snapshot { .. } => None,
    }
}

fn exact(quantity: OrderQuantity) -> Option<Quantity> {
    match quantity {
        OrderQuantity::Exact(quantity) => Some(quantity),
        OrderQuantity::WholePosition => None,
    }
}

fn venue_id(which: &str) -> VenueOrderId {
    VenueOrderId::new(&format!("v-{which}")).unwrap()
}

#[test]
fn a_distance_keeps_its_unit() {
    assert_eq!(distance("25 pt").to_string(), "25 pt");
    assert_eq!(distance("3%").to_string(), "3%");
    assert_eq!(distance("@ 102.50").to_string(), "@ 102.5");
}
