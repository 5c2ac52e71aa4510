//! A file system that is really full, while a position is open (F-M05, R1's exception): the stop stays, a new position gets
//! one, what is asked to be closed is closed, and it is said what is not recorded. With room again everything is there.
//!
//! The small file system is a `tmpfs` of the test's own, in a mount namespace of its own. Where the machine gives no such
//! namespace to its users the test says so and passes.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{code, last_line, run, said};
use super::engine::{Engine, start_again, start_with};
use super::exchange_books::{agree, exchanges, unprotected};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::tempdir;

/// Set for the process that lives in the namespace.
const INSIDE: &str = "BACKSTOP_TEST_IN_A_NAMESPACE";
/// The store keeps 64 MiB for this day; this leaves it some more.
const DISK: &str = "size=72m";
const NAMESPACE: [&str; 3] = ["--user", "--map-root-user", "--mount"];

#[test]
fn on_a_full_disk_positions_are_protected_and_closed_and_with_room_again_everything_is_there() {
    if std::env::var_os(INSIDE).is_some() {
        return a_full_disk();
    }
    let can = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    if !can(Command::new("unshare").args(NAMESPACE).args(["mount", "-t", "tmpfs", "none", "/mnt"])) {
        println!(
            "NOT RUN: this machine lets no user make a mount namespace (`unshare --user --map-root-user --mount`)"
        );
        return;
    }
    let this = "full_disk::on_a_full_disk_positions_are_protected_and_closed_and_with_room_again_everything_is_there";
    let test = std::env::current_exe().unwrap();
    let mut inside = Command::new("unshare");
    inside.args(NAMESPACE).arg(test).args(["--exact", this, "--nocapture", "--test-threads", "1"]).env(INSIDE, "1");
    let output = inside.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("1 passed"), "it was played: {}", text(&output.stdout));
}

/// A folder whose store lies on a small disk; the exchange's ledger does not, for a venue has a disk of its own.
fn small_disk(folder: &Path) -> PathBuf {
    let disk = folder.join("disk");
    fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(&disk).status().unwrap();
    assert!(mounted.success());
    fs::write(disk.join("s.db"), "").unwrap();
    std::os::unix::fs::symlink(disk.join("s.db"), folder.join("s.db")).unwrap();
    disk
}

/// Takes all the room there is, to the last byte.
fn fill(disk: &Path, name: &str) {
    let mut file = File::create(disk.join(name)).unwrap();
    for size in [1 << 20, 1 << 12, 1] {
        while file.write_all(&vec![0xA5; size]).is_ok() {}
    }
}

fn in_seconds(seconds: u64) -> u64 {
    (SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + seconds) * 1_000
}

fn makes_records(engine: &Engine) {
    for line in ["pause", "resume"] {
        engine.ask(&format!("{line} main-BTCUSDT-long-1"));
    }
}

/// The room kept for this day is used: everything works, people know, and nothing new is opened.
fn on_its_reserve(engine: &Engine, disk: &Path) {
    while disk.join("s.db.ballast").exists() {
        makes_records(engine);
    }
    engine.wait_for_alarm("the journal uses up the room that was kept for this day");
    assert_eq!(engine.health()["journal"], "up");
    let entry = engine.ask("open SOLUSDT long 10 --id a");
    let words = format!("{}{}", said(&entry), String::from_utf8_lossy(&entry.stdout));
    assert_eq!(code(&entry), 1, "{words}");
    assert!(words.contains("the disk is full; free some space"), "{words}");
}

/// Makes records until the journal has no room for them.
fn until_nothing_is_recorded(engine: &Engine, disk: &Path) {
    for round in 0.. {
        makes_records(engine);
        if engine.health()["journal"] == "failed" {
            return;
        }
        // What the store has given up, or its log has left over, is taken as well.
        fill(disk, &format!("filler-{round}"));
    }
}

fn a_full_disk() {
    let folder = tempdir().unwrap();
    let disk = small_disk(folder.path());
    let later = format!("{} ETHUSDT long 1", in_seconds(12));
    let mut engine = start_with(folder.path(), &["--open", &later]);
    engine.wait_until_read();
    engine.wait_until_protected(1);
    assert!(disk.join("s.db.ballast").is_file(), "the store keeps some room for this day");
    fill(&disk, "filler");
    on_its_reserve(&engine, &disk);
    until_nothing_is_recorded(&engine, &disk);
    engine.wait_for_alarm("the disk is full; free some space and start again");
    engine.wait_for_alarm("Nothing more is recorded; only stops are placed and moved from now on");
    // Another position is opened by hand: it gets its stop although nothing can be recorded.
    engine.wait_until_protected(2);
    protected(folder.path());
    let closing = engine.ask("close main-BTCUSDT-long-1");
    assert_eq!(code(&closing), 0, "{}", said(&closing));
    engine.wait_until_protected(1);
    let words = engine.wait_for_alarm("");
    assert!(!words.contains("panicked"), "{words}");
    engine.end_at_once();
    // It also starts on the full disk, and keeps the stop there is.
    let token = engine.token.clone();
    let mut engine = start_again(folder.path(), &token);
    engine.wait_until_protected(1);
    protected(folder.path());
    engine.end_at_once();
    with_room_again(folder.path(), &disk, &token);
}

fn with_room_again(folder: &Path, disk: &Path, token: &str) {
    for entry in fs::read_dir(disk).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.file_name().unwrap().to_string_lossy().starts_with("filler") {
            fs::remove_file(entry).unwrap();
        }
    }
    let mut engine = start_again(folder, token);
    engine.wait_until_read();
    engine.wait_until_protected(1);
    assert_eq!(engine.health()["journal"], "up");
    protected(folder);
    let closing = engine.ask("close main-ETHUSDT-long-1");
    assert_eq!(code(&closing), 0, "{}", said(&closing));
    engine.wait_until_protected(0);
    assert_eq!(engine.end_cleanly(), 0);
    let replayed = last_line(&run(folder, "replay --json --store s.db", &[]));
    assert_eq!(replayed["differences"].as_array().unwrap().len(), 0, "{replayed}");
    let trades = agree(exchanges(folder)[0].ledger(), &folder.join("s.db"));
    assert_eq!(trades, 2, "what was closed while nothing was recorded has its real exit");
}

/// By the exchange's own books.
fn protected(folder: &Path) {
    for exchange in exchanges(folder) {
        assert_eq!(unprotected(exchange.ledger()), [] as [&str; 0]);
    }
}
