//! `storm canaries`: plays seeded bugs, all of them or one with the story of the life that has caught it.

use backstop_e2e::benches::{self, Seeded};
use backstop_e2e::storm::canaries::catch::{BUDGET, Outcome, catch, catch_at_bench};
use backstop_e2e::storm::canaries::{CHECKED, Canary, all};
use backstop_e2e::storm::draw::{Choice, draw};
use backstop_e2e::storm::story;
use backstop_e2e::storm::trace::Trace;
use backstop_e2e::storm::world::play_with;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// So many each promise needs.
const LEAST: usize = 2;

/// Which canaries.
#[derive(clap::Args, Debug)]
pub struct Cli {
    /// Play this one alone and tell the story of the life that has caught it.
    #[arg(long)]
    canary: Option<String>,
    /// Only those that are to break this promise: I7.
    #[arg(long, conflicts_with = "canary")]
    promise: Option<String>,
}

/// Plays and tells; 1 when one has survived, or when a promise has too few.
pub fn run(cli: &Cli) -> ExitCode {
    match &cli.canary {
        Some(name) => one(name),
        None => many(cli.promise.as_deref()),
    }
}

fn one(name: &str) -> ExitCode {
    if let Some(seeded) = benches::all().find(|seeded| seeded.name == name) {
        let outcome = catch_at_bench(seeded);
        println!("{}, to break {}: {}\n{}", seeded.name, seeded.breaks, seeded.wrong, outcome.what);
        return tell(&[outcome]);
    }
    let Some(canary) = all().into_iter().find(|canary| canary.name == name) else {
        eprintln!("storm canaries: there is no canary {name}; without --canary all are listed");
        return ExitCode::from(2);
    };
    println!("{}, to break {}: {}", canary.name, canary.breaks, canary.wrong);
    let outcome = catch(canary);
    if let Some(seed) = outcome.seed {
        let life = draw(seed, Choice::default());
        println!("{}", story::place(&life));
        play_with(&life, Trace::told(), canary).trace.story().iter().for_each(|line| println!("{line}"));
        println!("{} broken: {}", canary.breaks, outcome.what);
    }
    tell(&[outcome])
}

fn many(promise: Option<&str>) -> ExitCode {
    let lived = all().into_iter().map(Played::Life);
    let chosen: Vec<Played> = lived.chain(benches::all().map(Played::Bench)).collect();
    let chosen: Vec<Played> =
        chosen.into_iter().filter(|played| promise.is_none_or(|promise| played.breaks() == promise)).collect();
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let begun = Instant::now();
    let bar = indicatif::ProgressBar::new(chosen.len() as u64);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(played) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = played.catch();
                    outcomes.lock().expect("nobody panics holding it").push(outcome);
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut outcomes = outcomes.into_inner().expect("all have ended");
    outcomes.sort_by_key(|outcome| chosen.iter().position(|played| played.name() == outcome.name));
    let code = tell(&outcomes);
    println!("{} canaries, {:.1} s", outcomes.len(), begun.elapsed().as_secs_f64());
    if promise.is_none() && too_few(&chosen) { ExitCode::from(1) } else { code }
}

fn tell(outcomes: &[Outcome]) -> ExitCode {
    println!(
        "{:<32} {:<6} {:<9} {:>7} {:>8} {:>6}  also broken first",
        "canary", "wanted", "caught by", "seed", "lives", "s"
    );
    for outcome in outcomes {
        let others: Vec<String> = outcome.others.iter().map(|(promise, count)| format!("{promise} {count}")).collect();
        let (by, seed) = outcome.seed.map_or(("SURVIVED", "-".to_owned()), |seed| (outcome.breaks, seed.to_string()));
        println!(
            "{:<32} {:<6} {by:<9} {seed:>7} {:>8} {:>6.2}  {}",
            outcome.name,
            outcome.breaks,
            outcome.lives,
            outcome.took.as_secs_f64(),
            others.join(", ")
        );
    }
    let survivors: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.seed.is_none()).collect();
    for survivor in &survivors {
        println!("{} survives {} s: {}", survivor.name, BUDGET.as_secs(), survivor.wrong);
    }
    if survivors.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Whether a promise that is looked at has fewer seeded bugs than it needs.
fn too_few(chosen: &[Played]) -> bool {
    let of = |promise: &str| chosen.iter().filter(|played| played.breaks() == promise).count();
    let checked = CHECKED.into_iter().chain(benches::CHECKED);
    let lacking: Vec<&str> = checked.filter(|promise| of(promise) < LEAST).collect();
    if !lacking.is_empty() {
        println!("fewer than {LEAST} canaries: {}", lacking.join(" "));
    }
    !lacking.is_empty()
}

/// Where a seeded bug is at work.
enum Played {
    Bench(&'static Seeded),
    Life(&'static Canary),
}

impl Played {
    const fn name(&self) -> &'static str {
        match self {
            Self::Bench(seeded) => seeded.name,
            Self::Life(canary) => canary.name,
        }
    }

    const fn breaks(&self) -> &'static str {
        match self {
            Self::Bench(seeded) => seeded.breaks,
            Self::Life(canary) => canary.breaks,
        }
    }

    fn catch(&self) -> Outcome {
        match self {
            Self::Bench(seeded) => catch_at_bench(seeded),
            Self::Life(canary) => catch(canary),
        }
    }
}
