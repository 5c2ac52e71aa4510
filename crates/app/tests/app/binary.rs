//! Running the real binary.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use backstop_model::{Money, PositionDocument, PositionSide, Quantity};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// The binary, in `folder`.
pub fn backstop(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backstop"));
    command.current_dir(folder).env_remove("BACKSTOP_TOKEN").env_remove("BACKSTOP_API");
    command
}

/// Runs it with arguments split at blanks; quoted ones are given apart.
pub fn run(folder: &Path, line: &str, more: &[&str]) -> Output {
    backstop(folder).args(line.split_whitespace()).args(more).output().unwrap()
}

/// What it ended with.
pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// What it said on standard error.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The object on its last line.
pub fn last_line(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().last().unwrap_or_else(|| panic!("nothing was printed; stderr: {}", said(output)));
    serde_json::from_str(line).unwrap()
}

/// The documents of one list of a result.
pub fn documents(result: &Value, list: &str) -> Vec<PositionDocument> {
    serde_json::from_value(result[list].clone()).unwrap()
}

/// Everything a reader can work out again from the printed numbers, to the last digit, where nothing was added to the
/// position after its first exit.
pub fn prove(document: &PositionDocument) {
    for exit in &document.partial_exits {
        let points = match document.side {
            PositionSide::Long => exit.exit_price.above(document.entry_price),
            PositionSide::Short => document.entry_price.above(exit.exit_price),
        };
        let profit = points.value(exit.quantity_closed).unwrap();
        assert_eq!(profit, exit.profit, "{}: profit of {exit:?}", document.position_id);
    }
    let levels = document.partial_exits.iter().filter_map(|exit| exit.tp_level);
    assert!(levels.is_sorted(), "{}: levels in order", document.position_id);
    prove_sums(document);
}

/// Quantities and money add up, and each level was taken once, whatever was added meanwhile and in whatever order levels
/// were taken: the order of a lower one may have been lost.
pub fn prove_sums(document: &PositionDocument) {
    let id = &document.position_id;
    let (mut closed, mut profits) = (Quantity::ZERO, Money::ZERO);
    let mut levels = Vec::new();
    for exit in &document.partial_exits {
        closed = closed.plus(exit.quantity_closed).unwrap();
        profits = profits.plus(exit.profit).unwrap();
        levels.extend(exit.tp_level);
    }
    assert_eq!(closed.plus(document.current_quantity).unwrap(), document.original_quantity, "{id}: quantities");
    let realized = profits.minus(document.fees).unwrap().plus(document.funding).unwrap();
    assert_eq!(realized, document.realized_pnl, "{id}: realized");
    levels.sort_unstable();
    let mut once = levels.clone();
    once.dedup();
    assert_eq!(levels, once, "{id}: each level once");
}
