//! Which refusals the runtime repeats by itself, under the same id: only those after which nothing can have happened.

use backstop_model::{Asked, Command, RefusalReason, Span};

/// How long to wait before attempt `attempts + 1`; nothing when the core is to hear of it.
///
/// | refusal | of | repeats | pauses |
/// |---|---|---|---|
/// | throttled, overload (F-A04, F-A05) | cancels | 3 | 200, 400, 800 ms |
/// | everything else | | none | – |
///
/// Orders are the core's to repeat: it paces them leg by leg, so that no leg asks more than twenty times a minute
/// whatever the venue says (I36), and by then it may want another one.
#[must_use]
pub fn pause(command: &Command, reason: RefusalReason, attempts: u32) -> Option<Span> {
    let cancels = matches!(command, Command::Cancel { .. });
    match reason {
        RefusalReason::Throttled => {
            (cancels && (1..=3).contains(&attempts)).then(|| Span::from_millis(100 << attempts))
        }
        RefusalReason::BelowMinimum
        | RefusalReason::DuplicateId
        | RefusalReason::Filter
        | RefusalReason::LockedOut
        | RefusalReason::Maintenance
        | RefusalReason::Margin
        | RefusalReason::NotFound
        | RefusalReason::NotSent
        | RefusalReason::ReduceOnly
        | RefusalReason::TooFar
        | RefusalReason::TooManyOrders
        | RefusalReason::TooNear
        | RefusalReason::Unsupported
        | RefusalReason::WouldTrigger
        | RefusalReason::WrongMode
        | RefusalReason::Other => None,
    }
}

/// What kind of answer a command has; questions answer themselves.
#[must_use]
pub const fn asked(command: &Command) -> Option<Asked> {
    match command {
        Command::Amend { .. } => Some(Asked::Amend),
        Command::Cancel { .. } => Some(Asked::Cancel),
        Command::Place(_) => Some(Asked::Place),
        Command::Lookup { .. } | Command::Snapshot { .. } => None,
    }
}
