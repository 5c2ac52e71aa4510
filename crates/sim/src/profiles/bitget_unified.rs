//! A unified Bitget account, v3 (venues/bitget.md §14).
//!
//! Strategy orders: `tpsl` is bound to the position, whole or for a part, `trigger` is free; both can be amended in
//! place. There is no native trailing (§0 fact 2). Buy and sell mean what they say, beside a position side. What the page
//! does not say of v3 is played as on classic accounts.

use super::Profile;
use crate::habits::{
    Amending, ClientIds, Crowding, EvictionAnswer, ExitHabits, FlashClose, FoundFor, Habits, HedgedExits, IdForm,
    Marks, NativeTrailing, Numbers, PassedTrigger, RequestHabits, RequestWindow, WholePosition,
};
use crate::physics::Delay;
use backstop_model::Span;

pub(super) fn profile() -> Profile {
    let mut habits = Habits {
        amending: Amending::Everything,
        crowding: Crowding::ExpireOldest,
        conditionals_expire_when_flat: false,
        liquidation_fee: super::liquidation_fee(),
        exits: ExitHabits {
            whole: WholePosition::Bound,
            evicted: EvictionAnswer::WithoutId,
            hedged: HedgedExits::Remainder,
            visible_after: Span::from_millis(300),
            // The page names no time; a close is to be tried again after 0.5 to 1 s (§12).
            adl_blocks: Span::from_secs(1),
            flash: FlashClose::Offered,
            trailing: NativeTrailing::None,
            ..ExitHabits::default()
        },
        requests: RequestHabits {
            window: RequestWindow::Fixed(Span::from_secs(30)),
            client_ids: ClientIds::UniqueAmongOpen,
            id_form: IdForm { longest: 32, marks: Marks::DotsAndSlashes },
            numbers: Numbers::BitgetUnified,
            // Lists go back three months, of plans 90 days (§6.5, §7).
            found_for: FoundFor::days(90, 90),
            ..RequestHabits::default()
        },
        ..Habits::default()
    };
    habits.conditionals.passed = PassedTrigger::WaitsForReturn;
    Profile { name: "bitget-unified".to_owned(), habits, trigger: Delay::millis(10, 40) }
}
