//! A life written down as a scenario: everything its engine took in, and under each event what came of it, in the words of
//! `crates/core/tests/scenarios`, whose runner plays it without world, venue and process.
//!
//! * [`Script`] listens while the world plays ([`write_down`]) and knows what of the journal a dying process left behind.
//! * A start that is told something else than the script has said so far has it in a `file-…` line before it.
//! * `said` puts events into words, `place` the account, the market and the plan, `outcome` commands and notices.
//!
//! A scenario shows what the engine decides and not what the venue holds: which promise was broken stands in its head, and
//! only the storm can see that it was.

mod outcome;
mod place;
mod said;

use super::life::Life;
use super::stage::MARKET;
use super::trace::Trace;
use super::world::{Ended, recorded};
use backstop_core::Step;
use backstop_model::{Command, Event, Timestamp};
use said::Names;
use std::collections::BTreeSet;

/// What an engine took in, line by line.
#[derive(Debug, Default)]
pub struct Script {
    lines: Vec<Line>,
    /// The line of each record of the journal.
    records: Vec<usize>,
    /// After these lines the journal was what a later process found.
    durable: BTreeSet<usize>,
    /// After these it was what was found after later records had been durable: they are named by their line.
    older: BTreeSet<usize>,
    names: Names,
    /// What a start is told, as far as the script has said it.
    told: Vec<Event>,
}

/// One line, and what came of it.
#[derive(Debug)]
struct Line {
    at: Timestamp,
    words: String,
    outcome: Vec<String>,
    /// It is a start: definitions belong to it.
    starts: bool,
}

impl Script {
    /// A process starts from the first `kept` records of the journal, and is told these `definitions`.
    pub fn starts(&mut self, at: Timestamp, kept: usize, definitions: Vec<Event>) {
        if !self.lines.is_empty() {
            let fresh = definitions.iter().filter(|event| !self.told.contains(event));
            let words = fresh.map(|event| format!("file-{}", self.names.words(event).trim_start_matches("now-")));
            let lines = words.map(|words| Line { at, words, outcome: Vec::new(), starts: false });
            self.lines.extend(lines.collect::<Vec<_>>());
        }
        self.told = definitions;
        self.records.truncate(kept);
        let words = match (self.lines.is_empty(), self.records.last()) {
            (true, _) => "plan".to_owned(),
            (false, Some(last)) if self.durable.last().is_some_and(|durable| durable > last) => {
                self.older.insert(*last);
                format!("recover line-{last}")
            }
            (false, Some(last)) => {
                self.durable.insert(*last);
                "recover".to_owned()
            }
            (false, None) => "journal lost".to_owned(),
        };
        self.lines.push(Line { at, words, outcome: Vec::new(), starts: true });
    }

    /// The engine has taken something in.
    pub fn takes(&mut self, at: Timestamp, event: &Event, step: &Step) {
        for command in &step.commands {
            self.names.learn(command);
        }
        let outcome = outcome::of(step);
        let defines = matches!(event, Event::DefineAccount(_) | Event::DefineInstrument(_) | Event::DefinePlan { .. });
        match self.lines.last_mut().filter(|line| defines && line.starts) {
            Some(start) => start.outcome.extend(outcome),
            None if is_swallowed(event, step) => return,
            None => {
                if defines {
                    let same = |known: &&mut Event| std::mem::discriminant(*known) == std::mem::discriminant(event);
                    self.told.iter_mut().find(same).into_iter().for_each(|known| known.clone_from(event));
                }
                let words = self.names.words(event);
                self.lines.push(Line { at, words, outcome, starts: false });
            }
        }
        if step.changed {
            self.records.push(self.lines.len() - 1);
        }
    }

    /// The scenario, after a comment that says `why` it is there and `how` its life is played.
    #[must_use]
    pub fn text(&self, life: &Life, why: &str, how: &str) -> String {
        let mut text = head(life, why, how);
        for (number, line) in self.lines.iter().enumerate() {
            if number == 0 {
                text.push_str(&place::of(life));
            } else {
                text.push_str(&format!("at {} {}\n", said::time(line.at), line.words));
            }
            line.outcome.iter().for_each(|outcome| text.push_str(&format!("    {outcome}\n")));
            if self.durable.contains(&number) {
                text.push_str(&format!("at {} remember\n", said::time(line.at)));
            }
            if self.older.contains(&number) {
                text.push_str(&format!("at {} remember line-{number}\n", said::time(line.at)));
            }
        }
        text
    }
}

/// An answer that nothing came of may never have reached the engine: the executor repeats some requests itself. And of
/// markets that nobody has defined scenarios know nothing.
fn is_swallowed(event: &Event, step: &Step) -> bool {
    let may_be = match event {
        Event::Answer(_) => true,
        Event::Tick(tick) => tick.instrument != MARKET,
        _ => false,
    };
    may_be && !step.changed && step.notices.is_empty()
}

fn head(life: &Life, why: &str, how: &str) -> String {
    let place = format!("{:?}, {:?}", life.venue, life.mode);
    let text = format!("{why} A life of the storm at {place}, written down as it was played: `{how}`.");
    format!("# storm_{}: {}\n\n", life.seed, text.replace('\n', " "))
}

/// Plays a life and writes it down.
#[must_use]
pub fn write_down(life: &Life) -> (Ended, Script) {
    recorded(life, Trace::silent())
}

/// Why a life is written down: the promise that it breaks first.
#[must_use]
pub fn reason(ended: &Ended) -> String {
    ended.violations.first().map_or_else(
        || "No promise is broken.".to_owned(),
        |broken| format!("{} is broken at {} ms: {}.", broken.invariant, broken.at, broken.what),
    )
}

/// Which order a command is about, with its deal where there are such.
fn order_of(command: &Command) -> Option<(backstop_model::ClientOrderId, Option<backstop_model::DealId>)> {
    match command {
        Command::Amend { id, deal, .. } | Command::Cancel { id, deal, .. } | Command::Lookup { id, deal, .. } => {
            Some((*id, *deal))
        }
        Command::Place(order) => Some((order.id, order.deal)),
        Command::Snapshot { .. } => None,
    }
}
