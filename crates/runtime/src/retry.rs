//! Which refusals the runtime repeats by itself, under the same id: only those after which nothing can have happened.

use backstop_model::{Asked, Command, RefusalReason, Span};

/// How long to wait before attempt `attempts + 1`; nothing when the core is to hear of it.
///
/// | refusal | repeats | pauses |
/// |---|---|---|
/// | throttled, overload (F-A04, F-A05) | 3 | 200, 400, 800 ms |
/// | everything else | none | – |
#[must_use]
pub fn pause(reason: RefusalReason, attempts: u32) -> Option<Span> {
    match reason {
        RefusalReason::Throttled => (1..=3).contains(&attempts).then(|| Span::from_millis(100 << attempts)),
        RefusalReason::BelowMinimum
        | RefusalReason::DuplicateId
        | RefusalReason::Filter
        | RefusalReason::LockedOut
        | RefusalReason::Maintenance
        | RefusalReason::Margin
        | RefusalReason::NotFound
        | RefusalReason::NotSent
        | RefusalReason::ReduceOnly
        | RefusalReason::TooManyOrders
        | RefusalReason::TooNear
        | RefusalReason::Unsupported
        | RefusalReason::WouldTrigger
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
