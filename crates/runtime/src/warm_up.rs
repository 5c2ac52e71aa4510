//! When the venue is asked for bars of the past, so that average true ranges are known before the first own bars are
//! (product.md §2): at the start, after a restart, and after a silence that has cost bars.
//!
//! Asked twice, like `gaps`: at once, and again when the bar has ended that was open then, because its beginning was not
//! seen here. What a venue has no candles of is made of shorter ones. What the core makes of bars is `core::volatility`.

use crate::bars::began;
use backstop_core::Engine;
use backstop_core::board::Board;
use backstop_core::volatility::Known;
use backstop_model::{AccountId, Candle, Event, InstrumentId, Series, Span, Tick, Timestamp};
use backstop_venues::CandleQuestion;
use std::collections::{BTreeMap, BTreeSet};

/// Lengths of candles that venues keep, in seconds, longest first.
const LENGTHS: [i64; 5] = [14_400, 3_600, 900, 300, 60];
/// Candles asked for at once.
const MOST: i64 = 999;
/// An average is asked for over so many of its periods: by then it hardly depends any more on where it began.
const PERIODS: i64 = 10;
/// An answer may take so long.
const PATIENCE: Span = Span::from_secs(5);
/// How often it is asked in a row without an answer.
const ATTEMPTS: u8 = 3;
/// After that it is asked this often.
const LATER: Span = Span::from_secs(600);
/// After its end a venue needs this long to have a candle ready.
const SETTLING: Span = Span::from_secs(1);
/// Questions under way at most: hundreds of instruments do not use up a venue's budget at once.
const UNDER_WAY: usize = 4;
/// Lengths of bars kept at most, as in `bars`.
const MOST_INTERVALS: usize = 8;

/// Bars of one instrument and length that are being asked for.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    ask_at: Timestamp,
    attempts: u8,
    /// The bar that was open at the first question ends here.
    ends: Option<Timestamp>,
    /// When the newest question was sent that has no answer yet.
    asked_at: Option<Timestamp>,
}

impl Wanted {
    const fn at(now: Timestamp) -> Self {
        Self { ask_at: now, attempts: 0, ends: None, asked_at: None }
    }

    fn is_under_way(&self, now: Timestamp) -> bool {
        self.asked_at.is_some_and(|at| now.since(at) < PATIENCE)
    }
}

/// The bars that are being asked for.
#[derive(Debug, Default)]
pub struct WarmUps {
    instruments: BTreeSet<InstrumentId>,
    intervals: Vec<Span>,
    wanted: BTreeMap<(InstrumentId, Span), Wanted>,
}

impl WarmUps {
    /// Also asks for bars of this length. One that is made of no venue's candles is measured from own bars only.
    pub fn keep(&mut self, now: Timestamp, interval: Span) {
        let is_new = !self.intervals.contains(&interval) && self.intervals.len() < MOST_INTERVALS;
        if base(interval).is_some() && is_new {
            self.intervals.push(interval);
            self.wanted.extend(self.instruments.iter().map(|instrument| ((*instrument, interval), Wanted::at(now))));
        }
    }

    /// Also asks for bars of this instrument.
    pub fn follow(&mut self, now: Timestamp, instrument: InstrumentId) {
        if self.instruments.insert(instrument) {
            self.wanted.extend(self.intervals.iter().map(|interval| ((instrument, *interval), Wanted::at(now))));
        }
    }

    /// Looks at new prices before they are taken in: `board` has the ones before. Where bars do not follow each other some are
    /// missing.
    pub fn hear(&mut self, now: Timestamp, tick: &Tick, board: Option<&Board>) {
        let heard = tick.prices.of(Series::Last).and(board).and_then(|board| board.heard_at(Series::Last));
        let Some(heard) = heard else { return };
        let missing = |interval: &&Span| began(now, **interval).since(began(heard, **interval)) > **interval;
        for interval in self.intervals.iter().filter(missing) {
            self.wanted.entry((tick.instrument, *interval)).or_insert(Wanted::at(now));
        }
    }

