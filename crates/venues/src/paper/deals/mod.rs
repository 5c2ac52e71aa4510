//! Exits at a venue that keeps a position for each deal (venues/ig.md §4): the stop and the limit are levels of the deal,
//! changed together by one request; closing names the deal and carries no client id; the verdict comes in a second step.
//!
//! One request for a deal is under way at a time, so that no change is built on levels that another one is about to
//! replace. A deal is called by the id it was opened under ([`deal_id`]): that one stays when a part is closed. Whose an
//! execution or a level is stands in `names`; what is told of deals in `told`.

mod names;
mod told;

pub(super) use names::{Closing, DealBook, Which};
pub(super) use told::{Teller, deal_of, level_reports};

use super::refusal;
use backstop_model::{
    AccountId, Answer, Asked, ClientOrderId, Command, DealId, Event, InstrumentId, NewOrder, OrderKind, OrderQuantity,
    OrderReport, OrderStatus, Outcome, Price, Quantity, Refusal, RefusalReason, Span, TimeInForce, Timestamp,
    UnknownCause, VenueOrderId,
};
use backstop_sim as sim;
use std::collections::{BTreeMap, VecDeque};

/// A verdict that the stream has not brought is asked for after this; right after dealing it cannot be found yet
/// (venues/ig.md §4.5).
const ASK_AFTER: Span = Span::from_millis(1_000);
/// How often a verdict is asked for.
const MOST_QUESTIONS: u8 = 3;
/// Verdicts remembered that came before their "received".
const MOST_EARLY: usize = 32;

/// The venue's name for a deal.
pub(super) fn deal_id(origin: u64) -> Option<DealId> {
    DealId::new(&origin.to_string()).ok()
}

/// The id a deal was opened under.
pub(super) fn origin_of(deal: DealId) -> Option<u64> {
    deal.as_str().parse().ok()
}

/// What is to be done about a deal.
#[derive(Clone, Copy, Debug)]
enum What {
    Close { quantity: Quantity, limit: Option<Price> },
    Level { which: Which, to: Price },
    Remove,
}

/// One command of the core's about a deal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    account: AccountId,
    instrument: InstrumentId,
    origin: u64,
    id: ClientOrderId,
    asked: Asked,
    what: What,
}

impl Job {
    /// The job of a command; absent when the command names no deal or asks for what deals do not have.
    pub fn of(command: &Command) -> Option<Self> {
        let (asked, id, deal, what) = match command {
            Command::Amend { id, deal, trigger, .. } => {
                (Asked::Amend, *id, *deal, What::Level { which: Which::Stop, to: trigger.price })
            }
            Command::Cancel { id, deal, .. } => (Asked::Cancel, *id, *deal, What::Remove),
            Command::Place(order) => (Asked::Place, order.id, order.deal, placed(order)?),
            Command::Lookup { .. } | Command::Snapshot { .. } => return None,
        };
        let (account, instrument, origin) = (command.account(), command.instrument()?, origin_of(deal?)?);
        Some(Self { account, instrument, origin, id, asked, what })
    }
}

fn placed(order: &NewOrder) -> Option<What> {
    let quantity = match order.quantity {
        OrderQuantity::Exact(quantity) => Some(quantity),
        OrderQuantity::WholePosition => None,
    };
    match order.kind {
        OrderKind::StopMarket(trigger) => Some(What::Level { which: Which::Stop, to: trigger.price }),
        OrderKind::TakeProfitMarket(trigger) => Some(What::Level { which: Which::Limit, to: trigger.price }),
        OrderKind::Limit { price, time_in_force: TimeInForce::ImmediateOrCancel } => {
            Some(What::Close { quantity: quantity?, limit: Some(price) })
        }
        OrderKind::Limit { price, .. } => Some(What::Level { which: Which::Limit, to: price }),
        OrderKind::Market => Some(What::Close { quantity: quantity?, limit: None }),
        OrderKind::TrailingStop { .. } => None,
    }
}

/// A request under way.
#[derive(Clone, Debug)]
struct Work {
    job: Job,
    sent_at: Timestamp,
    asks: sim::Levels,
    reference: Option<String>,
    ask_at: Timestamp,
    questions: u8,
}

/// What a step of the desk brings about.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    /// For the core.
    pub events: Vec<Event>,
    /// Requests for the exchange: for whom, which deal they are about, what.
    pub asks: Vec<(AccountId, u64, sim::Ask)>,
}

