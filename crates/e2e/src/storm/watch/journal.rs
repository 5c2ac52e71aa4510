//! What is written: every execution once and as it was (I10), soon enough (I34), and after a crash nothing else than what
//! was written before (I21).

use super::clocks::Clocks;
use super::{Found, State};
use crate::storm::process::Process;
use crate::storm::stage::ME;
use backstop_model::{Event, Fee, Fill, Span, Timestamp};
use backstop_sim::Ledger;
use backstop_store::{Record, Step};
use backstop_venues::paper::PaperVenue;
use std::collections::BTreeSet;

/// A missing execution is found by the next full look, or by the one after it (I34).
const FOUND_WITHIN: Span = Span::from_secs(15);

/// What the journal has been given.
#[derive(Debug, Default)]
pub struct Written {
    /// Executions in records, by the venue's number.
    fills: BTreeSet<u64>,
    /// Those of them that records say were annulled.
    annulled: BTreeSet<u64>,
    /// The venue's executions that no record has yet.
    missing: Vec<(u64, Timestamp)>,
    fills_seen: u64,
    /// Every record handed over, in lives in which a process may end.
    records: Option<Vec<Record>>,
    /// How many of them the disk has said to be durable.
    durable: usize,
}

impl Written {
    /// Whether records are kept to be compared after a crash.
    pub fn keeping(keeps: bool) -> Self {
        Self { records: keeps.then(Vec::new), ..Self::default() }
    }

    /// The engine has decided something, and it goes to the journal.
    pub fn decided(&mut self, step: &Step, venue: &PaperVenue, found: &mut Found) {
        let ledger = venue.exchange().ledger();
        for fill in fills_of(&step.record.event) {
            match number(fill).filter(|_| is_as_it_was(fill, ledger)) {
                Some(number) => _ = self.fills.insert(number),
                None => found.push(("I10", format!("no such execution: {} of {}", fill.id, fill.quantity))),
            }
        }
        if let Event::Annulled(annulled) = &step.record.event {
            match number(&annulled.fill).filter(|number| ledger.annulled_at(*number) == Some(annulled.at)) {
                Some(number) => _ = self.annulled.insert(number),
                None => found.push(("I10", format!("nobody has annulled {}", annulled.fill.id))),
            }
        }
        if let Some(records) = &mut self.records {
            records.push(step.record.clone());
        }
    }

    /// The disk says that so many records are durable.
    pub fn durable(&mut self, through: u64) {
        let records = self.records.as_deref().unwrap_or_default();
        self.durable = self.durable.max(records.partition_point(|record| record.sequence <= through));
    }

    /// The journal is gone, and another one begins.
    pub fn lost(&mut self) {
        self.records = None;
        self.durable = 0;
    }

    /// I21: a process starts from what was written, from its beginning and without a hole, and from no less than what was
    /// said to be durable.
    pub fn read_back(&mut self, process: &Process, found: &mut Found) {
        let Some(loaded) = process.disk.load() else { return };
        let kept = loaded.tail.iter().flat_map(|record| fills_of(&record.event)).filter_map(number);
        self.fills = kept.collect();
        self.annulled = loaded.tail.iter().filter_map(|record| annulled_of(&record.event)).collect();
        let Some(records) = &mut self.records else { return };
        let count = loaded.tail.len();
        if count < self.durable {
            found.push(("I21", format!("{} records were durable, {count} are left", self.durable)));
        } else if !records.starts_with(&loaded.tail) {
            let what = loaded.tail.iter().zip(records.iter()).find(|(left, written)| left != written);
            let first = what.map_or(records.len() as u64, |(_, written)| written.sequence);
            found.push(("I21", format!("record {first} is not what was written")));
        }
        records.truncate(count);
        self.durable = self.durable.min(count);
    }

    /// I34: the venue's executions are in records soon.
    pub fn look(&mut self, now: Timestamp, venue: &PaperVenue, clocks: &Clocks, state: &State, found: &mut Found) {
        let ledger = venue.exchange().ledger();
        let news = ledger.fills_since(self.fills_seen).iter().filter(|fill| fill.account == ME);
        self.missing.extend(news.map(|fill| (fill.id, fill.at)));
        self.fills_seen = ledger.fills().last().map_or(self.fills_seen, |fill| fill.id);
        let Self { fills, missing, .. } = self;
        missing.retain(|(id, _)| !fills.contains(id));
        // What the venue keeps back nobody can know; it is told once more when everything is healed.
        missing.iter_mut().filter(|(id, _)| state.withheld.contains(id)).for_each(|(_, at)| *at = now);
        let late = |at: Timestamp| now > at.max(clocks.calm_since()).plus(FOUND_WITHIN);
        if let Some((id, _)) = missing.iter().find(|(_, at)| late(*at)).filter(|_| !state.journal_lost) {
            found.push(("I34", format!("execution {id} is in no record after {FOUND_WITHIN}")));
            missing.clear();
        }
    }

    /// I10: at the end none is missing.
    pub fn at_the_end(&self, venue: &PaperVenue, found: &mut Found) {
        let mut all = venue.exchange().ledger().fills_of(ME);
        if let Some(fill) = all.find(|fill| !self.fills.contains(&fill.id)) {
            found.push(("I10", format!("execution {} of {} is in no record", fill.id, fill.quantity)));
        }
        let mut annulled = venue.exchange().ledger().annulled().iter();
        if let Some(one) = annulled.find(|one| !self.annulled.contains(&one.fill)) {
            found.push(("I10", format!("that execution {} was annulled is in no record", one.fill)));
        }
    }
}

fn fills_of(event: &Event) -> &[Fill] {
    match event {
        Event::Fill(fill) => std::slice::from_ref(fill),
        // One that nobody had heard of is in the record of its annulment.
        Event::Annulled(annulled) => std::slice::from_ref(&annulled.fill),
        Event::Lookup(lookup) => &lookup.fills,
        Event::Snapshot(snapshot) => &snapshot.fills,
        _ => &[],
    }
}

fn annulled_of(event: &Event) -> Option<u64> {
    match event {
        Event::Annulled(annulled) => number(&annulled.fill),
        _ => None,
    }
}

fn number(fill: &Fill) -> Option<u64> {
    fill.id.as_str().parse().ok()
}

/// Whether the venue's books have it, word for word.
fn is_as_it_was(fill: &Fill, ledger: &Ledger) -> bool {
    let Some(number) = number(fill) else { return false };
    let theirs = ledger.fills_since(number.saturating_sub(1)).first().filter(|theirs| theirs.id == number);
    theirs.is_some_and(|theirs| {
        let fee = match fill.fee {
            Fee::Known(fee) => fee == theirs.fee,
            Fee::Unknown => true,
        };
        (theirs.quantity, theirs.price, theirs.side) == (fill.quantity, fill.price, fill.side) && fee
    })
}
