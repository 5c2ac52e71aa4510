//! Where the lease of a life is kept: one holder at a time, for ten seconds from each asking, under an epoch that counts up
//! with every new holder (F-K01). It can be out of reach (F-K04).
//!
//! It stands for a database that two hosts ask; the file of one machine is the store's own and is tested there. What
//! follows from an answer is the production lease's business.

use backstop_model::Timestamp;
use backstop_runtime::lease::TTL;
use backstop_store::LeaseAnswer;

/// The table of one lease.
#[derive(Debug, Default)]
pub struct LeaseTable {
    holder: Option<u64>,
    epoch: u64,
    until: Timestamp,
    down_until: Timestamp,
}

impl LeaseTable {
    /// Somebody asks for the lease, or for keeping it.
    pub fn ask(&mut self, token: u64, now: Timestamp) -> LeaseAnswer {
        if now < self.down_until {
            return LeaseAnswer::Unreachable;
        }
        if self.holder != Some(token) {
            if self.holder.is_some() && now < self.until {
                return LeaseAnswer::Held;
            }
            self.holder = Some(token);
            self.epoch += 1;
            self.until = now.plus(TTL);
            return LeaseAnswer::Granted { epoch: self.epoch, taken_over: self.epoch > 1 };
        }
        self.until = now.plus(TTL);
        LeaseAnswer::Granted { epoch: self.epoch, taken_over: false }
    }

    /// Nobody reaches it until then.
    pub fn goes_down(&mut self, until: Timestamp) {
        self.down_until = self.down_until.max(until);
    }

    /// Everybody reaches it.
    pub const fn is_back(&mut self) {
        self.down_until = Timestamp::EPOCH;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000).unwrap()
    }

    #[test]
    fn it_goes_to_somebody_else_only_when_it_has_ended_and_then_under_a_higher_epoch() {
        let mut table = LeaseTable::default();
        assert_eq!(table.ask(1, at(100)), LeaseAnswer::Granted { epoch: 1, taken_over: false });
        assert_eq!(table.ask(2, at(102)), LeaseAnswer::Held);
        assert_eq!(table.ask(1, at(104)), LeaseAnswer::Granted { epoch: 1, taken_over: false });
        assert_eq!(table.ask(2, at(113)), LeaseAnswer::Held);
        assert_eq!(table.ask(2, at(114)), LeaseAnswer::Granted { epoch: 2, taken_over: true });
        assert_eq!(table.ask(1, at(115)), LeaseAnswer::Held);
        table.goes_down(at(120));
        assert_eq!(table.ask(2, at(119)), LeaseAnswer::Unreachable);
        assert_eq!(table.ask(2, at(120)), LeaseAnswer::Granted { epoch: 2, taken_over: false });
    }
}
