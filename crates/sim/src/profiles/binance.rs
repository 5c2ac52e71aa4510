//! Binance's USDⓈ-M futures (venues/binance.md).
//!
//! Conditional orders live apart under ids counted apart and become a child order (§0 facts 1 and 2, §8); at most 200 of
//! an account are open (§5); one `closePosition` stop for each direction and type (§0 fact 5); only limit orders can be
//! amended (§0 fact 3). Left to translators: which fields an answer carries (§0 fact 7), and cancelling by page.

use super::Profile;
use crate::habits::{
    Amending, ConditionalCount, ConditionalHabits, ConditionalHome, Crowding, ExitHabits, Habits, ModeChange,
    RequestHabits, Waiver,
};
use crate::physics::Delay;

pub(super) fn profile() -> Profile {
    let habits = Habits {
        amending: Amending::LimitsOnly,
        crowding: Crowding::Refuse,
        conditionals_expire_when_flat: false,
        liquidation_fee: super::liquidation_fee(),
        max_conditional: 200,
        conditionals: ConditionalHabits {
            home: ConditionalHome::OwnIds,
            count: ConditionalCount::PerAccount,
            ..ConditionalHabits::default()
        },
        exits: ExitHabits { waiver: Waiver::Flagged, ..ExitHabits::default() },
        requests: RequestHabits { mode_change: ModeChange::Silent, ..RequestHabits::default() },
        ..Habits::default()
    };
    // 11 ms lie between trigger time and event in the recorded frame (§10.4).
    Profile { name: "binance".to_owned(), habits, trigger: Delay::millis(11, 20) }
}
