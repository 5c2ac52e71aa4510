//! Your own trades under another plan (product.md §8): the recorded entries and the recorded tape, played through the core
//! and the simulated exchange. One pass over the tape; every position has an exchange of its own. Same store, same plan,
//! same bytes.

mod entries;
mod played;
mod report;

pub use report::{Compared, LeftOut, Report, Side, Sum};

use crate::demo::{Moment, Stopped};
use crate::records::TapeReader;
use backstop_model::{ExitPlan, Money, OutOfRange, PositionDocument, Symbol};
use backstop_store::{ReadOnly, StoreError, Stored};
use entries::{Entered, entered};
use played::{Ending, Played};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum WhatIfFailure {
    /// A sum does not fit.
    #[error("the results do not fit: {0}; please report this")]
    OutOfRange(#[from] OutOfRange),
    /// The world came to no rest.
    #[error("{0}")]
    Stopped(#[from] Stopped),
    /// The store cannot be read.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The tape cannot be read.
    #[error("the tape cannot be read: {0}")]
    Tape(#[from] io::Error),
}

/// Plays every closed position of a store again under `plan`. `watched` hears of every moment of the tape.
///
/// # Errors
/// [`WhatIfFailure`].
pub fn what_if(
    store: &ReadOnly,
    tape: &mut TapeReader,
    plan: &Arc<ExitPlan>,
    mut watched: impl FnMut(u64),
) -> Result<Report, WhatIfFailure> {
    let trades = closed_positions(store)?;
    let mut stage = Stage::new(entered(store.records_after(0)?)?, &trades, plan);
    let mut moments = 0;
    while let Some(moment) = tape.next_moment()? {
        moments += 1;
        watched(moments);
        stage.play(&moment)?;
        if stage.is_over() {
            break;
        }
    }
    let mut endings = stage.end();
    let mut compared = Vec::new();
    let mut left_out = Vec::new();
    for trade in &trades {
        let id = trade.position_id.clone();
        match endings.remove(&id).unwrap_or_else(|| Err("its entry is not in the journal".to_owned())) {
            Ok(ending) => compared.push(trade.compared(plan, &ending)?),
            Err(why) => left_out.push(LeftOut { position_id: id, why }),
        }
    }
    Ok(Report::new(plan.name.to_string(), compared, left_out, tape.tally())?)
}

/// A position as it was, all of its tranches together.
struct Closed {
    position_id: String,
    first: PositionDocument,
    last: PositionDocument,
    result: Money,
}

impl Closed {
    fn compared(&self, plan: &ExitPlan, ending: &Ending) -> Result<Compared, OutOfRange> {
        let recorded = Side {
            plan: self.first.plan.clone(),
            result: self.result,
            exit_reason: self.last.exit_reason.map(|reason| reason.to_string()),
            exit_time: self.last.exit_time,
        };
        let what_if = Side {
            plan: plan.name.to_string(),
            result: ending.result,
            exit_reason: ending.reason.map(|reason| reason.to_string()),
            exit_time: ending.at.map(|at| at.as_millis()),
        };
        Ok(Compared {
            position_id: self.position_id.clone(),
            symbol: self.first.symbol.clone(),
            side: self.first.side.to_string(),
            entry_time: self.first.entry_time,
            currency: self.first.currency.clone(),
            difference: what_if.result.minus(recorded.result)?,
            recorded,
            what_if,
        })
    }
}

/// The positions of which everything is closed, oldest first.
fn closed_positions(store: &ReadOnly) -> Result<Vec<Closed>, WhatIfFailure> {
    let open = store.open_positions()?;
    let mut closed: Vec<Closed> = Vec::new();
    for Stored { document, .. } in store.trades()? {
        if open.iter().any(|other| other.document.position_id == document.position_id) {
            continue;
        }
        match closed.iter_mut().find(|known| known.position_id == document.position_id) {
            Some(known) => {
                known.result = known.result.plus(document.realized_pnl)?;
                if document.exit_time > known.last.exit_time {
                    known.last = document;
                }
            }
            None => closed.push(Closed {
                position_id: document.position_id.clone(),
                result: document.realized_pnl,
                first: document.clone(),
                last: document,
            }),
        }
    }
    Ok(closed)
}

/// All positions, each from its entry to its end.
struct Stage<'a> {
    plan: &'a Arc<ExitPlan>,
    to_come: VecDeque<Entered>,
    playing: Vec<(String, Symbol, Played)>,
    newest: BTreeMap<Symbol, Moment>,
    endings: BTreeMap<String, Result<Ending, String>>,
}

impl<'a> Stage<'a> {
    fn new(entered: Vec<Entered>, trades: &[Closed], plan: &'a Arc<ExitPlan>) -> Self {
        let wanted = |entered: &Entered| trades.iter().any(|trade| trade.position_id == entered.position_id);
        let to_come = entered.into_iter().filter(wanted).collect();
        Self { plan, to_come, playing: Vec::new(), newest: BTreeMap::new(), endings: BTreeMap::new() }
    }

    fn play(&mut self, moment: &Moment) -> Result<(), Stopped> {
        let due = |entered: &Entered| entered.entries.first().is_some_and(|entry| entry.at <= moment.at);
        while let Some(entered) = self.to_come.front().filter(|entered| due(entered)).cloned() {
            self.to_come.pop_front();
            self.begin(&entered, moment);
        }
        for (_, symbol, played) in &mut self.playing {
            if *symbol == moment.symbol {
                played.play(moment)?;
            }
        }
        self.playing.retain(|(id, _, played)| {
            let over = played.is_over();
            if over {
                self.endings.insert(id.clone(), played.ending().ok_or_else(|| "its amounts do not fit".to_owned()));
            }
            !over
        });
        self.newest.insert(moment.symbol, moment.clone());
        Ok(())
    }

    /// A position can be played when the tape knows its market's price at the entry.
    fn begin(&mut self, entered: &Entered, moment: &Moment) {
        let symbol = entered.instrument.symbol;
        let known = self.newest.get(&symbol);
        let now = moment.symbol == symbol && entered.entries.first().is_some_and(|entry| entry.at == moment.at);
        let played = match (known, now) {
            (None, false) => Err("the tape begins after its entry".to_owned()),
            (known, _) => Played::new(entered, self.plan, known),
        };
        match played {
            Ok(played) => self.playing.push((entered.position_id.clone(), symbol, played)),
            Err(why) => drop(self.endings.insert(entered.position_id.clone(), Err(why))),
        }
    }

    fn is_over(&self) -> bool {
        self.to_come.is_empty() && self.playing.is_empty()
    }

    /// Whoever is still on the way ends where the tape does.
    fn end(mut self) -> BTreeMap<String, Result<Ending, String>> {
        for (id, _, played) in self.playing {
            let ending = played.ending().ok_or_else(|| "the tape ends at its entry".to_owned());
            self.endings.insert(id, ending);
        }
        for entered in self.to_come {
            self.endings.insert(entered.position_id, Err("the tape ends before its entry".to_owned()));
        }
        self.endings
    }
}
