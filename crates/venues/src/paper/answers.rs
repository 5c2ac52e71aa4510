//! Requests whose answers are awaited, and what an answer means for the core.
//!
//! No answer to a question proves nothing: it is asked again by whoever asked. No answer to an order is an unknown
//! outcome (R4).

use super::deals::{Outcomes, Subject, deal_id, level_reports, origin_of};
use super::{PaperVenue, decode, refusal};
use backstop_model::{
    AccountId, Answer, Asked, ClientOrderId, Command, Event, Fill, Instrument, InstrumentId, InstrumentSpec, Lookup,
    OrderReport, OrderStatus, Outcome, PositionMode, Quantity, Refusal, RefusalReason, Snapshot, Span, Timestamp,
    UnknownCause,
};
use backstop_sim as sim;

/// How often the executions of a deal are asked for before the next full read has to bring them.
const MOST_TRIES: u8 = 5;
/// A position can be invisible to orders bound to it for so long after an execution (venues/bitget.md §12).
const UNSEEN: Span = Span::from_secs(1);

/// An order that is spoken of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named {
    pub account: AccountId,
    pub instrument: InstrumentId,
    pub id: ClientOrderId,
}

/// A request whose answer is awaited.
#[derive(Debug)]
pub(super) enum Pending {
    /// The verdict on an earlier request about a deal.
    Confirm,
    /// A request about a deal.
    Deal { request: (Subject, u64) },
    /// The executions of deals that an update has spoken of.
    DealFills { account: AccountId, tries: u8 },
    /// The account, to see what became of an order about a deal.
    DealLookup { of: Named, origin: u64 },
    /// Its executions.
    DealLookupFills { of: Named, origin: u64, standing: Option<Box<OrderReport>>, is_open: bool, at: Timestamp },
    /// How an account's positions are kept.
    Mode { account: AccountId },
    /// An order.
    Order { of: Named, asked: Asked, sent_at: Timestamp },
    /// An order that was accepted without an id: only the client id finds it (venues/bitget.md §6.2).
    OrderId { of: Named, asked: Asked, sent_at: Timestamp },
    /// The executions of an opening: all that tells what became of it, its verdict is not kept for long.
    Opening { of: Named },
    /// What became of an order.
    Query { of: Named },
    /// Its executions.
    QueryFills { of: Named, found: Option<Box<OrderReport>>, at: Timestamp },
    /// The rules of a market.
    Rules { instrument: InstrumentId },
    /// The account.
    Snapshot { account: AccountId },
    /// Its executions.
    SnapshotFills { view: Box<Snapshot> },
}

impl PaperVenue {
    pub(super) fn respond(&mut self, at: Timestamp, pending: Pending, reply: sim::Reply, events: &mut Vec<Event>) {
        match pending {
            Pending::Confirm => {
                if let sim::Reply::Result(sim::Answer::Confirm(confirm)) = reply {
                    self.confirmed(&confirm, at, events);
                }
            }
            Pending::Deal { request } => {
                let mut out = Outcomes::default();
                self.desk.replied(request, reply, at, &self.exchange, &mut out);
                self.send_on(out, at, events);
            }
            Pending::DealFills { account, tries } => self.deal_fills(account, tries, reply, at, events),
            Pending::DealLookup { of, origin } => self.deal_found(of, origin, reply, at),
            Pending::DealLookupFills { of, origin, standing, is_open, at } => {
                let found = (standing, is_open);
                events.extend(self.deal_looked_up(of, origin, found, &reply, at));
            }
            Pending::Mode { account } => events.extend(self.mode_told(account, &reply)),
            Pending::Order { of, asked, sent_at } => self.answered(of, asked, sent_at, reply, at, events),
            Pending::OrderId { of, asked, sent_at } => {
                let outcome = match reply {
                    sim::Reply::Result(sim::Answer::Order(view)) => accepted(&view),
                    _ => Outcome::Unknown(UnknownCause::Unreadable),
                };
                events.push(answer(of, asked, outcome, sent_at));
            }
            Pending::Opening { of } => events.extend(self.opened(of, &reply, at)),
            Pending::Query { of } => self.found(of, reply, at),
            Pending::QueryFills { of, found, at } => events.extend(self.looked_up(of, found, &reply, at)),
            Pending::Rules { instrument } => events.extend(self.ruled(instrument, reply)),
            Pending::Snapshot { account } => self.read(account, reply, at),
            Pending::SnapshotFills { view } => {
                events.extend(self.annulled(&reply));
                events.extend(self.snapshot(*view, &reply));
            }
        }
    }

