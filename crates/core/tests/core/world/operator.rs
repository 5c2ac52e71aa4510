//! What the operator asks for in a script: entries, closing, pausing, another plan.

use super::World;
use super::heard::whose;
use crate::builders::{ACCOUNT, BTC, key, percent, plan_from, price, quantity, side};
use backstop_model::{EntryRequest, Event, Permit, PlanId, RequestId};
use std::sync::Arc;

impl World {
    /// Does what the line asks for. False when its first word is none of these.
    pub(super) fn asks(&mut self, head: &str, words: &str) -> bool {
        match head {
            "assign" => self.assign(words),
            "break-even" => self.handle(Event::BreakEven { position: whose(words).0 }),
            "close" => self.close(words),
            "drill" => self.handle(Event::Drill { position: key(side(words)) }),
            "open" => self.open(words),
            "pause" => self.handle(Event::Pause { position: whose(words).0, paused: true }),
            "permit" => self.permit(words),
            "resume" => self.handle(Event::Pause { position: whose(words).0, paused: false }),
            "symbol-plan" => {
                let plan = PlanId(words.parse().unwrap());
                self.handle(Event::SymbolPlan { account: ACCOUNT, instrument: BTC, plan: Some(plan) });
            }
            "take-back" => {
                let request = RequestId::new(words).unwrap();
                self.handle(Event::CancelEntry { account: ACCOUNT, request });
            }
            _ => return false,
        }
        true
    }

    fn permit(&mut self, words: &str) {
        let permit = match words {
            "all" => Permit::All,
            "observe" => Permit::Observe,
            _ => Permit::ProtectOnly,
        };
        self.handle(Event::Permit { account: ACCOUNT, permit });
    }

    /// `r1 long 0.1 [limit 49000] [plan other]`: the operator asks for an entry.
    fn open(&mut self, words: &str) {
        let parts: Vec<&str> = words.split_whitespace().collect();
        let after = |word: &str| parts.iter().position(|part| *part == word).map(|at| parts[at + 1]);
        self.handle(Event::Enter(EntryRequest {
            request: RequestId::new(parts[0]).unwrap(),
            position: key(side(parts[1])),
            quantity: quantity(parts[2]),
            limit: after("limit").map(price),
            plan: after("plan").map(|number| PlanId(number.parse().unwrap())),
        }));
    }

    /// `long`, or `long 50%`.
    fn close(&mut self, words: &str) {
        let event = match whose(words) {
            (position, Some(share)) => Event::ClosePart { position, share: percent(share) },
            (position, None) => Event::Close { position },
        };
        self.handle(event);
    }

    /// `long: stop 2%; tp 3%`: another plan for what is open.
    fn assign(&mut self, words: &str) {
        let (which, words) = words.split_once(": ").unwrap();
        let (plan, _) = plan_from(words).unwrap();
        let id = PlanId(9);
        self.handle(Event::DefinePlan { id, plan: Arc::new(plan) });
        self.handle(Event::AssignPlan { position: whose(which).0, plan: id });
    }
}