    /// The question that is due now, for what is open first.
    pub fn due(&mut self, now: Timestamp, engine: &Engine) -> Option<CandleQuestion> {
        if self.wanted.is_empty() || self.wanted.values().filter(|wanted| wanted.is_under_way(now)).count() >= UNDER_WAY
        {
            return None;
        }
        // Without an average to be measured nobody needs bars of this length.
        self.wanted.retain(|(instrument, interval), wanted| {
            wanted.ask_at > now || engine.known_bars(*instrument, *interval).is_some()
        });
        let due = self.wanted.iter().filter(|(_, wanted)| wanted.ask_at <= now).map(|(key, _)| *key);
        let open: BTreeSet<InstrumentId> = engine.positions().map(|position| position.key.instrument).collect();
        let (instrument, interval) = due.min_by_key(|(instrument, _)| !open.contains(instrument))?;
        let account = asker(engine, instrument)?;
        let known = engine.known_bars(instrument, interval)?;
        let base = base(interval)?;
        let wanted = self.wanted.get_mut(&(instrument, interval))?;
        wanted.attempts = wanted.attempts.saturating_add(1);
        wanted.ask_at = now.plus(if wanted.attempts < ATTEMPTS { PATIENCE } else { LATER });
        wanted.asked_at = Some(now);
        wanted.ends.get_or_insert(began(now, interval).plus(interval));
        let since = since(now, known, interval, base);
        Some(CandleQuestion { account, instrument, series: Series::Last, interval: base, since })
    }

    /// The venue has answered with candles that it keeps: longer bars made of them, to be taken in as well.
    pub fn answered(
        &mut self,
        now: Timestamp,
        instrument: InstrumentId,
        length: Span,
        candles: &[Candle],
    ) -> Vec<Event> {
        let mut made = Vec::new();
        self.wanted.retain(|(of, interval), wanted| {
            if *of != instrument || base(*interval) != Some(length) || wanted.asked_at.is_none() {
                return true;
            }
            if *interval != length {
                let candles = longer(now, *interval, candles);
                let (interval, history) = (*interval, Some(Series::Last));
                made.push(Event::Candles { instrument, interval, candles, history });
            }
            let again = wanted.ends.map(|ends| ends.plus(SETTLING)).filter(|again| *again > now);
            if let Some(again) = again {
                *wanted = Wanted { ends: wanted.ends, ..Wanted::at(again) };
            }
            again.is_some()
        });
        made
    }
}

/// Whose connection is used: that of a position there, else of an account at the instrument's venue, else any.
fn asker(engine: &Engine, instrument: InstrumentId) -> Option<AccountId> {
    let holder = engine.positions().find(|position| position.key.instrument == instrument);
    let venue = engine.instrument(instrument)?.venue;
    let there = || engine.accounts().find(|account| account.venue == venue).or_else(|| engine.accounts().next());
    holder.map(|position| position.key.account).or_else(|| there().map(|account| account.id))
}

/// The longest candles that bars of this length can be made of.
fn base(interval: Span) -> Option<Span> {
    let fits = |length: &Span| interval > Span::ZERO && interval.as_nanos() % length.as_nanos() == 0;
    LENGTHS.into_iter().map(Span::from_secs).find(fits)
}

/// Where the first candle of a question begins: at the newest known bar, or so far back that averages can be measured anew.
fn since(now: Timestamp, known: Known, interval: Span, base: Span) -> Timestamp {
    let parts = interval.as_nanos() / base.as_nanos();
    let bars = i64::from(known.longest).saturating_mul(PERIODS).saturating_add(1).min(MOST / parts.max(1)).max(1);
    let far = began(now, interval).plus(Span::from_nanos(interval.as_nanos().saturating_mul(-bars)));
    known.through.map_or(far, |through| began(through.max(far), interval))
}

/// Bars made of shorter candles: those that have ended and were there from their beginning.
fn longer(now: Timestamp, interval: Span, candles: &[Candle]) -> Vec<Candle> {
    let mut made: Vec<Candle> = Vec::new();
    for candle in candles {
        let opened_at = began(candle.opened_at, interval);
        match made.last_mut().filter(|last| last.opened_at == opened_at) {
            Some(last) => {
                let (high, low) = (last.high.max(candle.high), last.low.min(candle.low));
                *last = Candle { opened_at, high, low, close: candle.close };
            }
            None => made.push(Candle { opened_at, ..*candle }),
        }
    }
    let first = candles.first().map(|first| first.opened_at);
    made.retain(|bar| bar.opened_at.plus(interval) <= now && first.is_some_and(|first| bar.opened_at >= first));
    made
}

#[cfg(test)]
mod tests;
