//! Refusals in a row of one leg: which of them people are told, and that they are over. The first few are told one by one;
//! then each time their number has doubled, so that a bad day is a page and not a book.

use super::scene::title;
use super::{Ctx, Out, Position, Retry, Tranche};
use crate::orders::{Leg, OpenOrder, OrderState};
use backstop_model::{RefusalReason, Severity, Span, Timestamp, TrancheId};

/// So many are told one by one.
const FEW: u16 = 4;
/// From so many in a row on a move of a stop waits longer.
const MANY: u16 = 8;
/// So long: the stop stands where it is, and the venue is asked less often than for one that is missing (I36).
const STANDS: Span = Span::from_secs(5);

impl Retry {
    /// Whether people are told of this refusal.
    #[must_use]
    pub const fn is_told(&self) -> bool {
        self.in_row <= FEW || self.in_row.is_power_of_two()
    }

    /// Whether the last one said that it is too little.
    #[must_use]
    pub fn is_small(&self) -> bool {
        self.why == Some(RefusalReason::BelowMinimum)
    }

    /// Which one it is, where they are not told one by one any more: ` for the 16th time in a row, 48s after the first`.
    #[must_use]
    pub fn how_often(&self, now: Timestamp) -> String {
        if self.in_row <= FEW {
            return String::new();
        }
        // Of the powers of two only those that end in 2, and not in 12, are no "th".
        let ending = if self.in_row % 10 == 2 && self.in_row % 100 != 12 { "nd" } else { "th" };
        format!(" for the {}{ending} time in a row, {} after the first", self.in_row, now.since(self.since).in_words())
    }
}

impl Tranche {
    /// The refusals of its stop: of the part that was refused most often, where it has several; of the one for the whole
    /// position, where there is no other.
    #[must_use]
    pub fn stop_retry(&self) -> Option<Retry> {
        let stops = self.retries.iter().filter(|(leg, _)| leg.is_stop());
        stops.map(|(_, retry)| *retry).max_by_key(|retry| retry.refusals)
    }

    /// Whether its stop, or a part of it, waits after a refusal.
    #[must_use]
    pub fn is_stop_held(&self, now: Timestamp) -> bool {
        self.retries.iter().any(|(leg, retry)| leg.is_stop() && retry.at > now)
    }

    /// The refusals of its stop are over; what they came to.
    pub(super) fn forget_stop_retries(&mut self) -> Option<Retry> {
        let over = self.stop_retry();
        if let Some(retries) = self.retries.held() {
            retries.retain(|leg, _| !leg.is_stop());
        }
        over
    }
}

impl Position {
    /// A move of a stop was refused. Between the requests that the venue refuses lie those of which nobody knows what became, so that
    /// the pause alone does not see to it that there are few in a minute.
    pub(super) fn slow_moves(&mut self, stop: &OpenOrder, ctx: Ctx) {
        let Some(live) = &mut self.live else { return };
        let whole = live.whole.retry.get().filter(|_| stop.leg == Leg::WholeStop);
        if let Some(retry) = whole.filter(|retry| retry.in_row >= MANY) {
            live.whole.retry.put(Some(Retry { at: retry.at.max(ctx.now.plus(STANDS)), ..retry }));
        }
        let own = live.tranche_mut(stop.tranche).and_then(|tranche| tranche.retries.get_mut(&stop.leg));
        if let Some(retry) = own.filter(|retry| retry.in_row >= MANY) {
            retry.at = retry.at.max(ctx.now.plus(STANDS));
        }
    }

    /// The venue has taken an order: the refusals before it are over, and where they were many, people are told.
    pub(super) fn taken(&mut self, order: &OpenOrder, ctx: Ctx, out: &mut Out) {
        let (key, leg, id) = (self.key, order.leg, order.tranche);
        // One of a trade that is over says nothing of what is asked for now (I36).
        let Some(live) = self.live.as_mut().filter(|_| order.epoch == self.epoch) else { return };
        let mut over = Vec::new();
        if leg == Leg::WholeStop {
            // Another one that is under way hears of itself first: refused once more, it is not refused for the first time (I36).
            let other = |one: &OpenOrder| one.leg == leg && one.id != order.id;
            let under_way = |one: &OpenOrder| other(one) && matches!(one.state, OrderState::InFlight { .. });
            if !self.orders.iter().any(under_way) {
                over.extend(live.whole.retry.take());
            }
            // Those that it serves; a nearer stop is another request, and waits its time (I36).
            let at = order.stop_price();
            // One whose own is under way hears of that first: refused once more, it is not refused for the first time.
            let asks = |id: TrancheId| {
                let own = |order: &OpenOrder| order.leg.is_own_stop() && order.tranche == id;
                self.orders.iter().any(|order| own(order) && matches!(order.state, OrderState::InFlight { .. }))
            };
            let is_served =
                |tranche: &Tranche| tranche.resting_stop().map(|stop| stop.price) == at && !asks(tranche.id);
            let served = live.tranches.iter_mut().filter(|tranche| is_served(tranche));
            over.extend(served.filter_map(Tranche::forget_stop_retries));
        }
        over.extend(live.tranche_mut(id).and_then(|tranche| tranche.retries.held()?.remove(&leg)));
        let over = over.into_iter().max_by_key(|retry| retry.in_row);
        let Some(over) = over.filter(|over| over.in_row > FEW) else { return };
        let after = ctx.now.since(over.since).in_words();
        let text = format!(
            "{}: {leg} accepted by the venue after {} refusals in {after}",
            title(key.side, id, ctx),
            over.in_row
        );
        out.tell(Severity::Note, key, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A venue that refuses now for the place and now for something else is asked less and less often all the same (I36).
    #[test]
    fn only_the_first_word_of_the_place_makes_it_another_request() {
        use RefusalReason::{Other, Throttled, TooNear};
        let (mut now, mut retry) = (Timestamp::EPOCH, None);
        let pauses = [Throttled, Throttled, Throttled, TooNear, Other, TooNear, Other, TooNear, TooNear].map(|why| {
            let next = Retry::after(retry, Some(why), now);
            let pause = next.at.since(now);
            (now, retry) = (next.at, Some(next));
            pause
        });
        let expected = [200, 400, 800, 400, 800, 1_600, 3_200, 3_600, 3_600];
        assert_eq!(pauses, expected.map(Span::from_millis));
    }
}
