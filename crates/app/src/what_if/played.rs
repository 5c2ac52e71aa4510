//! One position played again under another plan: the core and the simulated exchange, the tape's prices, the recorded
//! entries. It is the demonstration's world with a hand that enters what was entered, at the price it was entered at.

use super::entries::{Entered, Entry};
use crate::demo::{Cast, Moment, Opening, Script, Stopped, World};
use backstop_model::{ExitPlan, ExitReason, Money, PositionKey, Prices, Ratio, Series, Span, Timestamp};
use backstop_runtime::{Cycle, Executor, SnapshotSchedule};
use backstop_store::MemoryJournal;
use std::collections::VecDeque;
use std::sync::Arc;

/// No chance is left in it, but the exchange wants a seed.
const SEED: u64 = 0;

/// What a position came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ending {
    /// Σ profit − fees, what is still open at its last price.
    pub result: Money,
    /// Why the last of it was closed; none when something is still open at the end of the tape.
    pub reason: Option<ExitReason>,
    /// When; none likewise.
    pub at: Option<Timestamp>,
}

/// A position on its way.
pub struct Played {
    world: World,
    key: PositionKey,
    entries: VecDeque<Entry>,
}

impl Played {
    /// Sets the stage for one position under `plan`; `known` are the newest prices before its first entry.
    ///
    /// # Errors
    /// What kept it from being set.
    pub fn new(entered: &Entered, plan: &Arc<ExitPlan>, known: Option<&Moment>) -> Result<Self, String> {
        let first = entered.entries.first().ok_or("it was never entered")?;
        let start = known.map_or(first.at, |known| known.at);
        let (instrument, side, quantity) = (entered.instrument.clone(), entered.side, first.quantity);
        let opening =
            Opening { at: Timestamp::EPOCH, instrument, side, quantity, plan: plan.clone(), script: Script::default() };
        let mut cast = Cast::new(vec![opening], SEED, true, None, start).map_err(|why| why.to_string())?;
        // The hand is ours: nothing is opened by itself.
        cast.players.iter_mut().for_each(|player| player.done.opened = Some((first.at, first.price)));
        let key = cast.players[0].key();
        let snapshots = SnapshotSchedule::new(Span::from_secs(86_400));
        let cycle = Cycle::new(Default::default(), 0, Executor::default(), snapshots);
        let journal = Box::new(MemoryJournal::forgetful());
        let mut world = World::new(cast, cycle, journal, start, Vec::new()).map_err(|why| why.to_string())?;
        if let Some(known) = known {
            world.play(&newest_of(known)).map_err(|why| why.to_string())?;
        }
        Ok(Self { world, key, entries: entered.entries.iter().copied().collect() })
    }

    /// Plays one moment, after the entries that came before it.
    ///
    /// # Errors
    /// [`Stopped`] as in a demonstration.
    pub fn play(&mut self, moment: &Moment) -> Result<(), Stopped> {
        while let Some(entry) = self.entries.front().copied().filter(|entry| entry.at <= moment.at) {
            self.entries.pop_front();
            self.world.run_until(entry.at)?;
            let player = &mut self.world.cast.players[0];
            let (key, instrument) = (self.key, player.opening.instrument.id);
            player.venue.quote(entry.at, instrument, Prices::all(entry.price));
            player.venue.open_by_hand(entry.at, key.account, instrument, key.side, entry.quantity)?;
        }
        self.world.play(moment).map(drop)
    }

    /// Whether everything that was entered is closed again.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.entries.is_empty() && self.world.is_over()
    }

    /// What it came to; none when a number does not fit, or nothing was entered before the tape ended.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        let documents = self.world.documents();
        let ctx = self.world.cycle().engine().ctx(self.key, self.world.now())?;
        let price = ctx.board.price(Series::executable(self.key.side));
        let mut result = Money::ZERO;
        let mut is_open = !self.entries.is_empty();
        for kept in &documents {
            let document = &kept.document;
            result = result.plus(document.realized_pnl).ok()?;
            if document.exit_time.is_none() {
                is_open = true;
                let gain = document.side.gain(document.entry_price, price?);
                let value = document.value_per_point.unwrap_or(Ratio::ONE);
                result = result
                    .plus(gain.value(document.current_quantity).and_then(|points| points.valued(value)).ok()?)
                    .ok()?;
            }
        }
        let last = documents.iter().map(|kept| &kept.document).max_by_key(|document| document.exit_time)?;
        let at = last.exit_time.and_then(|at| Timestamp::from_millis(at).ok());
        Some(Ending { result, reason: last.exit_reason.filter(|_| !is_open), at: at.filter(|_| !is_open) })
    }
}

/// A moment that is over: only where it left the price.
fn newest_of(moment: &Moment) -> Moment {
    let last = |points: &[Prices]| points.last().map(|last| vec![*last]).unwrap_or_default();
    Moment { long: last(&moment.long), short: last(&moment.short), continuous: false, ..moment.clone() }
}
