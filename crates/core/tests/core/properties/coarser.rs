//! The price grid gets coarser on the way (F-G02): once, ten times.

use super::run::Run;
use backstop_model::{Event, Instrument, InstrumentSpec, Ratio, Rounding};

impl Run {
    /// Prices are multiples of ten times as much from now on.
    pub(super) fn coarsen(&mut self) {
        let mut spec = InstrumentSpec::from(self.instrument.clone());
        if spec.tick < "1".parse().unwrap() {
            spec.tick = spec.tick.times(Ratio::whole(10), Rounding::Nearest).unwrap();
            self.instrument = Instrument::try_from(spec).unwrap();
            self.hand_in(Event::DefineInstrument(Box::new(self.instrument.clone())));
        }
    }
}
