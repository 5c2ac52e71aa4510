//! What is arranged for a later moment, and what takes a venue or a market aside: prices that come while a request is on its
//! way, words that reach the engine in another way, a venue that stands still, a grid that changes, days without anybody.

use super::World;
use crate::storm::life::{Act, Chase, Garble};
use crate::storm::stage::{self, MARKET, ME, SYMBOL};
use crate::storm::troubles;
use crate::storm::watch::{open_slots, working_stops};
use backstop_core::orders::Named;
use backstop_model::{
    Command, Event, Fee, InstrumentId, OrderKind, OrderSide, OrderStatus, PositionMode, Price, Prices, Ratio, Span,
    Tick, Timestamp,
};
use backstop_sim::{self as sim, Session};
use std::collections::VecDeque;

/// With fewer requests left in ten seconds than a position takes that is opened, turned round and closed, the venue is not reachable.
const LEAST_LEFT: usize = 30;
/// The price comes so soon after a request has left: before it arrives.
const COMES_AFTER: i64 = 1;
/// And goes back.
const GOES_AFTER: i64 = 400;
/// A new grid is announced so long before it holds: whatever was decided on the old one has arrived.
const ANNOUNCED: Span = Span::from_secs(6);
/// What reaches the engine in another way is found by the regular look.
const LOOKED_AT: Span = Span::from_secs(13);
/// Funding comes this often.
const FUNDED_EVERY: Span = Span::from_secs(7);
/// A market nobody has defined.
const ELSEWHERE: InstrumentId = InstrumentId(7);
/// A stranger's request is valid so long.
const VALID: Span = Span::from_secs(3);

/// What waits for its moment.
#[derive(Debug, Default)]
pub(super) struct Arranged {
    chase: Option<Chase>,
    garbles: Vec<Garble>,
    late: VecDeque<(Timestamp, Event)>,
    strangers: u32,
    frozen: bool,
    /// Executions that the venue keeps back, or has kept back.
    withheld: Vec<u64>,
    /// What has happened, before everything was healed.
    pub(super) happened: Vec<Act>,
    /// From now on what happens belongs to no fault.
    pub(super) healed: bool,
    /// For how long nobody was there: everything that was to happen happens so much later.
    pub(super) away: Span,
}

impl Arranged {
    /// When a word that was held back comes.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.late.front().map(|(at, _)| *at)
    }
}

