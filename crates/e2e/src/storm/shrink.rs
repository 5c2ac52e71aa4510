//! A smaller life that breaks the same promise: readings, troubles and acts are left out, one by one and in halves, for as long as
//! the promise stays broken.

use super::life::Life;
use super::trace::Trace;
use super::world::play;

/// Most lives played to make one small.
const MOST_TRIES: usize = 2_000;

/// The smallest life found that still breaks the invariant that `life` breaks first; the life itself when it breaks none.
#[must_use]
pub fn shrink(life: &Life) -> Life {
    let Some(invariant) = first_broken(life) else { return life.clone() };
    let mut search = Search { smallest: life.clone(), invariant, tries: 0 };
    loop {
        let before = search.size();
        search.without_readings();
        search.without_troubles();
        search.without_acts();
        if search.size() == before || search.tries >= MOST_TRIES {
            return search.smallest;
        }
    }
}

/// The first promise a life breaks.
#[must_use]
pub fn first_broken(life: &Life) -> Option<&'static str> {
    play(life, Trace::silent()).violations.first().map(|violation| violation.invariant)
}

struct Search {
    smallest: Life,
    invariant: &'static str,
    tries: usize,
}

impl Search {
    fn size(&self) -> usize {
        let life = &self.smallest;
        life.readings.len()
            + usize::from(life.least.is_some())
            + usize::from(life.least_move.is_some())
            + life.troubles.len()
            + life.acts.len()
    }

    fn try_it(&mut self, life: Life) -> bool {
        self.tries += 1;
        let same = self.tries <= MOST_TRIES && first_broken(&life) == Some(self.invariant);
        if same {
            self.smallest = life;
        }
        same
    }

    /// The venue as its profile has it, as far as that will do.
    fn without_readings(&mut self) {
        let mut place = 0;
        while place < self.smallest.readings.len() {
            let mut life = self.smallest.clone();
            life.readings.remove(place);
            if !self.try_it(life) {
                place += 1;
            }
        }
        if self.smallest.least.is_some() {
            self.try_it(Life { least: None, ..self.smallest.clone() });
        }
        if self.smallest.least_move.is_some() {
            self.try_it(Life { least_move: None, ..self.smallest.clone() });
        }
    }

    fn without_troubles(&mut self) {
        let mut place = 0;
        while place < self.smallest.troubles.len() {
            let mut life = self.smallest.clone();
            life.troubles.remove(place);
            if !self.try_it(life) {
                place += 1;
            }
        }
    }

    /// Halves first, then quarters, down to single ones.
    fn without_acts(&mut self) {
        let mut width = self.smallest.acts.len().div_ceil(2);
        while width > 0 {
            let mut place = 0;
            while place < self.smallest.acts.len() {
                let mut life = self.smallest.clone();
                let until = (place + width).min(life.acts.len());
                drop(life.acts.drain(place..until));
                if !self.try_it(life) {
                    place += width;
                }
            }
            width = if width == 1 { 0 } else { width.div_ceil(2) };
        }
    }
}
