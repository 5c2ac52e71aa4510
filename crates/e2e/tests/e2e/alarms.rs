//! Whoever is woken for nothing stops listening: where nothing goes wrong no alarm rings, at any venue.

use backstop_e2e::storm::draw::Choice;
use backstop_e2e::storm::scenario::{reason, write_down};
use backstop_e2e::storm::{Life, VenueKind, draw};

/// Lives of each venue.
const SEEDS: u64 = 80;

/// What people are to hear also then: another price is through the stop, margin was taken away by hand.
const MEANT: [&str; 2] = ["nothing is closed for that", "lies too near to liquidation"];

/// The market has jumped over the stop before one could rest.
fn is_jump(alarm: &str, before: &str) -> bool {
    let rested = before.lines().any(|line| line.contains("stop#") && line.contains(" working "));
    alarm.contains("no stop is working at the venue; closing at market") && !rested
}

fn alarms(life: &Life) -> Vec<String> {
    let (ended, script) = write_down(life);
    let text = script.text(life, &reason(&ended), "");
    let rung = text.match_indices("ALARM: ").filter_map(|(at, _)| {
        let alarm = text[at..].lines().next()?;
        let meant = MEANT.iter().any(|words| alarm.contains(words)) || is_jump(alarm, &text[..at]);
        (!meant).then(|| alarm.to_owned())
    });
    rung.collect()
}

/// What the venues' pages leave open is taken as the engine expects it: it may ring where a venue is otherwise.
fn calm(seed: u64, venue: VenueKind) -> Life {
    let mut life = draw(seed, Choice { venue: Some(venue), calm: true });
    life.readings.clear();
    life
}

#[test]
fn no_alarm_rings_where_nothing_goes_wrong() {
    let lives = VenueKind::ALL.into_iter().flat_map(|venue| (1..=SEEDS).map(move |seed| calm(seed, venue)));
    let rung: Vec<String> = lives
        .flat_map(|life| {
            alarms(&life).into_iter().map(move |alarm| format!("seed {} at {:?}: {alarm}", life.seed, life.venue))
        })
        .collect();
    assert!(rung.is_empty(), "{} alarms:\n{}", rung.len(), rung.join("\n"));
}