/// All deals of a venue: what is under way, what waits, and whose the levels are.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// What has to outlive a restart.
    pub book: DealBook,
    waiting: BTreeMap<u64, VecDeque<Job>>,
    under_way: BTreeMap<u64, Work>,
    early: VecDeque<sim::Confirm>,
}

impl Desk {
    /// A desk that remembers whose the levels are.
    pub fn with(book: DealBook) -> Self {
        Self { book, ..Self::default() }
    }

    /// Takes a job; it leaves when the deal has no other under way.
    pub fn take(&mut self, job: Job, now: Timestamp, exchange: &sim::Exchange, out: &mut Outcomes) {
        self.waiting.entry(job.origin).or_default().push_back(job);
        self.go_on(job.origin, now, exchange, out);
    }

    /// The next job of a deal, and the next, until one has to be waited for.
    fn go_on(&mut self, origin: u64, now: Timestamp, exchange: &sim::Exchange, out: &mut Outcomes) {
        while !self.under_way.contains_key(&origin) {
            let Some(job) = self.waiting.get_mut(&origin).and_then(VecDeque::pop_front) else {
                self.waiting.remove(&origin);
                return;
            };
            let deal = exchange.ledger().deal(origin).filter(|deal| deal.closed_at.is_none());
            match deal {
                Some(deal) => self.send(job, deal, now, out),
                None => self.without_deal(job, now, out),
            }
        }
    }

    /// The deal is gone: what was to be cancelled is gone with it, and there is nothing to close or protect.
    fn without_deal(&mut self, job: Job, now: Timestamp, out: &mut Outcomes) {
        let reason = match job.asked {
            Asked::Cancel => RefusalReason::NotFound,
            Asked::Amend | Asked::Place => RefusalReason::ReduceOnly,
        };
        let text = sim::Reason::PositionNotFound.to_string();
        out.events.push(answer(job, Outcome::Refused(Refusal::new(reason, &text)), now));
    }

    fn send(&mut self, job: Job, deal: &sim::Deal, now: Timestamp, out: &mut Outcomes) {
        match job.what {
            What::Close { quantity, limit } => {
                self.book.note_closing(job.origin, Closing { id: job.id, quantity, reference: None, at: now });
                let order = limit.map_or(sim::DealOrder::Market, sim::DealOrder::Limit);
                let close = sim::CloseDeal {
                    target: sim::CloseTarget::Deal(deal.id),
                    side: deal.side.closing(),
                    quantity,
                    order,
                    fulfilment: sim::Fulfilment::ExecuteAndEliminate,
                };
                self.begin(job, deal.levels, sim::DealAsk::Close(close), now, out);
            }
            What::Level { which, to } => {
                self.book.note_level(job.origin, which, job.id, to);
                self.change(job, deal, which.set(deal.levels, Some(to)), now, out);
            }
            What::Remove => match self.book.level_of(job.origin, job.id, deal.levels) {
                Some(which) => self.change(job, deal, which.set(deal.levels, None), now, out),
                // Another order has taken its level over, or it never had one.
                None if self.book.knows(job.origin, job.id) => {
                    out.events.push(answer(job, accepted(job), now));
                    out.events.extend(ended(job, OrderStatus::Canceled, Quantity::ZERO, deal, now));
                }
                None => {
                    let refusal = Refusal::new(RefusalReason::NotFound, "the deal has no such level");
                    out.events.push(answer(job, Outcome::Refused(refusal), now));
                }
            },
        }
    }

    /// One request for both levels. What stands already is not asked for again.
    fn change(&mut self, job: Job, deal: &sim::Deal, levels: sim::Levels, now: Timestamp, out: &mut Outcomes) {
        if levels == deal.levels {
            out.events.push(answer(job, accepted(job), now));
            return;
        }
        let set = sim::SetLevels { deal: deal.id, stop: levels.stop, limit: levels.limit };
        self.begin(job, levels, sim::DealAsk::Levels(set), now, out);
    }

    fn begin(&mut self, job: Job, asks: sim::Levels, ask: sim::DealAsk, now: Timestamp, out: &mut Outcomes) {
        let ask_at = now.plus(ASK_AFTER);
        self.under_way.insert(job.origin, Work { job, sent_at: now, asks, reference: None, ask_at, questions: 0 });
        out.asks.push((job.account, job.origin, sim::Ask::Deal(ask)));
    }

