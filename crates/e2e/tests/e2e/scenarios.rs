//! A scenario written down from a life of the storm comes to the same, line by line, when the core's runner plays it.
//!
//! The runner is the core's own, read from its folder: it knows nothing of world, venue and process.

use crate::{builders, play};
use backstop_e2e::storm::draw::Choice;
use backstop_e2e::storm::life::Act;
use backstop_e2e::storm::scenario::{reason, write_down};
use backstop_e2e::storm::switching::is_tried;
use backstop_e2e::storm::{Life, VenueKind, draw};
use backstop_model::plan::ExitPlan;

/// Lives of each venue, calm ones and troubled ones each.
const SEEDS: u64 = 15;

fn first_difference(written: &str, played: &str) -> Option<String> {
    let mut pairs = written.lines().zip(played.lines()).enumerate();
    let found = pairs.find(|(_, (one, other))| one != other);
    let told = found.map(|(at, (one, other))| format!("line {}:\n  life:     {one}\n  scenario: {other}", at + 1));
    told.or_else(|| (written.lines().count() != played.lines().count()).then(|| "one is longer".to_owned()))
}

fn written(life: &Life) -> String {
    let (ended, script) = write_down(life);
    script.text(life, &reason(&ended), "cargo xtask storm")
}

#[test]
fn a_scenario_written_from_a_life_comes_to_what_the_life_came_to() {
    let (mut different, mut all) = (Vec::new(), String::new());
    let choices = VenueKind::ALL.into_iter().flat_map(|venue| [true, false].map(|calm| (Some(venue), calm)));
    let lives = choices.flat_map(|(venue, calm)| (1..=SEEDS).map(move |seed| draw(seed, Choice { venue, calm })));
    // Few lives have one of these, fewer two engines whose configurations differ.
    let drawn = || (1..).map(|seed| draw(seed, Choice::default()));
    let switched = drawn().filter(is_tried).take(SEEDS as usize);
    let files = |life: &Life| life.acts.iter().any(|(_, act)| matches!(act, Act::ReloadOf(..)));
    // Of those few are taken over from in time.
    let beside = drawn().filter(files).take(4 * SEEDS as usize);
    for life in lives.chain(switched).chain(beside) {
        let text = written(&life);
        let told = first_difference(&text, &play::run(&text));
        let place = format!("seed {} at {:?}, {:?}", life.seed, life.venue, life.mode);
        different.extend(told.map(|told| format!("{place}: {told}")));
        all.push_str(&text);
    }
    assert!(different.is_empty(), "{} lives differ:\n{}", different.len(), different.join("\n"));
    // What is hardest to say is there: starts with and without a journal, full reads, answers to questions, deals, and
    // switched modes.
    let modes = [" mode hedge\n", " mode one-way\n"];
    for words in
        [" recover\n", " journal lost\n", " everything at ", " found ", "/deal:", "\n    place ", " unknown timed_out "]
            .into_iter()
            .chain(modes)
            .chain([" now-plan name storm", " now-account max-notional ", " file-plan name storm"])
    {
        assert!(all.contains(words), "no life says {words:?}");
    }
    assert!(!all.contains("not-in-words"), "an event has no words");
}

#[test]
fn a_plan_in_words_is_the_plan() {
    for seed in 1..=300 {
        let life = draw(seed, Choice::default());
        let (_, script) = write_down(&Life { acts: Vec::new(), troubles: Vec::new(), length: 1, ..life.clone() });
        let text = script.text(&life, "", "");
        let words = text.lines().find_map(|line| line.strip_prefix("plan ")).unwrap();
        let (plan, _) = builders::plan_from(words).unwrap();
        assert_eq!(plan, ExitPlan::try_from(life.plan).unwrap(), "seed {seed}: {words}");
    }
}
