//! The day of 10 to 11 October 2025, told for each venue and side (F-A05, F-H01, F-H05; I25, I28, I36).
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use backstop_e2e::storm::october::{Chapter, INDEX_IS_WRONG, PRICE_PASSES_AT, PRINT_AT, REFUSES, life};
use backstop_e2e::storm::trace::Trace;
use backstop_e2e::storm::{VenueKind, play};
use backstop_model::PositionSide;

const VENUES: [VenueKind; 4] =
    [VenueKind::Aster, VenueKind::Binance, VenueKind::BitgetClassic, VenueKind::BitgetUnified];
/// A venue that takes requests again is noticed within this, in milliseconds, and the request is on its way.
const NOTICED: i64 = 3_600 + 1_500;

/// A day as it was played, line by line: when, who, what.
struct Day {
    lines: Vec<(i64, String, String)>,
    what: String,
}

impl Day {
    fn of(chapter: Chapter, venue: VenueKind, side: PositionSide) -> Self {
        let ended = play(&life(chapter, venue, side), Trace::told());
        let what = format!("{chapter:?} at {venue:?}, {side}");
        assert!(ended.violations.is_empty(), "{what}: {:?}", ended.violations);
        Self { lines: ended.trace.story().iter().map(|line| read(line)).collect(), what }
    }

    /// When somebody says something with this in it, within a stretch of the life.
    fn when(&self, who: &str, what: &str, within: (i64, i64)) -> Vec<i64> {
        let said = self
            .lines
            .iter()
            .filter(|(at, by, words)| by == who && words.contains(what) && within.0 <= *at && *at < within.1);
        said.map(|(at, ..)| *at).collect()
    }

    fn never(&self, who: &str, what: &str, within: (i64, i64)) {
        let said = self.when(who, what, within);
        assert!(said.is_empty(), "{}: {who} {what} at {said:?}", self.what);
    }

    fn once_within(&self, who: &str, what: &str, within: (i64, i64)) -> i64 {
        let said = self.when(who, what, within);
        *said.first().unwrap_or_else(|| panic!("{}: {who} {what} is not there within {within:?}", self.what))
    }
}

/// `  12.345 sends   place …`.
fn read(line: &str) -> (i64, String, String) {
    let (at, rest) = line.trim_start().split_once(' ').unwrap();
    let (who, what) = rest.split_once(' ').unwrap();
    let (seconds, millis) = at.split_once('.').unwrap();
    let at = seconds.parse::<i64>().unwrap() * 1_000 + millis.parse::<i64>().unwrap();
    (at, who.to_owned(), what.trim_start().to_owned())
}

fn each(chapter: Chapter, tell: impl Fn(&Day)) {
    for venue in VENUES {
        for side in [PositionSide::Long, PositionSide::Short] {
            tell(&Day::of(chapter, venue, side));
        }
    }
}

#[test]
fn a_position_without_a_stop_is_not_closed_on_a_print_of_8_ms_or_a_wrong_index_and_gets_its_stop_when_one_is_taken() {
    each(Chapter::Waits, |day| {
        let opened = Chapter::Waits.opened_at();
        // People know at once, and keep being told why.
        day.once_within("tells", "UNPROTECTED", (opened, opened + 5_000));
        day.once_within("tells", "refused", (opened, opened + 5_000));
        // 0.001 for 8 ms, then a mark far beyond the stop for 39 minutes: the stop is on the last price, and one lone print
        // is no price.
        day.never("sends", "place close", (0, REFUSES.1 + 60_000));
        assert!(PRINT_AT > opened && INDEX_IS_WRONG.1 < REFUSES.1);
        // It is asked for the stop all the time, and taken as soon as stops are taken.
        day.never("hears", ": accepted", (opened, REFUSES.1));
        day.once_within("hears", ": accepted", (REFUSES.1, REFUSES.1 + NOTICED));
    });
}

#[test]
fn a_position_whose_stop_is_really_passed_is_closed_as_soon_as_anything_is_taken() {
    each(Chapter::Passes, |day| {
        day.never("sends", "place close", (0, PRICE_PASSES_AT));
        // Half a second after the price has passed the stop the exit is on its way, and people know.
        day.once_within("tells", "closing at market", (PRICE_PASSES_AT, PRICE_PASSES_AT + 1_000));
        day.once_within("sends", "place close", (PRICE_PASSES_AT, PRICE_PASSES_AT + 1_000));
        day.never("hears", "of close#", (PRICE_PASSES_AT, REFUSES.1));
        day.once_within("hears", "of close#", (REFUSES.1, REFUSES.1 + NOTICED));
        // Once is enough.
        day.never("sends", "place close", (REFUSES.1 + NOTICED, REFUSES.1 + 60_000));
    });
}

#[test]
fn a_stop_that_rests_stays_as_it_is_through_all_of_it() {
    for chapter in [Chapter::RestsOnLast, Chapter::RestsOnMark] {
        each(chapter, |day| {
            day.once_within("hears", ": accepted", (chapter.opened_at(), chapter.opened_at() + 3_000));
            for touches in ["place", "amend", "cancel"] {
                day.never("sends", touches, (REFUSES.0, REFUSES.1 + 60_000));
            }
            day.never("tells", "UNPROTECTED", (0, REFUSES.1 + 60_000));
        });
    }
}
