//! A request arrives: is it in time, is the venue up, what does it do, what is answered.
//!
//! Placing and amending stand in `placing` and its neighbours, deals in `dealing`; here are the door in front of them,
//! cancelling, and reading.

use crate::exchange::{Due, Exchange};
use crate::faults::{Fault, Http};
use crate::habits::{EvictionAnswer, FoundFor, RequestWindow};
use crate::order::Order;
use crate::placing::Placed;
use crate::refusal::{self, Refused};
use crate::report::{AccountView, Answer, Cause, Fill, ModeView, OrderView, PositionView, Reply, Status};
use crate::request::{Ask, Request, Ticket};
use backstop_model::{Span, Timestamp};
use std::collections::BTreeSet;

/// Whether a query does not find an order any more, because it was over long ago.
fn is_forgotten(order: &Order, now: Timestamp, found_for: FoundFor) -> bool {
    let kept = if order.executed.is_zero() { found_for.unfilled } else { found_for.filled };
    !order.is_open() && order.history.last().is_some_and(|change| now.since(change.at) > kept)
}

impl Exchange {
    pub(crate) fn arrive(&mut self, ticket: Ticket, account: &str, request: Request) {
        let reply = match self.reply_to(account, request) {
            Reply::Refused(refused) => Reply::Refused(self.habits.requests.numbers.spoken(refused)),
            other @ (Reply::HttpError { .. } | Reply::Lost | Reply::Result(_)) => other,
        };
        self.respond(account, ticket, reply);
    }

    fn reply_to(&mut self, account: &str, request: Request) -> Reply {
        let now = self.now;
        if let Some(too_many) = self.counts() {
            return too_many;
        }
        if let Err(refused) = self.check_window(account, &request) {
            return Reply::Refused(refused);
        }
        if self.faults.strikes_on(Fault::Maintenance, now, &request.ask) {
            return Reply::Refused(refusal::SHUTTING_DOWN.refused());
        }
        if self.faults.strikes_on(Fault::Http, now, &request.ask) {
            let Http { status, body, retry_after, executes } = self.faults.http.clone();
            if self.faults.dice().strikes(executes) {
                // The client is told nothing of how it went.
                let _outcome = self.act(account, &request.ask);
            }
            return Reply::HttpError { status, body, retry_after };
        }
        if self.faults.strikes_on(Fault::Reject, now, &request.ask) {
            return Reply::Refused(self.faults.refusal.clone());
        }
        if request.ask.mutates() && self.faults.strikes_on(Fault::LateExecution, now, &request.ask) {
            return self.put_off(account, request);
        }
        match self.act(account, &request.ask) {
            Ok(answer) => Reply::Result(answer),
            Err(refused) => Reply::Refused(refused),
        }
    }

    /// Answers that nobody knows, and executes somewhere between now and the end of the request's window (F-A07).
    fn put_off(&mut self, account: &str, request: Request) -> Reply {
        let until = self.latest(&request).unwrap_or(request.sent_at.plus(request.valid_for));
        let later = self.faults.dice().within(until.since(self.now));
        self.plan(self.now.plus(later), Due::ExecuteLate { account: account.to_owned(), request });
        match &self.faults.late_reply {
            Some(refused) => Reply::Refused(refused.clone()),
            None => {
                let Http { status, body, retry_after, .. } = Http::unknown_503(0);
                Reply::HttpError { status, body, retry_after }
            }
        }
    }

    /// Executes a request whose answer has long gone out; the engine keeps the window too (-5028).
    pub(crate) fn execute_late(&mut self, account: &str, request: &Request) {
        if self.latest(request).is_none_or(|latest| self.now <= latest) {
            // Whether it was accepted shows in the stream and in later reads.
            let _outcome = self.act(account, &request.ask);
        }
    }

    /// Does what is asked.
    pub(crate) fn act(&mut self, account: &str, ask: &Ask) -> Result<Answer, Refused> {
        if self.ledger.account(account).is_none() {
            return Err(refusal::NO_ACCOUNT.about(account));
        }
        match ask {
            Ask::Amend(amend) => self.amend(account, amend).map(|order| Answer::Order(Box::new(order))),
            Ask::Cancel { client_id } => self.cancel(account, client_id).map(|order| Answer::Order(Box::new(order))),
            Ask::Deal(ask) => self.receive_deal(account, ask.clone()),
            Ask::Fills { since } => {
                let newer = self.ledger.fills_since(*since).iter();
                let listed = newer.filter(|fill| fill.account == account && !self.is_withheld(fill.id));
                let shown = |fill: &Fill| Fill { annulled_at: self.ledger.annulled_at(fill.id), ..fill.clone() };
                Ok(Answer::Fills(listed.map(shown).collect()))
            }
            Ask::FlashClose { symbol, side } => self.flash_close(account, symbol, *side).and_then(|id| self.placed(id)),
            Ask::Mode => self.mode_view(account).map(Answer::Mode),
            Ask::Place(place) => self.place(account, place.clone()).and_then(|id| self.placed(id)),
            Ask::PlaceHedged { place, trade } => {
                self.place_hedged(account, place, *trade).and_then(|id| self.placed(id))
            }
            Ask::Protect(protect) => self.protect(account, protect).and_then(|id| self.placed(id)),
            Ask::Query { client_id } => self.query(account, client_id).map(|order| Answer::Order(Box::new(order))),
            Ask::Revoke => match self.habits.requests.window {
                // Its time stamp was used up at the door.
                RequestWindow::Nonce { .. } => Ok(Answer::Revoked),
                RequestWindow::AsSent | RequestWindow::Fixed(_) | RequestWindow::Unbounded => {
                    Err(refusal::UNSUPPORTED.about("noop"))
                }
            },
            Ask::Rules { symbol } => {
                let rules = self.rules(symbol).ok_or_else(|| refusal::UNSUPPORTED.about(symbol))?;
                Ok(Answer::Rules(Box::new(rules.clone())))
            }
            Ask::Snapshot => self.snapshot(account).map(Answer::Snapshot),
        }
    }