    /// The first answer to a request about a deal: "received", or a no at the door, or nothing.
    pub fn replied(
        &mut self,
        origin: u64,
        reply: sim::Reply,
        now: Timestamp,
        exchange: &sim::Exchange,
        out: &mut Outcomes,
    ) {
        let Some(work) = self.under_way.get_mut(&origin) else { return };
        let outcome = match reply {
            sim::Reply::Result(sim::Answer::Received { reference }) => {
                work.reference = Some(reference.clone());
                self.book.name_closing(origin, work.job.id, &reference);
                let early = self.early.iter().rposition(|confirm| confirm.reference == reference);
                if let Some(confirm) = early.and_then(|place| self.early.remove(place)) {
                    self.confirmed(&confirm, now, exchange, out);
                }
                return;
            }
            sim::Reply::Result(_) => Outcome::Unknown(UnknownCause::Unreadable),
            sim::Reply::Refused(refused) => refusal::outcome(&refused),
            sim::Reply::HttpError { status, body, .. } => refusal::http(status, &body),
            sim::Reply::Lost => Outcome::Unknown(UnknownCause::TimedOut),
        };
        self.finish(origin, outcome, now, exchange, out);
    }

    /// A verdict, from the stream or asked for.
    pub fn confirmed(&mut self, confirm: &sim::Confirm, now: Timestamp, exchange: &sim::Exchange, out: &mut Outcomes) {
        let meant = |work: &&Work| work.reference.as_ref() == Some(&confirm.reference) && fits(work, &confirm.verdict);
        let Some(origin) = self.under_way.values().find(meant).map(|work| work.job.origin) else {
            self.early.push_back(confirm.clone());
            if self.early.len() > MOST_EARLY {
                self.early.pop_front();
            }
            return;
        };
        let Some(job) = self.under_way.get(&origin).map(|work| work.job) else { return };
        match &confirm.verdict {
            sim::Verdict::Accepted(done) if matches!(job.what, What::Remove) && self.still_stands(job, done) => {
                let text = "the venue has kept the level (venues/ig.md §4.3)";
                let refusal = Refusal::new(RefusalReason::Unsupported, text);
                self.finish(origin, Outcome::Refused(refusal), now, exchange, out);
            }
            sim::Verdict::Accepted(done) => {
                self.finish(origin, accepted(job), now, exchange, out);
                self.tell_done(job, done, now, exchange, out);
            }
            sim::Verdict::Rejected(reason) => self.rejected(job, *reason, now, exchange, out),
        }
    }

    /// Whether a level that was to be removed is there all the same.
    fn still_stands(&self, job: Job, done: &sim::Accepted) -> bool {
        self.book.level_of(job.origin, job.id, done.levels).is_some()
    }

    /// What an accepted request has done to the order it was asked for.
    fn tell_done(&self, job: Job, done: &sim::Accepted, now: Timestamp, exchange: &sim::Exchange, out: &mut Outcomes) {
        let Some(deal) = exchange.ledger().deal(job.origin) else { return };
        let status = match job.what {
            What::Close { quantity, .. } if done.quantity >= quantity => OrderStatus::Filled,
            What::Close { .. } => OrderStatus::Expired,
            What::Remove => OrderStatus::Canceled,
            What::Level { .. } => return,
        };
        let filled = if matches!(job.what, What::Close { .. }) { done.quantity } else { Quantity::ZERO };
        out.events.extend(ended(job, status, filled, deal, now));
    }

    fn rejected(
        &mut self,
        job: Job,
        reason: sim::Reason,
        now: Timestamp,
        exchange: &sim::Exchange,
        out: &mut Outcomes,
    ) {
        let deal = exchange.ledger().deal(job.origin);
        match (job.what, reason) {
            // "Now, at this level or better, or not at all": not at all (venues/ig.md §0 fact 6).
            (
                What::Close { limit: Some(_), .. },
                sim::Reason::LimitOrderWrongSide | sim::Reason::OrderSizeCannotBeFilled,
            ) => {
                self.finish(job.origin, accepted(job), now, exchange, out);
                out.events.extend(deal.and_then(|deal| ended(job, OrderStatus::Expired, Quantity::ZERO, deal, now)));
            }
            (What::Level { which, to }, sim::Reason::AttachedOrderLevelError) if passed(exchange, deal, which, to) => {
                let refusal = Refusal::new(RefusalReason::WouldTrigger, &reason.to_string());
                self.finish(job.origin, Outcome::Refused(refusal), now, exchange, out);
            }
            _ => self.finish(job.origin, refusal::rejected(reason), now, exchange, out),
        }
    }

