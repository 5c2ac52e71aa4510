//! Answers to our commands: accepted, refused, unknown.
//!
//! A refusal is definite: the order does not exist and its leg may think again. Unknown is a state of the order that
//! ends by proof only (R4).

use super::{Ctx, Out, Position, Retry};
use crate::orders::{Change, Doubt, Leg, OrderState};
use backstop_model::{
    Answer, Asked, Command, OrderKind, Outcome, Permit, Refusal, RefusalReason, Severity, Span, Trigger,
};

/// A cancel that is refused so often is not taken at all.
const NOT_TAKEN: u16 = 3;

/// It has not left: nobody but us has heard of it.
fn is_not_sent(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(refusal) if refusal.reason == RefusalReason::NotSent)
}

impl Position {
    /// Takes in the answer to a command about one of our orders.
    pub(crate) fn answered(&mut self, answer: &Answer, ctx: Ctx, out: &mut Out) {
        let Some(index) = self.orders.iter().position(|order| order.id == answer.id) else {
            return self.entry_answered(answer, ctx, out);
        };
        match answer.asked {
            Asked::Place => self.place_answered(index, answer, ctx, out),
            Asked::Cancel => self.cancel_answered(index, answer, ctx, out),
            Asked::Amend => self.amend_answered(index, answer, ctx, out),
        }
    }

    fn place_answered(&mut self, index: usize, answer: &Answer, ctx: Ctx, out: &mut Out) {
        let order = &mut self.orders[index];
        if !matches!(order.state, OrderState::InFlight { .. } | OrderState::Unknown(_)) {
            // The stream was quicker (F-B04), or the answer is a repeat (F-A10).
            if let Outcome::Accepted(venue_id) = &answer.outcome {
                order.venue_id = order.venue_id.or(Some(*venue_id));
            }
            // It has not left: what the venue has told of under its id is one that nobody remembers, and is asked for (F-M13).
            if is_not_sent(&answer.outcome) && order.is_live() {
                order.state = OrderState::Unknown(Doubt::new(ctx.now, answer.sent_at));
            }
            return;
        }
        match &answer.outcome {
            Outcome::Accepted(venue_id) => {
                order.venue_id = Some(*venue_id);
                order.state = OrderState::Working { change: None };
                order.seen_at = ctx.now;
                let taken = order.clone();
                self.taken(&taken, ctx, out);
            }
            Outcome::Refused(refusal) if refusal.reason == RefusalReason::DuplicateId => {
                // The first one exists or existed: ask for it, never take a new id (F-A11).
                order.state = OrderState::Unknown(Doubt::new(ctx.now, answer.sent_at));
                let (leg, id) = (order.leg, order.tranche);
                // A stop may be placed once more before it is proven absent (R13), and be refused again: not hot (I36).
                let Some(live) = &mut self.live else { return };
                if leg == Leg::WholeStop {
                    let retry = Retry::after(live.whole.retry.get(), None, ctx.now);
                    live.whole.retry.put(Some(retry));
                } else if let Some(tranche) = live.tranche_mut(id).filter(|_| leg.is_own_stop()) {
                    tranche.hold(leg, ctx.now);
                }
            }
            outcome if is_not_sent(outcome) => {
                // Nobody has heard of it: nothing is counted against a leg that has to wait for its permit. What may go while
                // only protection does, and still cannot, is asked for again in a while and not at once (I36). Where
                // everything may go it was decided on what is known better now, and is decided anew.
                let order = self.orders.remove(index);
                let tranche = self.live.as_mut().and_then(|live| live.tranche_mut(order.tranche));
                if let Some(tranche) = tranche.filter(|_| ctx.permit != Permit::All && order.leg.takes_at_once()) {
                    tranche.hold(order.leg, ctx.now);
                }
            }
            Outcome::Refused(refusal) => {
                let order = self.orders.remove(index);
                self.refused(&order, refusal, ctx, out);
            }
            Outcome::Unknown(_) => {
                if !matches!(order.state, OrderState::Unknown(_)) {
                    order.state = OrderState::Unknown(Doubt::new(ctx.now, answer.sent_at));
                    self.level_in_doubt(index, ctx);
                }
            }
        }
    }

