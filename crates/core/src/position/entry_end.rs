//! How an entry ends, in words: what the venue made of it, and, where it is one part of several, what is open instead.

use super::{Ctx, Out, Position};
use crate::exits::parts::level_in_words;
use crate::orders::{EntryEnd, EntryOrder, OrderState};
use backstop_model::{Quantity, RefusalReason, Severity};

impl Position {
    /// An entry is over, once; later words on it change nothing but what is counted.
    pub(super) fn end_entry(&mut self, index: usize, end: EntryEnd, ctx: Ctx, out: &mut Out) {
        let entry = &mut self.entries[index];
        if !entry.is_live() {
            return;
        }
        entry.state = OrderState::Over { since: ctx.now };
        let (severity, what) = told(&end, entry);
        entry.end = Some(end);
        let entry = &self.entries[index];
        let part = entry.part_in_words().map_or_else(String::new, |part| format!(" ({part})"));
        let instead = self.without(entry).unwrap_or_default();
        let name = entry.name();
        let text = format!("{} {}: entry {name}{part}: {what}{instead}", ctx.instrument.symbol, self.key.side);
        out.tell(severity, self.key, text);
    }

    /// What there is of an entry without a part that opened nothing and was not taken back.
    fn without(&self, missing: &EntryOrder) -> Option<String> {
        let (part, plan) = (missing.part?, missing.plan.as_ref()?);
        let is_missing = match &missing.end {
            Some(EntryEnd::Absent | EntryEnd::Refused(_)) => true,
            Some(EntryEnd::Canceled) => missing.reported.is_zero() && missing.unwanted.is_none(),
            Some(EntryEnd::Filled) | None => false,
        };
        let name = missing.whole_name();
        let parts = self.entries.iter().filter(|entry| entry.part.is_some() && entry.whole_name() == name);
        let there = parts.filter_map(|entry| entry.reported.max(entry.filled).plus(entry.pending()).ok());
        let there = there.fold(Quantity::ZERO, |sum, more| sum.plus(more).unwrap_or(sum));
        let level = match usize::from(part.level) > plan.take_profits.len() {
            true => "nothing is trailed".to_owned(),
            false => format!("nothing closes at {}", level_in_words(plan, part.level)),
        };
        is_missing.then(|| format!("; without it {there} of {} is open or on its way, and {level}", part.whole))
    }
}

/// What became of it.
fn told(end: &EntryEnd, entry: &EntryOrder) -> (Severity, String) {
    match end {
        EntryEnd::Absent => (
            Severity::Warning,
            "it never reached the venue, nothing was opened; it is not sent again, ask anew under another id"
                .to_owned(),
        ),
        EntryEnd::Canceled if entry.reported.is_zero() => (Severity::Note, "cancelled, nothing was opened".to_owned()),
        EntryEnd::Canceled => (Severity::Note, format!("ended with {} of {} filled", entry.reported, entry.quantity)),
        EntryEnd::Filled => (Severity::Note, format!("filled, {}", entry.quantity)),
        EntryEnd::Refused(refusal) if refusal.reason == RefusalReason::NotSent => {
            (Severity::Warning, format!("not sent ({refusal}); nothing was opened"))
        }
        EntryEnd::Refused(refusal) if refusal.reason == RefusalReason::WrongMode => (
            Severity::Warning,
            format!(
                "refused by the venue ({refusal}); nothing was opened. The venue is asked how it keeps the account's positions now: ask anew under another id in a moment"
            ),
        ),
        EntryEnd::Refused(refusal) => {
            (Severity::Warning, format!("refused by the venue ({refusal}); nothing was opened"))
        }
    }
}