    fn answered(
        &mut self,
        of: Named,
        asked: Asked,
        sent_at: Timestamp,
        reply: sim::Reply,
        at: Timestamp,
        events: &mut Vec<Event>,
    ) {
        let outcome = match reply {
            sim::Reply::Result(sim::Answer::Accepted { client_id }) => {
                return self.ask(
                    at,
                    of.account,
                    sim::Ask::Query { client_id },
                    Pending::OrderId { of, asked, sent_at },
                );
            }
            sim::Reply::Result(sim::Answer::Order(view)) => accepted(&view),
            sim::Reply::Result(_) => Outcome::Unknown(UnknownCause::Unreadable),
            // A position that has just changed cannot be seen everywhere yet: not now, and nothing was done
            // (venues/bitget.md §12).
            sim::Reply::Refused(refused) if refusal::is_unseen(&refused) && self.has_just_traded(of, at) => {
                Outcome::Refused(Refusal::new(RefusalReason::Throttled, &refused.text))
            }
            // The plan has triggered, and what it becomes is in the book in a moment: it is asked again (venues/bitget.md §12).
            sim::Reply::Refused(refused)
                if asked == Asked::Cancel && refusal::is_gone(&refused) && self.is_about_to_rest(of) =>
            {
                Outcome::Refused(Refusal::new(RefusalReason::Throttled, &refused.text))
            }
            sim::Reply::Refused(refused) => refusal::outcome(&refused),
            sim::Reply::HttpError { status, body, .. } => refusal::http(status, &body),
            sim::Reply::Lost => Outcome::Unknown(UnknownCause::TimedOut),
        };
        events.push(answer(of, asked, outcome, sent_at));
    }

    /// What the engine is told of an instrument, with the grid and the minimums that the exchange says now.
    fn ruled(&self, instrument: InstrumentId, reply: sim::Reply) -> Option<Event> {
        let sim::Reply::Result(sim::Answer::Rules(rules)) = reply else { return None };
        let spec = InstrumentSpec {
            tick: rules.tick,
            step: rules.step,
            min_quantity: rules.min_quantity,
            max_quantity: rules.max_quantity,
            max_market_quantity: rules.max_market_quantity,
            min_notional: rules.min_notional,
            min_notional_waived_for_exits: rules.min_notional_waived_for_exits,
            ..InstrumentSpec::from(self.names.told.get(&instrument)?.clone())
        };
        Instrument::try_from(spec).ok().map(|instrument| Event::DefineInstrument(Box::new(instrument)))
    }

    /// How positions are kept is told also when it is what it was: somebody has asked.
    fn mode_told(&mut self, account: AccountId, reply: &sim::Reply) -> Option<Event> {
        let sim::Reply::Result(sim::Answer::Mode(view)) = reply else { return None };
        self.modes.learn(account, (view.at, view.mode));
        Some(self.mode_report(account, self.modes.of(account)))
    }

    fn has_just_traded(&self, of: Named, at: Timestamp) -> bool {
        self.traded.get(&(of.account, of.instrument)).is_some_and(|traded| at.since(*traded) < UNSEEN)
    }

    fn found(&mut self, of: Named, reply: sim::Reply, at: Timestamp) {
        let found = match reply {
            sim::Reply::Result(sim::Answer::Order(view)) => decode::order(&self.names, of.account, &view),
            sim::Reply::Refused(refused) if refusal::reason(&refused) == Some(RefusalReason::NotFound) => None,
            sim::Reply::Result(_) | sim::Reply::Refused(_) | sim::Reply::HttpError { .. } | sim::Reply::Lost => return,
        };
        let found = found.map(Box::new);
        self.ask(at, of.account, sim::Ask::Fills { since: 0 }, Pending::QueryFills { of, found, at });
    }

    fn looked_up(
        &self,
        of: Named,
        found: Option<Box<OrderReport>>,
        reply: &sim::Reply,
        server_time: Timestamp,
    ) -> Option<Event> {
        let sim::Reply::Result(sim::Answer::Fills(fills)) = reply else { return None };
        let Named { account, instrument, id } = of;
        let fills = fills.iter().filter_map(|fill| self.reader().fill(fill));
        let fills = fills.filter(|fill| fill.order == Some(id)).collect();
        Some(Event::Lookup(Lookup { account, instrument, id, found: found.map(|found| *found), fills, server_time }))
    }

    /// An opening is made now or not at all: one that has executions is over, one without has not been made yet.
    fn opened(&self, of: Named, reply: &sim::Reply, server_time: Timestamp) -> Option<Event> {
        let Event::Lookup(lookup) = self.looked_up(of, None, reply, server_time)? else { return None };
        let filled = lookup.fills.iter().fold(Quantity::ZERO, |sum, fill| sum.plus(fill.quantity).unwrap_or(sum));
        let found = lookup.fills.first().map(|fill| OrderReport {
            account: of.account,
            instrument: of.instrument,
            id: Some(of.id),
            venue_id: fill.venue_order,
            deal: None,
            side: fill.side,
            status: OrderStatus::Filled,
            quantity: None,
            filled,
            trigger: None,
            limit: None,
            at: fill.at,
        });
        Some(Event::Lookup(Lookup { found, ..lookup }))
    }

