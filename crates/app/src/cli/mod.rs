//! The command line: one file per command; a command's help is its documentation.

mod api;
mod breakeven;
mod check;
mod close;
mod completion;
mod demo;
mod explain;
mod health;
mod open;
mod outcome;
mod output;
mod pause;
mod plan;
mod positions;
mod progress;
mod reload;
mod replay;
mod resume;
mod run;
mod told;
mod trades;
mod unknown;

pub use outcome::{Failure, Outcome};

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// An exit engine for leveraged positions: a stop always resting at the exchange, profit taken in steps while the stop
/// climbs, the rest trailed.
#[derive(Debug, Parser)]
#[command(name = "backstop", version, max_term_width = 120)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(name = "breakeven")]
    BreakEven(breakeven::BreakEven),
    Check(check::Check),
    Close(close::Close),
    Completion(completion::Completion),
    Demo(Box<demo::Demo>),
    Explain(explain::Explain),
    Health(health::Health),
    Open(open::Open),
    Pause(pause::Pause),
    Plan(plan::Plan),
    Positions(positions::Positions),
    Reload(reload::Reload),
    Replay(replay::Replay),
    Resume(resume::Resume),
    Run(run::Run),
    Trades(trades::Trades),
}

/// Runs what the command line asks for.
#[must_use]
pub fn run() -> ExitCode {
    let line = Line::parse();
    let done = match line.command {
        Command::BreakEven(breakeven) => breakeven.run(),
        Command::Check(check) => check.run(),
        Command::Close(close) => close.run(),
        Command::Completion(completion) => completion.run(),
        Command::Demo(demo) => demo.run(),
        Command::Explain(explain) => explain.run(),
        Command::Health(health) => health.run(),
        Command::Open(open) => open.run(),
        Command::Pause(pause) => pause.run(),
        Command::Plan(plan) => plan.run(),
        Command::Positions(positions) => positions.run(),
        Command::Reload(reload) => reload.run(),
        Command::Replay(replay) => replay.run(),
        Command::Resume(resume) => resume.run(),
        Command::Run(run) => run.run(),
        Command::Trades(trades) => trades.run(),
    };
    match done {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::ProblemFound) => ExitCode::from(1),
        Err(failure) => failure.print(),
    }
}
