//! Runs the scripts of `tests/scenarios`: a line at the margin happens, indented lines are what came of it.
//!
//! `BLESS=1 cargo test -p backstop-core --test core scenarios` writes what comes of them into the scripts; the
//! difference is then read as prose before it is committed.
#![allow(clippy::disallowed_methods, reason = "scripts are files, and BLESS is asked for from outside")]

use crate::play::{run, run_in};
use crate::world::World;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|end| end == "txt"));
    found.sort();
    found
}

fn first_difference(written: &str, made: &str) -> String {
    let mut pairs = written.lines().zip(made.lines()).enumerate();
    match pairs.find(|(_, (one, other))| one != other) {
        Some((index, (one, other))) => format!("line {}:\n  written: {one}\n  now:     {other}", index + 1),
        None => format!("{} lines written, {} now", written.lines().count(), made.lines().count()),
    }
}

#[test]
fn every_script_ends_as_it_is_written() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for path in scripts() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let written = std::fs::read_to_string(&path).unwrap();
        let run = std::panic::catch_unwind(|| run(&written));
        let Ok(made) = run else {
            wrong.push(format!("{name}: the script cannot be run, see above"));
            continue;
        };
        if bless && made != written {
            std::fs::write(&path, &made).unwrap();
        } else if made != written {
            wrong.push(format!("{name}, {}", first_difference(&written, &made)));
        }
    }
    assert!(wrong.is_empty(), "scripts end differently; BLESS=1 rewrites them\n{}", wrong.join("\n"));
    assert!(scripts().len() >= 30, "scripts are missing");
}

#[test]
fn looking_once_more_at_the_same_instant_changes_nothing_in_any_script() {
    let mut wrong = Vec::new();
    for path in scripts() {
        let written = std::fs::read_to_string(&path).unwrap();
        let mut world = World::new();
        world.watchful = true;
        let made = run_in(world, &written);
        if made != written {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            wrong.push(format!("{name}, {}", first_difference(&written, &made)));
        }
    }
    assert!(wrong.is_empty(), "scripts in which it matters how often is looked:\n{}", wrong.join("\n"));
}

#[test]
fn every_script_stands_in_the_page_of_rows_and_every_name_there_is_a_script() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scenarios.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let named: BTreeSet<String> =
        rows.flat_map(|(_, scripts)| scripts.split('`').skip(1).step_by(2)).map(str::to_owned).collect();
    let known: BTreeSet<String> =
        scripts().iter().filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect();
    let missing: Vec<_> = known.symmetric_difference(&named).collect();
    assert!(missing.is_empty(), "docs/scenarios.md and the folder differ: {missing:?}");
}
