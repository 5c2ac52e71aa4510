//! The two steps of a request about a deal: "received" at the door, and the confirm that can be asked for later
//! (venues/ig.md §0 fact 3, §4.5). Here are also people who deal at the venue's own screen.
//!
//! What the deal itself does stands in `dealing`.

use crate::deal::{CloseTarget, Confirm, DealAsk, DealOrder, Fulfilment, OpenDeal, Reason, SetLevels, Verdict};
use crate::exchange::{Counters, Due, Exchange};
use crate::habits::{AmendReference, ConfirmTold, DealHabits};
use crate::numbers::http;
use crate::refusal::{self, Refused};
use crate::report::{Answer, StreamEvent};
use backstop_model::{PositionMode, PositionSide, Quantity};

impl Exchange {
    /// The habits of deals; the page's where the venue has none of its own.
    pub(crate) fn deal_habits(&self) -> DealHabits {
        self.habits.deals.unwrap_or_default()
    }

    /// Takes a request in, or answers what has become of an earlier one.
    pub(crate) fn receive_deal(&mut self, account: &str, ask: DealAsk) -> Result<Answer, Refused> {
        if self.mode_of(account)? != PositionMode::PerDeal {
            return Err(refusal::UNSUPPORTED.about("deals"));
        }
        if let DealAsk::Confirm { reference } = &ask {
            return self.confirm_of(account, reference).map(|confirm| Answer::Confirm(Box::new(confirm)));
        }
        self.check_at_door(&ask)?;
        let reference = self.reference_for(account, &ask);
        let due = Due::Deal { account: account.to_owned(), reference: reference.clone(), ask };
        self.plan(self.now.plus(self.deal_habits().verdict_after), due);
        Ok(Answer::Received { reference })
    }

    /// What is refused before anything is received: requests that are malformed (venues/ig.md §4.2).
    fn check_at_door(&self, ask: &DealAsk) -> Result<(), Refused> {
        let (order, symbol) = match ask {
            DealAsk::Close(close) => match &close.target {
                CloseTarget::Deal(_) => (close.order, None),
                CloseTarget::Epic(symbol) => (close.order, Some(symbol)),
            },
            DealAsk::Confirm { .. } | DealAsk::Levels(_) => return Ok(()),
            DealAsk::Open(open) => {
                self.check_opening(open)?;
                (open.order, Some(&open.symbol))
            }
        };
        if matches!(order, DealOrder::Stop(_)) {
            return Err(http(400, "invalid.request.orderType"));
        }
        if symbol.is_some_and(|symbol| !self.markets.contains_key(symbol)) {
            return Err(http(404, "error.trading.otc.instrument-not-found"));
        }
        Ok(())
    }

