//! Aster's futures, V3 (venues/aster.md): Binance's older form.
//!
//! Conditional orders are ordinary orders with one id for life (§0 fact 1), counted with the others: 100 of 200 for each
//! market (§4); a microsecond nonce bounds requests (§2.3) and can be used up by a revocation (§8); callbacks end at 5 %
//! (§0 fact 7); events may come late (§10), mode changes come at all (§0 fact 8). Strategy orders (§6) and the chase
//! (§7) are not played: the page recommends to live without the first, and rules out the second as an exit.

use super::Profile;
use crate::habits::{
    Amending, ConditionalCount, ConditionalHabits, ConditionalHome, Crowding, ExitHabits, FoundFor, Habits, ModeChange,
    NativeTrailing, RequestHabits, RequestWindow, TriggerTold, Waiver,
};
use crate::physics::Delay;
use backstop_model::Span;

pub(super) fn profile() -> Profile {
    let habits = Habits {
        amending: Amending::LimitsOnly,
        crowding: Crowding::Refuse,
        conditionals_expire_when_flat: false,
        liquidation_fee: super::liquidation_fee(),
        max_conditional: 100,
        conditionals: ConditionalHabits {
            home: ConditionalHome::Ordinary,
            told: TriggerTold::ShellExpires,
            count: ConditionalCount::PerSymbol,
            ..ConditionalHabits::default()
        },
        exits: ExitHabits {
            trailing: NativeTrailing::Orders { least: 1_000, most: 50_000 },
            waiver: Waiver::Flagged,
            ..ExitHabits::default()
        },
        requests: RequestHabits {
            window: RequestWindow::Nonce { within: Span::from_secs(10), remembered: 100 },
            events_late_by: Span::from_millis(250),
            mode_change: ModeChange::Pushed,
            // §5, "Query".
            found_for: FoundFor::days(7, 90),
            ..RequestHabits::default()
        },
        ..Habits::default()
    };
    Profile { name: "aster".to_owned(), habits, trigger: Delay::millis(10, 20) }
}