    /// The request is over; the deal's next one may leave.
    fn finish(&mut self, origin: u64, outcome: Outcome, now: Timestamp, exchange: &sim::Exchange, out: &mut Outcomes) {
        let Some(work) = self.under_way.remove(&origin) else { return };
        if let (What::Level { which, to }, Outcome::Refused(_)) = (work.job.what, &outcome) {
            self.book.forget_level(origin, which, work.job.id, to);
        }
        out.events.push(answer_at(work.job, outcome, work.sent_at));
        self.go_on(origin, now, exchange, out);
    }

    /// Verdicts that are overdue: asked for a few times, then nobody knows.
    pub fn overdue(&mut self, now: Timestamp, exchange: &sim::Exchange, out: &mut Outcomes) {
        let due: Vec<u64> =
            self.under_way.iter().filter(|(_, work)| work.ask_at <= now).map(|(origin, _)| *origin).collect();
        for origin in due {
            let Some(work) = self.under_way.get_mut(&origin) else { continue };
            work.ask_at = now.plus(ASK_AFTER);
            work.questions += 1;
            match work.reference.clone().filter(|_| work.questions <= MOST_QUESTIONS) {
                Some(reference) => {
                    let ask = sim::Ask::Deal(sim::DealAsk::Confirm { reference });
                    out.asks.push((work.job.account, origin, ask));
                }
                // Without a reference the first answer is still under way.
                None if work.questions <= MOST_QUESTIONS => {}
                None => self.finish(origin, Outcome::Unknown(UnknownCause::TimedOut), now, exchange, out),
            }
        }
    }

    /// When a verdict is overdue.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.under_way.values().map(|work| work.ask_at).min()
    }
}

/// Whether a verdict is about this request: changes of levels are confirmed under the deal's own reference, an older one
/// is told apart by its levels (venues/ig.md §4.3).
fn fits(work: &Work, verdict: &sim::Verdict) -> bool {
    match (verdict, work.job.what) {
        (sim::Verdict::Accepted(done), What::Level { .. }) => {
            done.status == sim::ConfirmStatus::Amended && done.levels == work.asks
        }
        (sim::Verdict::Accepted(done), What::Remove) => done.status == sim::ConfirmStatus::Amended,
        (sim::Verdict::Accepted(_) | sim::Verdict::Rejected(_), _) => true,
    }
}

/// Whether the price has passed a level already, which the venue does not say.
fn passed(exchange: &sim::Exchange, deal: Option<&sim::Deal>, which: Which, level: Price) -> bool {
    let Some(deal) = deal else { return false };
    let series = backstop_model::Series::executable(deal.side);
    let price = exchange.prices(&deal.symbol).and_then(|prices| prices.of(series));
    price.is_some_and(|price| match which {
        Which::Stop => deal.side.hit(price, level),
        Which::Limit => deal.side.reached(price, level),
    })
}

fn answer(job: Job, outcome: Outcome, now: Timestamp) -> Event {
    answer_at(job, outcome, now)
}

fn answer_at(job: Job, outcome: Outcome, sent_at: Timestamp) -> Event {
    let Job { account, instrument, id, asked, .. } = job;
    Event::Answer(Answer { account, instrument, id, asked, outcome, sent_at })
}

/// The venue names neither levels nor closings: they are known by our own id.
fn accepted(job: Job) -> Outcome {
    named(job.id).map_or(Outcome::Unknown(UnknownCause::Unreadable), Outcome::Accepted)
}

fn named(id: ClientOrderId) -> Option<VenueOrderId> {
    VenueOrderId::new(id.as_str()).ok()
}

/// The last word on an order about a deal.
fn ended(job: Job, status: OrderStatus, filled: Quantity, deal: &sim::Deal, at: Timestamp) -> Option<Event> {
    let quantity = match job.what {
        What::Close { quantity, .. } => Some(quantity),
        What::Level { .. } | What::Remove => None,
    };
    Some(Event::Order(OrderReport {
        account: job.account,
        instrument: job.instrument,
        id: Some(job.id),
        venue_id: named(job.id)?,
        deal: deal_id(job.origin),
        side: deal.side.closing(),
        status,
        quantity,
        filled,
        trigger: None,
        limit: None,
        at,
    }))
}