    fn check_opening(&self, open: &OpenDeal) -> Result<(), Refused> {
        if !open.force_open && (open.stop.is_some() || open.limit.is_some()) {
            return Err(http(400, "validation.target-value-conditional-set-value.request"));
        }
        match &open.reference {
            Some(reference) if !self.habits.requests.id_form.fits(reference) => {
                Err(http(400, "invalid.request.dealReference"))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The client's for an opening, the deal's for its levels, else one that the venue makes up.
    fn reference_for(&mut self, account: &str, ask: &DealAsk) -> String {
        let known = match ask {
            DealAsk::Open(open) => open.reference.clone(),
            DealAsk::Levels(levels) => match self.deal_habits().amend_reference {
                AmendReference::Fresh => None,
                AmendReference::OfDeal => {
                    self.ledger.open_deal(account, levels.deal).map(|deal| deal.reference.clone())
                }
            },
            DealAsk::Close(_) | DealAsk::Confirm { .. } => None,
        };
        known.unwrap_or_else(|| self.made_up_reference())
    }

    fn made_up_reference(&mut self) -> String {
        let number = Counters::next(&mut self.counters.reference);
        format!("VENUE{number:010}")
    }

    /// Does what was received, and gives the verdict.
    pub(crate) fn settle_deal(&mut self, account: &str, reference: String, ask: DealAsk) {
        let symbol = match &ask {
            DealAsk::Close(close) => match &close.target {
                CloseTarget::Deal(id) => self.symbol_of(account, *id),
                CloseTarget::Epic(symbol) => Some(symbol.clone()),
            },
            DealAsk::Confirm { .. } => None,
            DealAsk::Levels(levels) => self.symbol_of(account, levels.deal),
            DealAsk::Open(open) => Some(open.symbol.clone()),
        };
        self.held_updates = match self.deal_habits().confirm_told {
            ConfirmTold::AfterUpdate => None,
            ConfirmTold::BeforeUpdate => Some(Vec::new()),
        };
        let verdict = match self.dealt(account, &reference, &ask) {
            Ok(accepted) => Verdict::Accepted(Box::new(accepted)),
            Err(reason) => Verdict::Rejected(reason),
        };
        self.confirm(account, Confirm { at: self.now, reference, symbol, verdict });
        for update in self.held_updates.take().unwrap_or_default() {
            self.publish(account, StreamEvent::DealUpdate(Box::new(update)));
        }
    }

    fn symbol_of(&self, account: &str, deal: u64) -> Option<String> {
        self.ledger.open_deal(account, deal).map(|deal| deal.symbol.clone())
    }

    /// Tells a verdict, and keeps it for those who ask; of one reference the newest.
    pub(crate) fn confirm(&mut self, account: &str, confirm: Confirm) {
        if let Some(kept) = self.deal_habits().readable_for {
            let now = self.now;
            self.confirms.retain(|_, known| now <= known.at.plus(kept));
        }
        self.confirms.insert((account.to_owned(), confirm.reference.clone()), confirm.clone());
        self.publish(account, StreamEvent::Confirm(Box::new(confirm)));
    }

    /// A verdict can be found neither at once nor for ever (venues/ig.md §4.5).
    fn confirm_of(&self, account: &str, reference: &str) -> Result<Confirm, Refused> {
        let DealHabits { readable_after, readable_for, .. } = self.deal_habits();
        let known = self.confirms.get(&(account.to_owned(), reference.to_owned()));
        let readable = known.filter(|confirm| {
            let from = confirm.at.plus(readable_after);
            from <= self.now && readable_for.is_none_or(|kept| self.now <= confirm.at.plus(kept))
        });
        readable.cloned().ok_or_else(|| http(404, "error.confirms.deal-not-found"))
    }

    /// Somebody opens a deal at the venue's own screen, or closes what is open on a side, oldest first.
    pub(crate) fn deal_by_hand(
        &mut self,
        account: &str,
        symbol: &str,
        side: PositionSide,
        opens: bool,
        quantity: Quantity,
    ) -> Result<(), Refused> {
        let number = Counters::next(&mut self.counters.hand);
        let (order, fulfilment) = (DealOrder::Market, Fulfilment::ExecuteAndEliminate);
        let ask = if opens {
            DealAsk::Open(OpenDeal {
                reference: None,
                symbol: symbol.to_owned(),
                side: side.opening(),
                quantity,
                order,
                fulfilment,
                force_open: true,
                stop: None,
                limit: None,
            })
        } else {
            let target = CloseTarget::Epic(symbol.to_owned());
            DealAsk::Close(crate::deal::CloseDeal { target, side: side.closing(), quantity, order, fulfilment })
        };
        self.dealt(account, &format!("web-{number}"), &ask).map(|_| ()).map_err(rejected)
    }

    /// Somebody moves a deal's levels at the venue's own screen.
    pub(crate) fn move_levels_by_hand(&mut self, account: &str, levels: SetLevels) -> Result<(), Refused> {
        self.set_levels(account, &levels).map(|_| ()).map_err(rejected)
    }

    /// How much is open on a side in all deals of a market.
    pub(crate) fn dealt_quantity(&self, account: &str, symbol: &str, side: PositionSide) -> Quantity {
        self.quantity_of(&self.deals_against(account, symbol, side.closing()))
    }
}

/// A screen says no at once, in the words of the confirm.
fn rejected(reason: Reason) -> Refused {
    http(400, &reason.to_string())
}