impl World<'_> {
    pub(super) fn arrange(&mut self, act: Act) {
        match act {
            Act::Away { days } => self.go_away(days),
            Act::Chase(chase) => self.arranged.chase = Some(chase),
            Act::Coarser => self.announce_grid(),
            Act::CoarserNow => self.change_grid(Act::Coarser),
            Act::CoarserUnsaid => self.change_grid_unsaid(),
            Act::Crowd { others, ms } => self.crowd(others, ms),
            Act::Flood { count } => self.flood(count),
            Act::Frozen { ms, ticks } => self.freeze_venue(ms, ticks),
            Act::Funding { longs_pay } => self.fund(longs_pay),
            Act::Garble(garble) => self.arranged.garbles.push(garble),
            Act::LimitOpen { ms } => self.limit_open(ms),
            Act::OpensAgain => self.open_again(),
            Act::OtherMarket => self.speak_of_another_market(),
            Act::Stranger { steps } => self.rest_a_strangers_order(steps),
            Act::Terminate { down } => {
                if self.process.engine().is_some() {
                    self.happened(act);
                }
                self.process.die_with(self.now, Span::from_millis(down), true);
                self.has_died();
            }
            Act::TellWithheld => self.tell_withheld(),
            Act::Thaw { ticks } => self.thaw(ticks),
            Act::Withhold => self.venue.exchange_mut().withhold_next(ME),
            Act::Thin { steps } => self.thin_out(Some(steps)),
            Act::Whip { first, second } => self.whip([first, second]),
            _ => {}
        }
    }

    /// Something happens then.
    fn soon(&mut self, at: Timestamp, act: Act) {
        let place = self.later.partition_point(|(other, _)| *other <= at);
        self.later.insert(place, (at, act));
    }

    /// All at once: whatever waits at either price executes.
    fn whip(&mut self, prices: [i64; 2]) {
        let back = self.market.ticks;
        for ticks in prices.into_iter().chain([back]) {
            self.market.ticks = ticks;
            self.quote();
        }
    }

    /// Where others leave next to nothing of the budget, nobody can protect anything (docs/reliability.md); whatever else they leave
    /// is enough for every promise.
    fn crowd(&mut self, others: u32, ms: i64) {
        let (others, until) = (others as usize, self.now.plus(Span::from_millis(ms)));
        self.venue.exchange_mut().crowd(others, until);
        if others + LEAST_LEFT > sim::traffic::BUDGET {
            self.watch.disturbed(until.plus(sim::traffic::WINDOW));
        }
    }

    fn flood(&mut self, count: u32) {
        let middle = self.market.ticks;
        for number in 0..count {
            self.market.ticks = middle + i64::from(number % 5) - 2;
            self.quote();
        }
        self.market.ticks = middle;
        self.quote();
    }

    /// Something about a stop leaves, and the price is there before it.
    pub(super) fn chase(&mut self, command: &Command) {
        let moves = |named: Option<Named>| named.is_some_and(|named| named.leg.is_stop() && named.revision > 1);
        let aimed = match (self.arranged.chase, command) {
            (Some(Chase::Moves), Command::Amend { .. }) => self.nearest_stop(),
            (Some(Chase::Moves), Command::Place(order)) if moves(Named::read(&order.id)) => self.nearest_stop(),
            (Some(Chase::Stops), Command::Place(order)) => match order.kind {
                OrderKind::StopMarket(trigger) => Some((trigger.price, order.side)),
                OrderKind::Limit { .. }
                | OrderKind::Market
                | OrderKind::TakeProfitMarket(_)
                | OrderKind::TrailingStop { .. } => None,
            },
            _ => None,
        };
        let Some((price, side)) = aimed else { return };
        if let Some(chase) = self.arranged.chase.take() {
            self.happened(Act::Chase(chase));
        }
        let (back, at) = (self.market.ticks, self.stage.ticks(price));
        let beyond = 2 + at / 1_000;
        let ticks = if side == OrderSide::Sell { at - beyond } else { at + beyond };
        let market = |ticks: i64| Act::Market { ticks, lag: 0, spread: 1 };
        self.soon(self.now.plus(Span::from_millis(COMES_AFTER)), market(ticks));
        self.soon(self.now.plus(Span::from_millis(GOES_AFTER)), market(back));
    }

    fn nearest_stop(&self) -> Option<(Price, OrderSide)> {
        let (slot, side, _) = open_slots(&self.venue).next()?;
        let trigger = match slot {
            sim::Slot::Deal(origin) => self.venue.exchange().ledger().deal(origin)?.levels.stop?.level,
            sim::Slot::Both | sim::Slot::Long | sim::Slot::Short => working_stops(&self.venue).next()?.1,
        };
        Some((trigger, side.closing()))
    }

    /// A word on its way to the engine, as it arrives; nothing where it is held back.
    pub(super) fn garbled(&mut self, event: Event) -> Option<Event> {
        let fits = |garble: &Garble| match garble {
            Garble::Status => matches!(event, Event::Order(_)),
            Garble::Fee | Garble::Late { .. } => matches!(event, Event::Fill(_)),
        };
        let Some(place) = self.arranged.garbles.iter().position(fits) else { return Some(event) };
        let garble = self.arranged.garbles.remove(place);
        self.happened(Act::Garble(garble));
        self.watch.disturbed(self.now.plus(LOOKED_AT));
        match (garble, event) {
            (Garble::Status, Event::Order(mut report)) => {
                report.status = OrderStatus::Other("NEW_INSURANCE".to_owned());
                Some(Event::Order(report))
            }
            (Garble::Fee, Event::Fill(mut fill)) => {
                fill.fee = Fee::Unknown;
                Some(Event::Fill(fill))
            }
            (Garble::Late { ms }, event) => {
                let at = self.now.plus(Span::from_millis(ms));
                let place = self.arranged.late.partition_point(|(other, _)| *other <= at);
                self.arranged.late.insert(place, (at, event));
                None
            }
            (Garble::Fee | Garble::Status, event) => Some(event),
        }
    }

    /// Words that were held back come, if anybody is there to hear them.
    pub(super) fn hear_late_words(&mut self) {
        while let Some((_, event)) = self.arranged.late.pop_front_if(|(at, _)| *at <= self.now) {
            if self.process.acts(self.now) {
                self.take(event);
            }
        }
    }

    /// Nobody is there for days, the market says nothing, and what was over long ago is not known to anybody's question.
    fn go_away(&mut self, days: i64) {
        let until = self.now.plus(Span::from_secs(days * 86_400));
        self.process.die(self.now, until.since(self.now));
        self.has_died();
        // A payment every few seconds for days is nothing that happens.
        self.funded_at(None);
        self.market.said_at = until;
        self.arranged.away = until.plus(self.arranged.away).since(self.now);
        self.now = until;
        self.watch.disturbed(until);
    }

    fn freeze_venue(&mut self, ms: i64, ticks: i64) {
        let until = self.now.plus(Span::from_millis(ms));
        self.arranged.frozen = true;
        self.venue.exchange_mut().set_session(self.now, SYMBOL, Session::Closed).expect("the market is listed");
        self.market.cut_until = self.market.cut_until.max(until);
        self.watch.disturbed(until.plus(Span::from_secs(4)));
        self.soon(until, Act::Thaw { ticks });
    }

    fn thaw(&mut self, ticks: i64) {
        if std::mem::take(&mut self.arranged.frozen) {
            self.venue.exchange_mut().set_session(self.now, SYMBOL, Session::Trading).expect("the market is listed");
            self.act(Act::Gap { ticks });
        }
    }

    fn limit_open(&mut self, ms: i64) {
        if self.venue.exchange().session(SYMBOL) == Some(Session::Trading) {
            let (now, until) = (self.now, self.now.plus(Span::from_millis(ms)));
            self.venue.exchange_mut().set_session(now, SYMBOL, Session::ClosingsOnly).expect("the market is listed");
            self.soon(until, Act::OpensAgain);
            self.happened(Act::LimitOpen { ms });
        }
    }

    fn open_again(&mut self) {
        if self.venue.exchange().session(SYMBOL) == Some(Session::ClosingsOnly) {
            self.venue.exchange_mut().set_session(self.now, SYMBOL, Session::Trading).expect("the market is listed");
        }
    }

    fn fund(&mut self, longs_pay: bool) {
        let rate = Ratio::percent(if longs_pay { "0.05" } else { "-0.05" }).expect("a constant of this file is a rate");
        self.funded_at(Some(sim::Funding { interval: FUNDED_EVERY, rate }));
    }

    fn funded_at(&mut self, funding: Option<sim::Funding>) {
        let Some(rules) = self.venue.exchange().rules(SYMBOL).cloned() else { return };
        if rules.funding != funding {
            let rules = sim::Rules { funding, ..rules };
            self.venue.exchange_mut().change_rules(SYMBOL, rules).expect("the market is listed");
        }
    }

    /// What the book has is told with the next price.
    fn thin_out(&mut self, steps: Option<u32>) {
        let Some(rules) = self.venue.exchange().rules(SYMBOL).cloned() else { return };
        let depth = steps.map(|steps| self.stage.quantity(steps));
        let rules = sim::Rules { depth, ..rules };
        self.venue.exchange_mut().change_rules(SYMBOL, rules).expect("the market is listed");
    }

    fn announce_grid(&mut self) {
        if !self.process.acts(self.now) {
            return;
        }
        let Some(instrument) = self.stage.coarsen().cloned() else { return };
        self.soon(self.now.plus(ANNOUNCED), Act::CoarserNow);
        self.take(Event::DefineInstrument(Box::new(instrument)));
    }

    /// What a process is told at its start is the new one.
    fn change_grid_unsaid(&mut self) {
        if self.stage.coarsen().is_some() {
            self.change_grid(Act::CoarserUnsaid);
        }
    }

    fn change_grid(&mut self, act: Act) {
        let (Some(now), Some(instrument)) = (self.venue.exchange().rules(SYMBOL).cloned(), self.stage.instrument())
        else {
            return;
        };
        let known = self.process.engine().and_then(|engine| engine.instrument(MARKET));
        self.watch.grid_is(instrument.tick, known.is_some_and(|known| known.tick == instrument.tick));
        let rules =
            sim::Rules { funding: now.funding, depth: now.depth, dealing: now.dealing, ..stage::rules(instrument) };
        self.venue.exchange_mut().change_rules(SYMBOL, rules).expect("the market is listed");
        self.happened(act);
    }

    /// Something has happened that the catalogue has a name for.
    pub(super) fn happened(&mut self, act: Act) {
        if !self.arranged.healed && !troubles::ids_of_act(&act).is_empty() {
            self.arranged.happened.push(act);
        }
    }

    /// The venue has kept an execution back: what is gone is found by looking.
    pub(super) fn note_withheld(&mut self) {
        let exchange = self.venue.exchange();
        let news = exchange.withheld().filter(|id| !self.arranged.withheld.contains(id)).collect::<Vec<_>>();
        if !news.is_empty() {
            self.watch.withheld(self.now.plus(LOOKED_AT), &news);
            self.arranged.withheld.extend(news);
            self.happened(Act::Withhold);
        }
    }

    fn tell_withheld(&mut self) {
        self.venue.exchange_mut().tell_withheld(self.now);
    }

    fn speak_of_another_market(&mut self) {
        let prices = Prices::all(self.stage.price(1));
        if self.process.acts(self.now) {
            self.happened(Act::OtherMarket);
            self.take(Event::Tick(Tick { instrument: ELSEWHERE, prices, confirmed: false }));
        }
    }

    /// A limit order on the side that closes, far from the price.
    fn rest_a_strangers_order(&mut self, steps: u32) {
        let Some((_, side, _)) = open_slots(&self.venue).next() else { return };
        let hedged = self.mode() == PositionMode::Hedge;
        self.arranged.strangers += 1;
        self.happened(Act::Stranger { steps });
        let away = self.market.ticks / 20;
        let ticks = if side.closing() == OrderSide::Sell { self.market.ticks + away } else { self.market.ticks - away };
        let place = sim::Place {
            client_id: format!("other-{}", self.arranged.strangers),
            symbol: SYMBOL.to_owned(),
            side: side.closing(),
            position_side: hedged.then_some(side),
            amount: sim::Amount::Exact(self.stage.quantity(steps)),
            kind: sim::Kind::Limit { price: self.stage.price(ticks), term: sim::Term::Gtc },
            reduce_only: !hedged,
        };
        let (now, ask) = (self.now, sim::Ask::Place(place));
        self.venue.exchange_mut().request(now, ME, sim::Request { sent_at: now, valid_for: VALID, ask });
    }

    /// Nothing of it is left.
    pub(super) fn heal_arranged(&mut self) {
        (self.arranged.chase, self.arranged.garbles) = (None, Vec::new());
        self.thin_out(None);
        if self.venue.exchange().used().is_some() {
            self.venue.exchange_mut().crowd(0, self.now);
        }
        self.tell_withheld();
        // Whether anybody was there to hear it or not: it is said once more.
        for id in self.arranged.withheld.clone() {
            self.venue.exchange_mut().tell_again(self.now, id);
        }
        self.open_again();
        let back = self.market.ticks;
        self.thaw(back);
        self.later.retain(|(_, act)| !matches!(act, Act::Thaw { .. }));
    }
}
