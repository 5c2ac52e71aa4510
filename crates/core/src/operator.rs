//! What operators ask for, handed to the position they mean. What follows from it is `position/by_hand.rs`.

use crate::engine::{Engine, Turn};
use crate::orders::Unwanted;
use backstop_model::{AccountId, ExitReason, Notice, Permit, PlanId, PositionKey, Ratio, Severity};

impl Engine {
    pub(crate) fn assign_plan(&mut self, key: PositionKey, plan: PlanId, turn: &mut Turn) {
        if self.is_left_alone(key, turn) {
            return;
        }
        let known = self.plans.get(&plan).cloned();
        self.tell(key, turn, |position, ctx, out| {
            position.assigned = Some(plan);
            known.map_or(Ok(()), |plan| position.change_plan(&plan, ctx, out))
        });
    }

    pub(crate) fn break_even(&mut self, key: PositionKey, turn: &mut Turn) {
        if self.is_left_alone(key, turn) {
            return;
        }
        self.tell_known(key, turn, |position, ctx, out| position.break_even(ctx, out));
    }

    pub(crate) fn close(&mut self, key: PositionKey, turn: &mut Turn) {
        if self.is_left_alone(key, turn) {
            return;
        }
        self.tell(key, turn, |position, ctx, _| {
            position.stop_entering(Unwanted::Closed(ExitReason::Manual));
            if let Some(live) = &mut position.live {
                live.close(ExitReason::Manual, ctx.now);
            }
            Ok(())
        });
    }

    pub(crate) fn close_part(&mut self, key: PositionKey, share: Ratio, turn: &mut Turn) {
        if self.is_left_alone(key, turn) {
            return;
        }
        self.tell_known(key, turn, |position, ctx, out| position.close_part(share, ctx, out));
    }

    pub(crate) fn pause(&mut self, key: PositionKey, paused: bool, turn: &mut Turn) {
        if self.is_left_alone(key, turn) {
            return;
        }
        self.tell_known(key, turn, |position, ctx, out| {
            position.pause(paused, ctx, out);
            Ok(())
        });
    }

    /// The account is limited to other symbols: what the operator asks for is not done, and he is told.
    fn is_left_alone(&self, key: PositionKey, turn: &mut Turn) -> bool {
        let Some(ctx) = self.ctx(key, turn.now).filter(|ctx| ctx.leaves_alone()) else { return false };
        let text = format!(
            "{} {}: not done: account {} is limited to other symbols; see `symbols` in the configuration",
            ctx.instrument.symbol, key.side, ctx.account.name
        );
        turn.notices.push(Notice::new(Severity::Warning, key, text));
        true
    }

    pub(crate) fn drill(&mut self, key: PositionKey, turn: &mut Turn) {
        self.tell(key, turn, |position, ctx, _| {
            position.drill(ctx);
            Ok(())
        });
    }

    pub(crate) fn permit(&mut self, account: AccountId, permit: Permit, turn: &mut Turn) {
        turn.changed |= self.permits.insert(account, permit) != Some(permit);
        let of_account = self.slots.iter().filter(|(key, _)| key.account == account);
        for slot in of_account.map(|(_, slot)| *slot).collect::<Vec<_>>() {
            self.with(slot, turn, |_, _, _| Ok(()));
        }
    }
}
