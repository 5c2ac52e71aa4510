//! Exits at a venue that keeps a position for each deal (venues/ig.md §4): the stop and the limit are levels of the deal,
//! changed together by one request; closing names the deal and carries no client id; the verdict comes in a second step.
//!
//! One request for a deal is under way at a time, so that no change is built on levels that another one is about to
//! replace. A deal is called by the id it was opened under ([`deal_id`]): that one stays when a part is closed. Whose an
//! execution or a level is stands in `names`; what is told of deals in `told`.

mod job;
mod names;
mod told;

pub(super) use job::{Job, Subject, deal_id, origin_of};
pub(super) use names::{Closing, DealBook, Which};
pub(super) use told::{Teller, deal_of, level_reports};

use super::refusal;
use backstop_model::{
    AccountId, Asked, Event, OrderStatus, Outcome, Price, Quantity, Refusal, RefusalReason, Span, Timestamp,
    UnknownCause,
};
use backstop_sim as sim;
use job::What;
use std::collections::{BTreeMap, VecDeque};

/// A verdict that the stream has not brought is asked for after this; right after dealing it cannot be found yet
/// (venues/ig.md §4.5).
const ASK_AFTER: Span = Span::from_millis(1_000);
/// A request that is not even "received" by then has been lost on its way, as far as anybody here can tell (faults.md, `T_req`).
const LOST_AFTER: Span = Span::from_millis(1_500);
/// How often a verdict is asked for.
const MOST_QUESTIONS: u8 = 3;
/// Verdicts remembered that came before their "received".
const MOST_EARLY: usize = 32;

/// A request under way.
#[derive(Clone, Debug)]
struct Work {
    /// Which request it is: a late answer to an earlier one about the same deal is not for this one.
    number: u64,
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
    /// Requests for the exchange: for whom, what they are about and the how manieth, what is asked.
    pub asks: Vec<(AccountId, (Subject, u64), sim::Ask)>,
}

/// All deals of a venue: what is under way, what waits, and whose the levels are.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// What has to outlive a restart.
    pub book: DealBook,
    waiting: BTreeMap<Subject, VecDeque<Job>>,
    under_way: BTreeMap<Subject, Work>,
    early: VecDeque<sim::Confirm>,
    requests: u64,
}

impl Desk {
    /// A desk that remembers whose the levels are.
    pub fn with(book: DealBook) -> Self {
        Self { book, ..Self::default() }
    }

    /// Takes a job; it leaves when there is no other under way for the same deal. Of moves of one order only the newest is
    /// meant: an older one that waits is not sent any more.
    pub fn take(&mut self, job: Job, now: Timestamp, exchange: &sim::Exchange, out: &mut Outcomes) {
        let waiting = self.waiting.entry(job.subject).or_default();
        waiting.retain(|waits| !waits.is_overtaken_by(&job));
        waiting.push_back(job);
        self.go_on(job.subject, now, exchange, out);
    }

    /// The next job, and the next, until one has to be waited for.
    fn go_on(&mut self, subject: Subject, now: Timestamp, exchange: &sim::Exchange, out: &mut Outcomes) {
        while !self.under_way.contains_key(&subject) {
            let Some(job) = self.waiting.get_mut(&subject).and_then(VecDeque::pop_front) else {
                self.waiting.remove(&subject);
                return;
            };
            let deal = match subject {
                Subject::Deal(origin) => exchange.ledger().deal(origin).filter(|deal| deal.closed_at.is_none()),
                Subject::Opening(_) => None,
            };
            match (job.what, deal) {
                (What::Open { .. }, _) => self.open(job, now, out),
                (_, Some(deal)) => self.send(job, deal, now, out),
                (_, None) => without_deal(job, now, out),
            }
        }
    }

