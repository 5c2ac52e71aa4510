//! What a generated market did before its first start: a walk of its own, told backwards, so that it ends where the market
//! begins. Without it an average true range of hours would be known only when most of a day has passed.

use crate::doors::Doors;
use backstop_model::{Instrument, Price, Prices, Span, Timestamp};
use backstop_sim::{Climate, Generator};
use backstop_venues::paper::PaperVenue;

/// How far back it goes.
const PAST: Span = Span::from_secs(3 * 86_400);
/// Between two points of it, by the clock.
const EVERY: Span = Span::from_secs(20);
/// Its seeds are not those of the market.
const BEFORE: u64 = 1 << 40;

/// Tells the venues the past of one market until `now`: candles, and nothing else. The market runs `speed` times faster than
/// the clock.
pub fn tell(
    venues: &mut [PaperVenue],
    (instrument, start): (&Instrument, Price),
    seed: u64,
    (now, speed): (Timestamp, u32),
) {
    let mut doors = Doors::default();
    for (at, prices) in points(start, instrument.tick, seed, now, speed) {
        if doors.look(instrument, at).0 {
            venues.iter_mut().for_each(|venue| venue.recall(at, instrument.id, &prices));
        }
    }
}

/// The points of a past that ends at `start`, oldest first; none where the market cannot be generated either.
fn points(start: Price, tick: Price, seed: u64, until: Timestamp, speed: u32) -> Vec<(Timestamp, Prices)> {
    let lively = Climate::lively(start, tick);
    let market_time = EVERY.times(speed.max(1)).as_nanos();
    let steps = u32::try_from(market_time / lively.step.as_nanos()).unwrap_or(u32::MAX);
    let climate = Climate { step: EVERY, ..lively.coarser(steps) };
    let walk = Generator::new(seed.wrapping_add(BEFORE), Timestamp::EPOCH, climate);
    let Ok(mut walk) = walk else { return Vec::new() };
    let number = u32::try_from(PAST.as_nanos() / EVERY.as_nanos()).unwrap_or(0);
    let ago = |steps: u32| Timestamp::from_nanos(until.as_nanos() - EVERY.times(steps).as_nanos());
    let mut points: Vec<_> = (1..=number).map(|steps| (ago(steps), walk.next_point().prices)).collect();
    points.reverse();
    points
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn past(seed: u64) -> Vec<(Timestamp, Prices)> {
        let (start, tick) = ("50000".parse().unwrap(), "0.1".parse().unwrap());
        points(start, tick, seed, Timestamp::EPOCH.plus(PAST), 1)
    }

    #[test]
    fn the_past_ends_where_the_market_begins_and_is_the_same_each_time() {
        let made = past(7);
        assert_eq!(made.len(), 12_960);
        assert_eq!(made.first().unwrap().0, Timestamp::EPOCH);
        assert!(made.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let last = made.last().unwrap().1.last.unwrap();
        let near = |percent: i64| format!("{}", 50_000 + 500 * percent).parse::<Price>().unwrap();
        assert!(last > near(-3) && last < near(3), "{last}");
        assert_eq!(made, past(7));
        assert_ne!(made, past(8));
    }
}
