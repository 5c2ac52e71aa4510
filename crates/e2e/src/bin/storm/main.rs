//! `storm`: plays lives under faults, many of them or one with its story; `storm crashes` plays the crash matrix, `storm
//! canaries` the seeded bugs.

mod canaries;
mod coverage;
mod crashes;
mod scenario;

use backstop_e2e::storm::draw::Choice;
use backstop_e2e::storm::shrink::shrink;
use backstop_e2e::storm::trace::Trace;
use backstop_e2e::storm::{Life, Tally, VenueKind, Violation, differs, draw, play};
use backstop_e2e::storm::{october, story};
use backstop_model::PositionSide;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Plays position lives under faults and checks every promise after every step.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask storm", version)]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    part: Option<Part>,
    /// Play this seed and print its story.
    #[arg(long, conflicts_with_all = ["seeds", "minutes"])]
    seed: Option<u64>,
    /// Play these seeds, the last one included: `1..1000`.
    #[arg(long, value_parser = range)]
    seeds: Option<(u64, u64)>,
    /// Play for so many minutes, from the first of `--seeds` on.
    #[arg(long)]
    minutes: Option<u64>,
    /// Only this venue: binance, aster, bitget, bitget-unified, ig, or mixed.
    #[arg(long, default_value = "mixed")]
    profile: String,
    /// Print how often each fault struck, which pairs did, and what was reached; fail when a hundred thousand lives missed one.
    #[arg(long)]
    coverage: bool,
    /// Nothing goes wrong: the lives alone.
    #[arg(long)]
    calm: bool,
    /// Play a day that has really been, as four positions lived it, at `--profile`: 2025-10-10.
    #[arg(long, conflicts_with_all = ["seed", "seeds", "minutes"], value_parser = ["2025-10-10"])]
    day: Option<String>,
    /// With `--seed`: make the life small first, if it breaks a promise, and write its scenario.
    #[arg(long)]
    shrink: bool,
    /// Where the scenario of a failing life goes, a file or a folder: `storm_<seed>.txt` here unless said. With `--seed`
    /// alone the whole life is written.
    #[arg(long, value_name = "PATH")]
    scenario: Option<PathBuf>,
    /// Play every seed twice and compare the traces.
    #[arg(long)]
    twice: bool,
    /// Go on after a broken promise, and count them.
    #[arg(long)]
    keep_going: bool,
    /// Play all of them, and fail only when more than so many lives break a promise.
    #[arg(long)]
    at_most: Option<usize>,
    /// Print every broken promise, not only the first forty; with `--day` every line, also what repeats itself.
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Play seeded bugs until the promise that each is to break catches it.
    Canaries(canaries::Cli),
    /// Play the crash matrix: every point, command, world and venue.
    Crashes(crashes::Cli),
}

fn range(text: &str) -> Result<(u64, u64), String> {
    let (from, until) = text.split_once("..").ok_or("write it as FIRST..LAST, for example 1..1000")?;
    let number = |text: &str| text.parse::<u64>().map_err(|why| format!("{text}: {why}"));
    let (from, until) = (number(from)?, number(until)?);
    if from > until {
        return Err(format!("{from} comes after {until}"));
    }
    Ok((from, until))
}

fn venue(name: &str) -> Result<Option<VenueKind>, String> {
    Ok(Some(match name {
        "aster" => VenueKind::Aster,
        "binance" => VenueKind::Binance,
        "bitget" => VenueKind::BitgetClassic,
        "bitget-unified" => VenueKind::BitgetUnified,
        "ig" => VenueKind::Ig,
        "mixed" => return Ok(None),
        other => return Err(format!("--profile {other}: choose binance, aster, bitget, bitget-unified, ig or mixed")),
    }))
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match &cli.part {
        Some(Part::Canaries(cli)) => return canaries::run(cli),
        Some(Part::Crashes(cli)) => return crashes::run(cli),
        None => {}
    }
    let venue = match venue(&cli.profile) {
        Ok(venue) => venue,
        Err(why) => {
            eprintln!("storm: {why}");
            return ExitCode::from(2);
        }
    };
    if cli.day.is_some() {
        return the_day(venue.unwrap_or(VenueKind::Binance), cli.all);
    }
    let choice = Choice { venue, calm: cli.calm };
    match cli.seed {
        Some(seed) => one(&cli, draw(seed, choice)),
        None => many(&cli, choice),
    }
}