    /// An opening carries our id as its reference (venues/ig.md §4.2).
    fn open(&mut self, job: Job, now: Timestamp, out: &mut Outcomes) {
        let What::Open { side, quantity, limit, stop } = job.what else { return };
        let open = sim::OpenDeal {
            reference: Some(job.id.to_string()),
            symbol: job.symbol.to_string(),
            side,
            quantity,
            order: limit.map_or(sim::DealOrder::Market, sim::DealOrder::Limit),
            fulfilment: sim::Fulfilment::ExecuteAndEliminate,
            force_open: true,
            stop: stop.map(|level| sim::StopAsk::Normal(sim::LevelAsk::Level(level))),
            limit: None,
        };
        self.begin(job, sim::Levels::default(), sim::DealAsk::Open(open), now, out);
    }

    fn send(&mut self, job: Job, deal: &sim::Deal, now: Timestamp, out: &mut Outcomes) {
        match job.what {
            What::Close { quantity, limit } => {
                self.book.note_closing(deal.origin, Closing { id: job.id, quantity, reference: None, at: now });
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
            // It has lost its level while this waited: moving it would take the level of the one that has it.
            What::Level { .. } if job.asked == Asked::Amend && !self.book.knows(deal.origin, job.id) => {
                out.events.push(no_such_level(job, now));
            }
            What::Level { which, to, guaranteed } => {
                self.book.note_level(deal.origin, which, job.id, to, now);
                self.change(job, deal, which.set(deal.levels, Some(to), guaranteed), now, out);
            }
            What::Open { .. } => {}
            What::Remove => self.remove(job, deal, now, out),
        }
    }

    /// A deal has one stop and one target: two orders that have asked for the same level share it, and it goes with the
    /// last of them.
    fn remove(&mut self, job: Job, deal: &sim::Deal, now: Timestamp, out: &mut Outcomes) {
        let mine = self.book.level_of(deal.origin, job.id, deal.levels, now);
        let shared = |which: &Which| {
            which.of(deal.levels).is_some_and(|at| self.book.is_shared(deal.origin, *which, job.id, at))
        };
        match mine.filter(|which| !shared(which)) {
            Some(which) => self.change(job, deal, which.set(deal.levels, None, false), now, out),
            // Another order has taken its level over, or has it as well.
            None if self.book.knows(deal.origin, job.id) => {
                self.book.forget(deal.origin, job.id);
                out.events.push(job.answer(job.accepted(), now));
                out.events.extend(job.ended(OrderStatus::Canceled, Quantity::ZERO, deal.side.closing(), now));
            }
            None => out.events.push(no_such_level(job, now)),
        }
    }

    /// One request for both levels. What stands already is not asked for again.
    fn change(&mut self, job: Job, deal: &sim::Deal, levels: sim::Levels, now: Timestamp, out: &mut Outcomes) {
        if levels == deal.levels {
            self.agree(job, Some(now));
            out.events.push(job.answer(job.accepted(), now));
            return;
        }
        let set = sim::SetLevels { deal: deal.id, stop: levels.stop, limit: levels.limit };
        self.begin(job, levels, sim::DealAsk::Levels(set), now, out);
    }

    fn begin(&mut self, job: Job, asks: sim::Levels, ask: sim::DealAsk, now: Timestamp, out: &mut Outcomes) {
        self.requests += 1;
        let (number, ask_at) = (self.requests, now.plus(ASK_AFTER));
        let work = Work { number, job, sent_at: now, asks, reference: None, ask_at, questions: 0 };
        self.under_way.insert(job.subject, work);
        out.asks.push((job.account, (job.subject, number), sim::Ask::Deal(ask)));
    }

    /// The first answer to a request about a deal: "received", or a no at the door, or nothing.
    pub fn replied(
        &mut self,
        (subject, number): (Subject, u64),
        reply: sim::Reply,
        now: Timestamp,
        exchange: &sim::Exchange,
        out: &mut Outcomes,
    ) {
        let work = self.under_way.get_mut(&subject).filter(|work| work.number == number);
        let Some(work) = work else { return };
        let outcome = match reply {
            sim::Reply::Result(sim::Answer::Received { reference }) => {
                work.reference = Some(reference.clone());
                if let Subject::Deal(origin) = subject {
                    self.book.name_closing(origin, work.job.id, &reference);
                }
                // A change of levels goes under the deal's own reference: the verdict on an earlier one is not for this.
                let sent_at = work.sent_at;
                let its = |confirm: &sim::Confirm| confirm.reference == reference && confirm.at >= sent_at;
                let early = self.early.iter().rposition(its);
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
        self.finish(subject, outcome, now, exchange, out);
    }

    /// A verdict, from the stream or asked for.
    pub fn confirmed(&mut self, confirm: &sim::Confirm, now: Timestamp, exchange: &sim::Exchange, out: &mut Outcomes) {
        let meant = |work: &&Work| {
            let named = work.reference.as_ref() == Some(&confirm.reference) && confirm.at >= work.sent_at;
            named && fits(work, &confirm.verdict)
        };
        let Some(job) = self.under_way.values().find(meant).map(|work| work.job) else {
            self.early.push_back(confirm.clone());
            if self.early.len() > MOST_EARLY {
                self.early.pop_front();
            }
            return;
        };
        match &confirm.verdict {
            sim::Verdict::Accepted(done) if matches!(job.what, What::Remove) && self.still_stands(job, done, now) => {
                let text = "the venue has kept the level (venues/ig.md §4.3)";
                let refusal = Refusal::new(RefusalReason::Unsupported, text);
                self.finish(job.subject, Outcome::Refused(refusal), now, exchange, out);
            }
            sim::Verdict::Accepted(done) => {
                self.finish(job.subject, job.accepted(), now, exchange, out);
                tell_done(job, done, now, exchange, out);
            }
            sim::Verdict::Rejected(reason) => self.rejected(job, *reason, now, exchange, out),
        }
    }

    /// Whether a level that was to be removed is there all the same.
    fn still_stands(&self, job: Job, done: &sim::Accepted, now: Timestamp) -> bool {
        job.origin().is_some_and(|origin| self.book.level_of(origin, job.id, done.levels, now).is_some())
    }

    fn rejected(
        &mut self,
        job: Job,
        reason: sim::Reason,
        now: Timestamp,
        exchange: &sim::Exchange,
        out: &mut Outcomes,
    ) {
        let deal = job.origin().and_then(|origin| exchange.ledger().deal(origin));
        match (job.what, reason) {
            // "Now, at this level or better, or not at all": not at all (venues/ig.md §0 fact 6).
            (
                What::Close { limit: Some(_), .. },
                sim::Reason::LimitOrderWrongSide | sim::Reason::OrderSizeCannotBeFilled,
            ) => {
                self.finish(job.subject, job.accepted(), now, exchange, out);
                let ended =
                    |deal: &sim::Deal| job.ended(OrderStatus::Expired, Quantity::ZERO, deal.side.closing(), now);
                out.events.extend(deal.and_then(ended));
            }
            (What::Level { which, to, .. }, sim::Reason::AttachedOrderLevelError)
                if passed(exchange, deal, which, to) =>
            {
                let refusal = Refusal::new(RefusalReason::WouldTrigger, &reason.to_string());
                self.finish(job.subject, Outcome::Refused(refusal), now, exchange, out);
            }
            (What::Level { to, .. }, sim::Reason::AttachedOrderLevelError) if is_too_far(exchange, deal, to) => {
                let refusal = Refusal::new(RefusalReason::TooFar, &reason.to_string());
                self.finish(job.subject, Outcome::Refused(refusal), now, exchange, out);
            }
            _ => self.finish(job.subject, refusal::rejected(reason), now, exchange, out),
        }
    }

    /// The request is over; the next one about the same deal may leave.
    fn finish(
        &mut self,
        subject: Subject,
        outcome: Outcome,
        now: Timestamp,
        exchange: &sim::Exchange,
        out: &mut Outcomes,
    ) {
        let Some(work) = self.under_way.remove(&subject) else { return };
        if let Outcome::Accepted(_) = outcome {
            self.agree(work.job, None);
        }
        if let (Subject::Deal(origin), What::Level { which, to, .. }, Outcome::Refused(_)) =
            (subject, work.job.what, &outcome)
        {
            self.book.forget_level(origin, which, work.job.id, to);
        }
        // The answer to an older move would be taken for the newer one's.
        let mut waiting = self.waiting.get(&subject).into_iter().flatten();
        if !waiting.any(|waits| work.job.is_overtaken_by(waits)) {
            out.events.push(work.job.answer(outcome, work.sent_at));
        }
        self.go_on(subject, now, exchange, out);
    }

    /// A level that was asked for is the order's; when it stood there already, if it did.
    fn agree(&mut self, job: Job, stood: Option<Timestamp>) {
        if let (Some(origin), What::Level { which, to, .. }) = (job.origin(), job.what) {
            self.book.agree_level(origin, which, job.id, to, stood);
        }
    }

    /// Verdicts that are overdue: asked for a few times, then nobody knows.
    pub fn overdue(&mut self, now: Timestamp, exchange: &sim::Exchange, out: &mut Outcomes) {
        let due: Vec<Subject> =
            self.under_way.iter().filter(|(_, work)| work.ask_at <= now).map(|(subject, _)| *subject).collect();
        for subject in due {
            let Some(work) = self.under_way.get_mut(&subject) else { continue };
            let lost_at = work.sent_at.plus(LOST_AFTER);
            if work.reference.is_none() && now < lost_at {
                work.ask_at = lost_at;
                continue;
            }
            work.ask_at = now.plus(ASK_AFTER);
            work.questions += 1;
            match work.reference.clone().filter(|_| work.questions <= MOST_QUESTIONS) {
                Some(reference) => {
                    let ask = sim::Ask::Deal(sim::DealAsk::Confirm { reference });
                    out.asks.push((work.job.account, (subject, work.number), ask));
                }
                None => self.finish(subject, Outcome::Unknown(UnknownCause::TimedOut), now, exchange, out),
            }
        }
    }

    /// When a verdict is overdue.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.under_way.values().map(|work| work.ask_at).min()
    }
}

/// Whether a level stands farther from the price than the market's rules allow (venues/ig.md §6).
fn is_too_far(exchange: &sim::Exchange, deal: Option<&sim::Deal>, to: Price) -> bool {
    let far = |deal: &sim::Deal| {
        let dealing = exchange.rules(&deal.symbol)?.dealing.as_ref()?;
        let prices = exchange.prices(&deal.symbol)?;
        let price = prices.of(backstop_model::Series::executable(deal.side))?;
        let most = dealing.length(dealing.max_distance, price).ok()?;
        to.above(price).absolute().ok().map(|distance| distance > most)
    };
    deal.and_then(far).unwrap_or(false)
}

fn no_such_level(job: Job, now: Timestamp) -> Event {
    job.answer(Outcome::Refused(Refusal::new(RefusalReason::NotFound, "the deal has no such level")), now)
}

/// The deal is gone: what was to be cancelled is gone with it, and there is nothing to close or protect.
fn without_deal(job: Job, now: Timestamp, out: &mut Outcomes) {
    let reason = match job.asked {
        Asked::Cancel => RefusalReason::NotFound,
        Asked::Amend | Asked::Place => RefusalReason::ReduceOnly,
    };
    let text = sim::Reason::PositionNotFound.to_string();
    out.events.push(job.answer(Outcome::Refused(Refusal::new(reason, &text)), now));
}

/// What an accepted request has done to the order it was asked for.
fn tell_done(job: Job, done: &sim::Accepted, now: Timestamp, exchange: &sim::Exchange, out: &mut Outcomes) {
    let deal = job.origin().and_then(|origin| exchange.ledger().deal(origin));
    let (wanted, side) = match (job.what, deal) {
        (What::Open { quantity, side, .. }, _) => (quantity, side),
        (What::Close { quantity, .. }, Some(deal)) => (quantity, deal.side.closing()),
        (What::Remove, Some(deal)) => {
            out.events.extend(job.ended(OrderStatus::Canceled, Quantity::ZERO, deal.side.closing(), now));
            return;
        }
        (What::Level { .. }, _) | (What::Close { .. } | What::Remove, None) => return,
    };
    let status = if done.quantity >= wanted { OrderStatus::Filled } else { OrderStatus::Expired };
    out.events.extend(job.ended(status, done.quantity, side, now));
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
