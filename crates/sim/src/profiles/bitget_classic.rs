//! A classic Bitget account, v2 (venues/bitget.md).
//!
//! Orders bound to the position beside free plan orders (§7, §8), all amendable in place (§8.3); the oldest exits are
//! evicted in one-way mode (§6.2); a hedge account's buy and sell name the position (§6.1); plans are not checked for
//! their direction (§7). Left to translators: `planType` on cancelling, lists of successes and failures, what `side`
//! means in each channel.

use super::Profile;
use crate::habits::{
    Amending, BoundSum, ClientIds, Crowding, EvictionAnswer, ExitHabits, FlashClose, FoundFor, Habits, HedgeWords,
    HedgedExits, IdForm, Marks, NativeTrailing, Numbers, PassedTrigger, RequestHabits, RequestWindow, WholePosition,
};
use crate::physics::Delay;
use backstop_model::Span;

pub(super) fn profile() -> Profile {
    let mut habits = Habits {
        amending: Amending::Everything,
        crowding: Crowding::ExpireOldest,
        conditionals_expire_when_flat: false,
        liquidation_fee: super::liquidation_fee(),
        exits: exits(),
        requests: requests(),
        ..Habits::default()
    };
    habits.conditionals.passed = PassedTrigger::WaitsForReturn;
    Profile { name: "bitget-classic".to_owned(), habits, trigger: Delay::millis(10, 40) }
}

fn exits() -> ExitHabits {
    ExitHabits {
        whole: WholePosition::Bound,
        evicted: EvictionAnswer::WithoutId,
        hedged: HedgedExits::Remainder,
        bound_sum: BoundSum::WithinPosition,
        visible_after: Span::from_millis(300),
        // The page names no time; a close is to be tried again after 0.5 to 1 s (§12).
        adl_blocks: Span::from_secs(1),
        flash: FlashClose::Offered,
        // A percent, at most 10; the minimum is unverified, 1 is the safe one (§7, §8.1).
        trailing: NativeTrailing::Orders { least: 10_000, most: 100_000 },
        ..ExitHabits::default()
    }
}

fn requests() -> RequestHabits {
    RequestHabits {
        window: RequestWindow::Fixed(Span::from_secs(30)),
        client_ids: ClientIds::UniqueForever,
        id_form: IdForm { longest: 49, marks: Marks::PlusAndHash },
        hedge: HedgeWords::TradeSide,
        numbers: Numbers::Bitget,
        // Lists go back three months, of plans 90 days (§6.5, §7).
        found_for: FoundFor::days(90, 90),
        ..RequestHabits::default()
    }
}
