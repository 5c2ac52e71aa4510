//! Entries as the API shows them: one made in several parts is one entry, with its parts below it.

use super::entries::{Names, name_of};
use backstop_core::orders::{EntryEnd, EntryOrder};
use backstop_model::{Distance, ExitPlan, Quantity};
use backstop_runtime::ShownEntry;
use serde_json::{Value, json};

/// All parts of an entry, given its first; of another part that one alone.
pub(super) fn parts_of(first: &ShownEntry, all: &[ShownEntry]) -> Vec<ShownEntry> {
    let Some(part) = first.entry.part.filter(|part| part.number == 1) else { return vec![first.clone()] };
    let belongs = |shown: &&ShownEntry| {
        let is_part = shown.entry.part.is_some_and(|other| other.number > 1 && other.whole == part.whole);
        is_part && shown.key == first.key && shown.entry.whole_name() == first.entry.name()
    };
    std::iter::once(first).chain(all.iter().filter(belongs)).cloned().collect()
}

impl Names {
    /// An entry with all its parts; nothing of none.
    pub(super) fn shown(&self, parts: &[ShownEntry]) -> Option<Value> {
        let first = parts.first()?;
        let entry = &first.entry;
        let whole = entry.part.filter(|part| part.number == 1).map(|part| part.whole);
        let add = |sum: Quantity, more: Quantity| sum.plus(more).unwrap_or(sum);
        let all_filled = parts.iter().map(|part| filled(&part.entry)).fold(Quantity::ZERO, add);
        let mut shown = json!({
            "id": entry.name(),
            "order_id": entry.id,
            "account": name_of(&self.accounts, first.key.account),
            "symbol": name_of(&self.symbols, first.key.instrument),
            "side": first.key.side,
            "quantity": whole.unwrap_or(entry.quantity),
            "filled": all_filled,
            "limit": entry.limit,
            "plan": entry.plan.as_ref().map(|plan| plan.name),
            "state": state_of(parts),
            "why": why_of(parts),
            "asked_at": entry.asked_at.as_millis(),
        });
        if whole.is_some() {
            shown["parts"] = parts.iter().map(|part| part_shown(&part.entry)).collect();
        }
        Some(shown)
    }
}

/// One part: how much, what closes it, and where its stop is.
fn part_shown(entry: &EntryOrder) -> Value {
    let closes = entry.part.zip(entry.plan.as_ref()).map(|(part, plan)| closes_at(plan, part.level));
    let stop = entry.stop.map(|stop| stop.price.to_string());
    let stop = stop.or_else(|| entry.plan.as_ref().map(|plan| from_entry(plan.stop_loss.at)));
    json!({
        "id": entry.name(),
        "order_id": entry.id,
        "quantity": entry.quantity,
        "filled": filled(entry),
        "closes": closes,
        "stop": stop,
        "state": entry.word(),
        "why": refusal_of(entry),
    })
}

/// What the venue has spoken of counts before its executions have been read one by one.
fn filled(entry: &EntryOrder) -> Quantity {
    entry.filled.max(entry.reported)
}

/// `TP2 at 5% from entry`, `the trail`.
fn closes_at(plan: &ExitPlan, level: u8) -> String {
    let own = usize::from(level).checked_sub(1).and_then(|index| plan.take_profits.get(index));
    own.map_or_else(|| "the trail".to_owned(), |own| format!("TP{level} {}", from_entry(own.at)))
}

fn from_entry(at: Distance) -> String {
    match at {
        Distance::At(price) => format!("at {price}"),
        Distance::Atr(_) | Distance::Margin(_) | Distance::Percent(_) | Distance::Points(_) | Distance::Risk(_) => {
            format!("{at} from entry")
        }
    }
}

fn refusal_of(entry: &EntryOrder) -> Option<String> {
    match &entry.end {
        Some(EntryEnd::Refused(refusal)) => Some(refusal.to_string()),
        Some(EntryEnd::Absent | EntryEnd::Canceled | EntryEnd::Filled) | None => None,
    }
}

/// The word for all parts together: what is least settled of them; `partial` when they have ended differently.
fn state_of(parts: &[ShownEntry]) -> &'static str {
    let words: Vec<&'static str> = parts.iter().map(|part| part.entry.word()).collect();
    let unsettled = ["unknown", "in_flight", "working"].into_iter().find(|word| words.contains(word));
    let alike = words.first().copied().filter(|first| words.iter().all(|word| word == first));
    unsettled.or(alike).unwrap_or("partial")
}

/// Which parts were refused, and why.
fn why_of(parts: &[ShownEntry]) -> Option<String> {
    if let [only] = parts {
        return refusal_of(&only.entry);
    }
    let said = parts.iter().filter_map(|part| {
        let why =
            refusal_of(&part.entry).or_else(|| (part.entry.word() == "absent").then(|| "never arrived".to_owned()))?;
        Some(format!("{}, {}: {why}", part.entry.part_in_words()?, part.entry.quantity))
    });
    let said: Vec<String> = said.collect();
    (!said.is_empty()).then(|| said.join("; "))
}
