//! `storm crashes`: plays the crash matrix, all of it or one cell with its story.

use backstop_e2e::storm::crashes::report::Report;
use backstop_e2e::storm::crashes::script::{life, variants};
use backstop_e2e::storm::crashes::{Cell, verdict};
use backstop_e2e::storm::trace::Trace;
use backstop_e2e::storm::{play, story};
use std::process::ExitCode;
use std::time::Instant;

/// Which part of the matrix.
#[derive(clap::Args, Debug)]
pub struct Cli {
    /// Play this cell alone and print its story: VENUE/KIND/POINT/REACH/FATE, for example binance/place-stop/k4/late/open.
    #[arg(long)]
    cell: Option<Cell>,
    /// With `--cell`: which of its lives, from 0; without, the first that breaks a promise.
    #[arg(long, requires = "cell")]
    life: Option<usize>,
    /// Print every cell that failed, not only the first twenty.
    #[arg(long)]
    all: bool,
    /// Only cells whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
}

/// Plays and tells; 1 when something was broken.
pub fn run(cli: &Cli) -> ExitCode {
    match cli.cell {
        Some(cell) => one(cell, cli.life),
        None => all(cli),
    }
}

fn one(cell: Cell, chosen: Option<usize>) -> ExitCode {
    let variants = match variants(cell) {
        Ok(variants) => variants,
        Err(why) => {
            println!("{cell} is not there: {why}");
            return ExitCode::SUCCESS;
        }
    };
    let is_broken = |number: &usize| verdict::broken(cell, &play(&life(cell, variants[*number]), Trace::silent()));
    let number = chosen.or_else(|| (0..variants.len()).find(|number| is_broken(number).is_some())).unwrap_or(0);
    let Some(variant) = variants.get(number) else {
        eprintln!("{cell} has lives 0 to {}", variants.len() - 1);
        return ExitCode::from(2);
    };
    println!("{cell}, life {number} of {}: {variant:?}", variants.len());
    let played = life(cell, *variant);
    println!("{}", story::place(&played));
    let ended = play(&played, Trace::told());
    let broken = verdict::broken(cell, &ended);
    ended.trace.story().iter().for_each(|line| println!("{line}"));
    match broken {
        Some((promise, what)) => {
            println!("{cell}: {promise} broken: {what}");
            ExitCode::from(1)
        }
        None => ExitCode::SUCCESS,
    }
}

fn all(cli: &Cli) -> ExitCode {
    let cells: Vec<Cell> = Cell::all().into_iter().filter(|cell| cell.to_string().contains(&cli.only)).collect();
    let begun = Instant::now();
    let bar = indicatif::ProgressBar::new(cells.len() as u64);
    let report = Report::of(&cells, || bar.inc(1));
    bar.finish_and_clear();
    println!("Passed / not there / failed:\n\n{}", report.table());
    for (cell, failure) in report.failures().take(if cli.all { usize::MAX } else { 20 }) {
        println!("{cell}: {} broken, {}", failure.promise, failure.what);
        println!("    cargo xtask crashes --cell {cell} --life {}", failure.life);
    }
    let ([passed, absent, failed], (lives, without)) = (report.counts(), report.lives());
    let took = begun.elapsed().as_secs_f64();
    println!("{} cells: {passed} passed, {absent} not there, {failed} failed", cells.len());
    println!("{lives} lives, {without} of them with nothing to die over in the recovery, {took:.1} s");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
