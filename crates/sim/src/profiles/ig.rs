//! An IG account (venues/ig.md).
//!
//! A position for each deal, with one stop and one limit attached to it (§4); "received" first and the verdict in a
//! confirm (§0 fact 3); nothing rests that closes (§0 fact 6); distances, hours and points are the market's (§6). Working
//! orders are not played: they open, and the page forbids them as exits (§5).

use super::Profile;
use crate::habits::{
    Amending, ClientIds, DealHabits, ExitHabits, Habits, IdForm, Marks, NativeTrailing, Numbers, RequestHabits,
    RequestWindow, WholePosition,
};
use crate::physics::Delay;
use backstop_model::Span;

pub(super) fn profile() -> Profile {
    let habits = Habits {
        amending: Amending::Everything,
        max_conditional: 0,
        exits: ExitHabits { whole: WholePosition::Absent, trailing: NativeTrailing::Attached, ..ExitHabits::default() },
        requests: RequestHabits {
            window: RequestWindow::Unbounded,
            client_ids: ClientIds::OpeningsOnly,
            id_form: IdForm { longest: 30, marks: Marks::Dashes },
            numbers: Numbers::Http,
            ..RequestHabits::default()
        },
        deals: Some(DealHabits {
            verdict_after: Span::from_millis(20),
            readable_after: Span::from_millis(500),
            readable_for: Some(Span::from_secs(60)),
            ..DealHabits::default()
        }),
        ..Habits::default()
    };
    Profile { name: "ig".to_owned(), habits, trigger: Delay::NONE }
}
