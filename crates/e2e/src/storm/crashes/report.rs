//! The matrix as a table: what passed, what is not there and why, what failed and how to see it again.

use super::verdict::{Failure, Verdict, judge};
use super::{Cell, Kind, VENUES};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// All verdicts.
#[derive(Debug, Default)]
pub struct Report {
    verdicts: BTreeMap<Cell, Verdict>,
}

impl Report {
    /// Judges these cells on every core; `done` hears of each.
    ///
    /// # Panics
    /// When a cell panics.
    #[must_use]
    pub fn of(cells: &[Cell], done: impl Fn() + Sync) -> Self {
        let (next, verdicts) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(|| {
                    while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let verdict = judge(*cell);
                        verdicts.lock().expect("nobody panics holding it").insert(*cell, verdict);
                        done();
                    }
                });
            }
        });
        Self { verdicts: verdicts.into_inner().expect("all have ended") }
    }

    /// Cells that passed, are not there, and failed.
    #[must_use]
    pub fn counts(&self) -> [usize; 3] {
        count(self.verdicts.values())
    }

    /// Lives played, and lives whose second crash found nothing to strike.
    #[must_use]
    pub fn lives(&self) -> (u64, u64) {
        self.verdicts.values().fold((0, 0), |(lives, without), verdict| match verdict {
            Verdict::Passed { lives: more, without_second } => (lives + more, without + without_second),
            Verdict::Failed(_) | Verdict::NotThere(_) => (lives, without),
        })
    }

    /// The cells that failed, with what was broken first.
    pub fn failures(&self) -> impl Iterator<Item = (Cell, &Failure)> {
        self.verdicts.iter().filter_map(|(cell, verdict)| match verdict {
            Verdict::Failed(failures) => failures.first().map(|failure| (*cell, failure)),
            Verdict::NotThere(_) | Verdict::Passed { .. } => None,
        })
    }

    /// Kinds down, venues across: passed, not there, failed.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!("{:<12}", "");
        for (_, name) in VENUES {
            let _ = write!(text, "{name:>20}");
        }
        for kind in Kind::ALL {
            let _ = write!(text, "\n{:<12}", kind.name());
            for (venue, _) in VENUES {
                let of = self.verdicts.iter().filter(|(cell, _)| cell.kind == kind && cell.venue == venue);
                let [passed, absent, failed] = count(of.map(|(_, verdict)| verdict));
                let _ = write!(text, "{:>20}", format!("{passed} / {absent} / {failed}"));
            }
        }
        text.push_str("\n\nNot there:\n");
        for (why, cells) in self.reasons() {
            let _ = writeln!(text, "{cells:>6}  {why}");
        }
        text
    }

    fn reasons(&self) -> BTreeMap<&'static str, usize> {
        let mut reasons = BTreeMap::new();
        for verdict in self.verdicts.values() {
            if let Verdict::NotThere(why) = verdict {
                *reasons.entry(*why).or_default() += 1;
            }
        }
        reasons
    }
}

fn count<'v>(verdicts: impl Iterator<Item = &'v Verdict>) -> [usize; 3] {
    verdicts.fold([0; 3], |[passed, absent, failed], verdict| match verdict {
        Verdict::Passed { .. } => [passed + 1, absent, failed],
        Verdict::NotThere(_) => [passed, absent + 1, failed],
        Verdict::Failed(_) => [passed, absent, failed + 1],
    })
}