    fn read(&mut self, account: AccountId, reply: sim::Reply, at: Timestamp) {
        let sim::Reply::Result(sim::Answer::Snapshot(view)) = reply else { return };
        let view = Box::new(self.reader().snapshot(account, &view));
        self.ask(at, account, sim::Ask::Fills { since: 0 }, Pending::SnapshotFills { view });
    }

    fn snapshot(&self, mut view: Snapshot, reply: &sim::Reply) -> Option<Event> {
        let sim::Reply::Result(sim::Answer::Fills(fills)) = reply else { return None };
        let recent = fills.iter().filter(|fill| fill.at >= self.known_until);
        view.fills = recent.filter_map(|fill| self.reader().fill(fill)).collect();
        view.orders.retain(|order| !self.has_lost_its_level(order));
        Some(Event::Snapshot(view))
    }

    /// Whether it was told to be over while the executions that belong to the read were asked for: the level it had in the read is
    /// from before that, whosever it was (I9).
    fn has_lost_its_level(&self, order: &OrderReport) -> bool {
        let origin = order.deal.and_then(origin_of);
        origin.zip(order.id).is_some_and(|(origin, id)| !self.desk.book.knows(origin, id))
    }

    /// Executions that a list shows as annulled, since the engine was last here; it knows what it has heard before.
    fn annulled(&self, reply: &sim::Reply) -> Vec<Event> {
        let sim::Reply::Result(sim::Answer::Fills(fills)) = reply else { return Vec::new() };
        let recent =
            fills.iter().filter_map(|fill| Some((fill, fill.annulled_at.filter(|at| *at >= self.known_until)?)));
        recent.filter_map(|(fill, at)| self.reader().annulled(fill, at)).collect()
    }

    /// Executions of deals that an update has spoken of, then the last word on the levels of deals that are gone.
    fn deal_fills(&mut self, account: AccountId, tries: u8, reply: sim::Reply, at: Timestamp, events: &mut Vec<Event>) {
        let sim::Reply::Result(sim::Answer::Fills(fills)) = reply else {
            if tries < MOST_TRIES {
                self.ask_deal_fills(account, tries + 1, at);
            }
            return;
        };
        let known = self.seen_fills.get(&account).copied().unwrap_or(0);
        let news: Vec<&sim::Fill> = fills.iter().filter(|fill| fill.id > known).collect();
        if let Some(newest) = news.last() {
            self.seen_fills.insert(account, newest.id);
        }
        let told: Vec<_> = news.iter().filter_map(|fill| Some((*fill, self.reader().fill(fill)?))).collect();
        for (fill, told) in told {
            // Whose it was stays, whatever is closed later.
            if let (sim::Slot::Deal(origin), Some(id)) = (fill.slot, told.order) {
                self.desk.book.name_closing(origin, id, &fill.client_id);
            }
            events.push(Event::Fill(told));
        }
        for origin in std::mem::take(&mut self.teller.ended) {
            events.extend(self.last_words(origin, &fills, at).into_iter().map(Event::Order));
        }
    }

    pub(super) fn ask_deal_fills(&mut self, account: AccountId, tries: u8, at: Timestamp) {
        let since = self.seen_fills.get(&account).copied().unwrap_or(0);
        self.ask(at, account, sim::Ask::Fills { since }, Pending::DealFills { account, tries });
    }

    /// The levels a deal had when it went: the one that was struck is filled, the other is gone with it.
    fn last_words(&self, origin: u64, fills: &[sim::Fill], at: Timestamp) -> Vec<OrderReport> {
        let Some(deal) = self.exchange.ledger().deal(origin) else { return Vec::new() };
        let (Some(account), Some(instrument)) =
            (self.names.account(&deal.account), self.names.instrument(&deal.symbol))
        else {
            return Vec::new();
        };
        let view = sim::DealView {
            id: deal.id,
            origin,
            reference: deal.reference.clone(),
            levels: deal.levels,
            premium: deal.premium,
        };
        let mut reports = level_reports(&self.desk.book, (account, instrument), &view, deal.side, (at, at));
        for report in &mut reports {
            let mine = fills.iter().filter_map(|fill| self.reader().fill(fill));
            let mine = mine.filter(|fill| fill.deal == report.deal && fill.order.is_some() && fill.order == report.id);
            report.filled = mine.fold(Quantity::ZERO, |sum, fill| sum.plus(fill.quantity).unwrap_or(sum));
            report.status = if report.filled.is_zero() { OrderStatus::Expired } else { OrderStatus::Filled };
        }
        reports
    }

