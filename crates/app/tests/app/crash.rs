//! `kill -9` for real, at random moments: the demonstration goes on as if nothing had happened (F-M01, I21).
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{backstop, code, documents, last_line, prove, run, said};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tempfile::tempdir;

const MOMENTS: u32 = 50;

/// A small generator of our own: the moments only have to be spread, and the seed is printed.
struct Moments(u64);

impl Moments {
    fn next_millis(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        5 + (self.0 >> 33) % 400
    }
}

/// Runs the demonstration for a moment, then kills it without a warning. True when it had ended by itself.
fn run_and_crash(folder: &Path, seed: u32, after: Duration) -> bool {
    let mut child = backstop(folder)
        .args(["demo", "--json", "--speed", "600", "--store", "k.db", "--seed", &seed.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let until = Instant::now() + after;
    while Instant::now() < until {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    false
}

#[test]
fn killed_at_fifty_moments_it_goes_on_with_the_same_positions_and_takes_no_level_twice() {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    println!("seed of the moments: {seed}");
    let mut moments = Moments(seed);
    let mut killed = 0;
    for market in 0.. {
        let folder = tempdir().unwrap();
        while killed < MOMENTS && !run_and_crash(folder.path(), market, Duration::from_millis(moments.next_millis())) {
            killed += 1;
        }
        let output = run(folder.path(), &format!("demo --json --speed max --store k.db --seed {market}"), &[]);
        assert_eq!(code(&output), 0, "moments {seed}, market {market}: {}", said(&output));
        let result = last_line(&output);
        assert_eq!(result["violations"].as_array().unwrap().len(), 0, "moments {seed}: {}", result["violations"]);
        let trades = documents(&result, "trades");
        let open = documents(&result, "open");
        trades.iter().chain(&open).for_each(prove);
        let names: BTreeSet<_> = trades.iter().chain(&open).map(|shown| shown.position_id.clone()).collect();
        assert_eq!(names.len(), 7, "one incarnation of each position: moments {seed}, market {market}: {names:?}");
        let replayed = last_line(&run(folder.path(), "replay --json --store k.db", &[]));
        assert_eq!(replayed["differences"].as_array().unwrap().len(), 0, "moments {seed}, market {market}");
        let stored = last_line(&run(folder.path(), "trades --json --store k.db", &[]));
        assert_eq!(stored, result["trades"], "moments {seed}, market {market}");
        if killed >= MOMENTS {
            return;
        }
    }
}