    fn cancel_answered(&mut self, index: usize, answer: &Answer, ctx: Ctx, out: &mut Out) {
        let order = &mut self.orders[index];
        let OrderState::Working { change: Some(Change::Cancelling { agreed: was_agreed, .. }) } = order.state else {
            return;
        };
        let agreed = match &answer.outcome {
            Outcome::Accepted(_) => true,
            // It may be gone because it filled: ask (F-B07).
            Outcome::Refused(refusal) if refusal.reason == RefusalReason::NotFound => {
                let (account, instrument, deal, id) = (self.key.account, self.key.instrument, self.key.deal, order.id);
                out.commands.push(Command::Lookup { account, instrument, id, deal });
                true
            }
            Outcome::Refused(refusal) if refusal.reason == RefusalReason::Unsupported => {
                order.state = OrderState::Working { change: None };
                return self.cancel_not_taken(index, refusal, ctx, out);
            }
            // It has not left, because the order is needed again: whether it goes is decided anew.
            outcome if is_not_sent(outcome) => {
                order.state = OrderState::Working { change: None };
                return;
            }
            // One that was repeated is refused: what the first one was told stands.
            Outcome::Refused(_) | Outcome::Unknown(_) if was_agreed => return,
            // Repeated when overdue: a cancel is repeatable at any time (R13).
            Outcome::Refused(_) | Outcome::Unknown(_) => false,
        };
        order.state = OrderState::Working { change: Some(Change::Cancelling { since: ctx.now, agreed }) };
    }

    /// The venue does not take the cancel at all, as one that keeps a level which a change of the other does not name
    /// (venues/ig.md §4.3). It rests; the same is asked for ever more rarely, and people are told once (I36).
    fn cancel_not_taken(&mut self, index: usize, refusal: &Refusal, ctx: Ctx, out: &mut Out) {
        let (key, id, leg) = (self.key, self.orders[index].tranche, self.orders[index].leg);
        let Some(tranche) = self.live.as_mut().and_then(|live| live.tranche_mut(id)) else { return };
        let refusals = tranche.hold(leg, ctx.now);
        if refusals < NOT_TAKEN {
            return;
        }
        if let Some(retry) = tranche.retries.get_mut(&leg) {
            retry.at = ctx.now.plus(Span::from_secs(30));
        }
        if refusals == NOT_TAKEN {
            let text = format!(
                "{} {}: the venue does not take back {leg} ({refusal}); it rests there until the position is closed or another takes its place",
                ctx.instrument.symbol, key.side
            );
            out.tell(Severity::Alarm, key, text);
        }
    }

    fn amend_answered(&mut self, index: usize, answer: &Answer, ctx: Ctx, out: &mut Out) {
        let order = &mut self.orders[index];
        let OrderState::Working { change: Some(Change::Amending { price, quantity, guaranteed, .. }) } = order.state
        else {
            return;
        };
        if answer.sent_at < order.changed_at {
            // The stream was quicker: this is the answer to a move that is known, and another one is under way (F-B04).
            return;
        }
        match &answer.outcome {
            Outcome::Accepted(_) => {
                if let OrderKind::StopMarket(Trigger { source, .. }) = order.kind {
                    order.kind = OrderKind::StopMarket(Trigger { price, source, guaranteed });
                }
                order.quantity = order.filled.plus(quantity).unwrap_or(quantity);
                // What could be moved is there.
                (order.maybe_at, order.unheard, order.maybe_gone) = (None, 0, false);
                order.state = OrderState::Working { change: None };
                order.seen_at = ctx.now;
                // It was moved after we asked: a read from before that shows it where it was (F-E16).
                order.changed_at = order.changed_at.max(answer.sent_at);
                let taken = order.clone();
                self.taken(&taken, ctx, out);
            }
            // It has not left: where it is to go is decided anew.
            outcome if is_not_sent(outcome) => order.state = OrderState::Working { change: None },
            Outcome::Refused(refusal) => {
                (order.state, order.unheard) = (OrderState::Working { change: None }, 0);
                if refusal.reason == RefusalReason::NotFound {
                    // It may have gone unheard, or another one may have taken its place: it is asked for, and counts for nothing meanwhile (I7).
                    order.maybe_gone = true;
                    let (account, instrument, deal, id) =
                        (self.key.account, self.key.instrument, self.key.deal, order.id);
                    out.commands.push(Command::Lookup { account, instrument, id, deal });
                }
                let mut asked = order.clone();
                if let OrderKind::StopMarket(trigger) = &mut asked.kind {
                    (trigger.price, trigger.guaranteed) = (price, guaranteed);
                }
                self.refused(&asked, refusal, ctx, out);
                self.slow_moves(&asked, ctx);
            }
            // Like one that has no answer: a move is repeatable, and is asked for again when this one is overdue, not hot (I36).
            Outcome::Unknown(_) => {}
        }
    }
}