    fn deal_found(&mut self, of: Named, origin: u64, reply: sim::Reply, at: Timestamp) {
        let sim::Reply::Result(sim::Answer::Snapshot(view)) = reply else { return };
        let view = self.reader().snapshot(of.account, &view);
        let deal = deal_id(origin);
        let is_open = view.positions.iter().any(|position| position.key.deal == deal && !position.quantity.is_zero());
        let mine = |order: &OrderReport| order.deal == deal && order.id == Some(of.id);
        let standing = view.orders.into_iter().find(mine).map(Box::new);
        let pending = Pending::DealLookupFills { of, origin, standing, is_open, at };
        self.ask(at, of.account, sim::Ask::Fills { since: 0 }, pending);
    }

    /// What became of a level or a closing, told by what is left of the deal: a level that stands works; one that has
    /// executions is filled; one whose deal is gone, or that another order has replaced, is over; a closing without
    /// executions has not been done.
    fn deal_looked_up(
        &self,
        of: Named,
        origin: u64,
        (standing, is_open): (Option<Box<OrderReport>>, bool),
        reply: &sim::Reply,
        at: Timestamp,
    ) -> Option<Event> {
        let sim::Reply::Result(sim::Answer::Fills(all)) = reply else { return None };
        let fills = all.iter().filter_map(|fill| self.reader().fill(fill)).filter(|fill| fill.deal == deal_id(origin));
        let of_deal: Vec<_> = fills.collect();
        let gone = !is_open && is_closed_by(&of_deal);
        if !is_open && !gone && !of_deal.is_empty() {
            // The deal is open, and was not yet when what was read was so: that says nothing of its levels (F-E16).
            return None;
        }
        let fills: Vec<_> = of_deal.into_iter().filter(|fill| fill.order == Some(of.id)).collect();
        let filled = fills.iter().fold(Quantity::ZERO, |sum, fill| sum.plus(fill.quantity).unwrap_or(sum));
        let Named { account, instrument, id } = of;
        let over = |status| {
            let side = self.exchange.ledger().deal(origin)?.side.closing();
            let venue_id = backstop_model::VenueOrderId::new(id.as_str()).ok()?;
            let (deal, quantity, trigger, limit) = (deal_id(origin), None, None, None);
            let report = OrderReport {
                account,
                instrument,
                id: Some(id),
                venue_id,
                deal,
                side,
                status,
                quantity,
                filled,
                trigger,
                limit,
                at,
            };
            Some(Box::new(report))
        };
        let was_level = self.desk.book.knows(origin, id);
        let found = match standing.filter(|report| !self.has_lost_its_level(report)) {
            Some(report) => Some(report),
            None if !filled.is_zero() => over(OrderStatus::Filled),
            // While the deal is there, an order that never reached it cannot be told from one that was replaced.
            None if was_level && gone => over(OrderStatus::Canceled),
            None => None,
        };
        Some(Event::Lookup(Lookup {
            account,
            instrument,
            id,
            found: found.map(|found| *found),
            fills,
            server_time: at,
        }))
    }

    /// Asks what became of an order; about a deal, by what is left of it.
    pub(super) fn look_up(&mut self, now: Timestamp, command: &Command) {
        let Command::Lookup { account, instrument, id, deal } = *command else { return };
        let of = Named { account, instrument, id };
        match deal.and_then(origin_of) {
            Some(origin) => self.ask(now, account, sim::Ask::Snapshot, Pending::DealLookup { of, origin }),
            None if self.modes.of(account) == PositionMode::PerDeal => {
                self.ask(now, account, sim::Ask::Fills { since: 0 }, Pending::Opening { of });
            }
            None => self.ask(now, account, sim::Ask::Query { client_id: id.to_string() }, Pending::Query { of }),
        }
    }
}

fn accepted(view: &sim::OrderView) -> Outcome {
    decode::venue_id(view.order_id).map_or(Outcome::Unknown(UnknownCause::Unreadable), Outcome::Accepted)
}

pub(super) fn answer(of: Named, asked: Asked, outcome: Outcome, sent_at: Timestamp) -> Event {
    let Named { account, instrument, id } = of;
    Event::Answer(Answer { account, instrument, id, asked, outcome, sent_at })
}

/// Whether the executions of a deal have closed all that they opened.
fn is_closed_by(fills: &[Fill]) -> bool {
    let Some(opened_by) = fills.first().map(|fill| fill.side) else { return false };
    let sum = |opens: bool| {
        let some = fills.iter().filter(|fill| (fill.side == opened_by) == opens);
        some.fold(Quantity::ZERO, |sum, fill| sum.plus(fill.quantity).unwrap_or(sum))
    };
    sum(false) >= sum(true)
}