    /// What is answered to an order that was accepted.
    fn placed(&self, placed: Placed) -> Result<Answer, Refused> {
        let view = self.shown(placed.id).ok_or_else(|| refusal::NO_SUCH_ORDER.refused())?;
        match self.habits.exits.evicted {
            EvictionAnswer::WithoutId if placed.evicted > 0 => Ok(Answer::Accepted { client_id: view.client_id }),
            EvictionAnswer::WithId | EvictionAnswer::WithoutId => Ok(Answer::Order(Box::new(view))),
        }
    }

    /// The open order with this client id, if the client can still do something about it.
    pub(crate) fn open_order(&self, account: &str, client_id: &str) -> Option<u64> {
        self.ledger.orders_of(account, client_id).rev().find(|order| order.is_open()).map(|order| order.id)
    }

    fn cancel(&mut self, account: &str, client_id: &str) -> Result<OrderView, Refused> {
        let id = self.open_order(account, client_id).ok_or_else(|| refusal::UNKNOWN_ORDER.about(client_id))?;
        // Once it triggers it is out of the client's hands (venues/binance.md §0 fact 4), and what rests then may have another
        // name.
        let out_of_reach = |order: &Order| match order.status {
            Status::Triggering | Status::Triggered => true,
            _ => order.child_client_id.as_deref().is_some_and(|child| child != client_id),
        };
        if self.ledger.order(id).is_some_and(out_of_reach) {
            return Err(refusal::UNKNOWN_ORDER.about(client_id));
        }
        self.end(id, Status::Canceled, None);
        self.shown(id).ok_or_else(|| refusal::UNKNOWN_ORDER.refused())
    }

    fn query(&mut self, account: &str, client_id: &str) -> Result<OrderView, Refused> {
        let now = self.now;
        let not_found = || refusal::NO_SUCH_ORDER.about(client_id);
        if self.faults.strikes(Fault::ForgetOrder, now) {
            return Err(not_found());
        }
        let (as_of, found_for) = (self.read_as_of(now), self.habits.requests.found_for);
        let known = self.ledger.orders_of(account, client_id).rev();
        let known = known.filter(|order| !is_forgotten(order, now, found_for));
        let newest = known.into_iter().find_map(|order| order.view_as_of(as_of));
        newest.map(|view| self.as_told(view)).ok_or_else(not_found)
    }

    fn mode_view(&mut self, account: &str) -> Result<ModeView, Refused> {
        let at = self.read_as_of(self.now);
        let owner = self.ledger.account(account).ok_or_else(|| refusal::NO_ACCOUNT.about(account))?;
        Ok(ModeView { at, mode: owner.mode_as_of(at) })
    }

    fn snapshot(&mut self, account: &str) -> Result<AccountView, Refused> {
        let as_of = self.read_as_of(self.now);
        self.view(account, as_of).ok_or_else(|| refusal::NO_ACCOUNT.about(account))
    }

    /// The account as it truly is, or was: what an unfaulted snapshot says.
    #[must_use]
    pub fn view(&self, account: &str, as_of: Timestamp) -> Option<AccountView> {
        let shown = |symbol: &str, slot, holding, at| {
            let deal = self.deal_view(slot, as_of).map(Box::new);
            PositionView { deal, ..self.position_view(account, symbol, slot, holding, at) }
        };
        let open = |order: &&crate::order::Order| order.account == account;
        let orders = if as_of >= self.now {
            // Open orders are known per market; only the past has to be looked for among all.
            let ids: BTreeSet<u64> = self.markets.values().flat_map(|market| &market.open).copied().collect();
            let orders = ids.iter().filter_map(|id| self.ledger.order(*id));
            orders.filter(open).map(|order| self.as_told(order.view())).collect()
        } else {
            let then = self.ledger.orders().filter(open).filter_map(|order| order.view_as_of(as_of));
            then.filter(|view| view.status.is_open()).map(|view| self.as_told(view)).collect()
        };
        self.ledger.view_as_of(account, as_of, orders, shown)
    }

    fn read_as_of(&mut self, now: Timestamp) -> Timestamp {
        if self.faults.strikes(Fault::StaleRead, now) {
            return now.plus(Span::from_nanos(self.faults.stale_by.as_nanos().saturating_neg()));
        }
        now
    }

    /// Ends an open order and tells its owner.
    pub(crate) fn end(&mut self, id: u64, status: Status, cause: Option<Cause>) {
        let now = self.now;
        let Some(order) = self.ledger.orders.get_mut(&id) else { return };
        if !order.is_open() {
            return;
        }
        order.turn(now, status, cause);
        if let Some(market) = self.markets.get_mut(&order.place.symbol) {
            market.open.remove(&id);
        }
        self.publish_order(id, None);
    }
}