/// The 10th of October 2025, chapter by chapter.
fn the_day(venue: VenueKind, all: bool) -> ExitCode {
    let mut kept = true;
    for chapter in october::Chapter::ALL {
        let life = october::life(chapter, venue, PositionSide::Long);
        println!("\n{chapter:?}: {}", story::place(&life));
        let ended = play(&life, Trace::told());
        let violations = ended.violations;
        let story = ended.trace.story();
        let told = if all { story } else { story::without_repetition(&story) };
        told.iter().for_each(|line| println!("{line}"));
        violations.iter().for_each(|violation| println!("{}", shown(life.seed, violation)));
        kept &= violations.is_empty();
    }
    println!("\n{}", if kept { "no promise was broken" } else { "a promise was broken" });
    if kept { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// One life with its story.
fn one(cli: &Cli, mut life: Life) -> ExitCode {
    if cli.shrink {
        life = shrink(&life);
    }
    println!("{}", story::place(&life));
    let ended = play(&life, Trace::told());
    ended.trace.story().iter().for_each(|line| println!("{line}"));
    ended.violations.iter().for_each(|violation| println!("{}", shown(life.seed, violation)));
    if cli.scenario.is_some() || (cli.shrink && !ended.violations.is_empty()) {
        scenario::write(&life, &how(cli, life.seed), cli.scenario.as_deref());
    }
    if ended.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// The command that plays a seed as this run does.
fn how(cli: &Cli, seed: u64) -> String {
    let profile = if cli.profile == "mixed" { String::new() } else { format!(" --profile {}", cli.profile) };
    let calm = if cli.calm { " --calm" } else { "" };
    format!("cargo xtask storm --seed {seed}{profile}{calm}")
}

fn shown(seed: u64, violation: &Violation) -> String {
    format!("seed {seed}: {} broken at {} ms: {}", violation.invariant, violation.at, violation.what)
}

/// Many lives, on every core.
fn many(cli: &Cli, choice: Choice) -> ExitCode {
    let (first, last) = cli.seeds.unwrap_or((1, if cli.minutes.is_some() { u64::MAX } else { 10_000 }));
    let ends = cli.minutes.map(|minutes| Instant::now() + Duration::from_secs(minutes * 60));
    let (next, stop) = (AtomicU64::new(first), AtomicBool::new(false));
    let (tally, broken) = (Mutex::new(Tally::default()), Mutex::new(Vec::new()));
    let begun = Instant::now();
    let bar = progress(first, last, cli.minutes.is_some());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut mine = Tally::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let late = ends.is_some_and(|ends| Instant::now() >= ends);
                    if seed > last || late || stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let life = draw(seed, choice);
                    let violations = lived(cli, &life, &mut mine);
                    bar.inc(1);
                    if !violations.is_empty() {
                        broken.lock().expect("nobody panics holding it").push((seed, violations));
                        stop.store(!cli.keep_going && cli.at_most.is_none(), Ordering::Relaxed);
                    }
                }
                tally.lock().expect("nobody panics holding it").join(mine);
            });
        }
    });
    bar.finish_and_clear();
    let (tally, broken) = (tally.into_inner().expect("all have ended"), broken.into_inner().expect("all have ended"));
    report(cli, choice, &tally, &broken, begun.elapsed())
}

fn lived(cli: &Cli, life: &Life, tally: &mut Tally) -> Vec<Violation> {
    let ended = play(life, if cli.twice { Trace::hashed() } else { Trace::silent() });
    tally.count(life, &ended);
    let differs = cli.twice.then(|| differs(&ended, &play(life, Trace::hashed()))).flatten();
    ended.violations.into_iter().chain(differs).collect()
}

fn progress(first: u64, last: u64, timed: bool) -> indicatif::ProgressBar {
    if timed { indicatif::ProgressBar::new_spinner() } else { indicatif::ProgressBar::new(last - first + 1) }
}

fn report(cli: &Cli, choice: Choice, tally: &Tally, broken: &[(u64, Vec<Violation>)], took: Duration) -> ExitCode {
    let never = cli.coverage && coverage::misses(tally);
    let mut broken = broken.to_vec();
    broken.sort_by_key(|(seed, _)| *seed);
    for (seed, violations) in broken.iter().take(if cli.all { usize::MAX } else { 40 }) {
        println!("{}", shown(*seed, &violations[0]));
    }
    let per_minute = tally.lives as f64 / took.as_secs_f64() * 60.0;
    println!(
        "{} lives, {} events, {} broken, {:.1} s, {per_minute:.0} lives a minute",
        tally.lives,
        tally.events,
        broken.len(),
        took.as_secs_f64()
    );
    let too_many = broken.len() > cli.at_most.unwrap_or(0);
    if let Some((seed, _)) = broken.first().filter(|_| too_many) {
        println!("seed {seed}, made small:");
        scenario::write(&shrink(&draw(*seed, choice)), &how(cli, *seed), cli.scenario.as_deref());
    }
    if never || too_many { ExitCode::from(1) } else { ExitCode::SUCCESS }
}
