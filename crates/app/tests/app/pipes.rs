//! Where the output goes: into pipes that close early, onto a full disk, onto a terminal.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::{backstop, code, last_line, run, said};
use std::fs;
use std::io::pipe;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::tempdir;

/// Runs a command whose reader has gone before it says its first word.
fn into_a_closed_pipe(folder: &Path, line: &str) -> Output {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let mut command = backstop(folder);
    command.args(line.split_whitespace()).stdout(writer).stderr(Stdio::piped());
    command.spawn().unwrap().wait_with_output().unwrap()
}

#[test]
fn every_command_ends_quietly_when_nobody_reads_on() {
    let folder = tempdir().unwrap();
    assert_eq!(code(&run(folder.path(), "demo --json --speed max --store s.db", &[])), 0);
    for line in [
        "demo --json --speed max",
        "demo --speed max",
        "demo --speed 10000",
        "check",
        "check --json",
        "trades --store s.db",
        "trades --store s.db --json",
        "trades --store s.db --csv",
        "positions --store s.db",
        "replay --store s.db",
        "replay --store s.db --json",
        "replay --store s.db --what-if swing",
        "explain 1 --store s.db",
        "explain 1 --store s.db --json",
        "completion bash",
        "help",
        "--version",
    ] {
        let output = into_a_closed_pipe(folder.path(), line);
        assert_eq!((code(&output), said(&output).as_str()), (0, ""), "{line}");
    }
}

#[test]
fn nobody_to_hear_a_failure_is_no_reason_to_panic() {
    let folder = tempdir().unwrap();
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let status = backstop(folder.path()).args(["trades", "--store", "nowhere.db"]).stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(2));
}

#[test]
fn the_engine_goes_on_when_its_log_is_read_no_more() {
    let folder = tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let mut command = backstop(folder.path());
    command.args(["run", "--store", "s.db", "--open", "0 BTCUSDT long 0.05", "--bind", &address.to_string()]);
    let mut engine = command.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    // It has said its token and its address, to nobody, before it answers.
    while TcpStream::connect(address).is_err() {
        assert!(engine.try_wait().unwrap().is_none(), "it ended");
        std::thread::yield_now();
    }
    Command::new("sh").args(["-c", &format!("kill -TERM {}", engine.id())]).status().unwrap();
    let output = engine.wait_with_output().unwrap();
    assert_eq!((code(&output), said(&output).as_str()), (0, ""));
}

#[test]
fn a_disk_that_takes_no_output_is_named() {
    let Ok(full) = fs::File::options().write(true).open("/dev/full") else { return };
    let folder = tempdir().unwrap();
    let output = backstop(folder.path()).args(["check", "--json"]).stdout(full).output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(said(&output).contains("standard output cannot be written"), "{}", said(&output));
}

/// Bars enough that somebody at a terminal would wonder.
fn many_bars(folder: &Path) {
    let mut text = String::from("time,open,high,low,close\n");
    for minute in 0..60_000_i64 {
        text.push_str(&format!("{},100,101,99,100\n", 1_700_000_000 + minute * 60));
    }
    fs::write(folder.join("BTCUSDT-1m.csv"), text).unwrap();
}

#[test]
fn progress_is_shown_to_a_terminal_only_and_never_beside_json() {
    let folder = tempdir().unwrap();
    many_bars(folder.path());
    let output = run(folder.path(), "demo --klines BTCUSDT-1m.csv --speed max", &[]);
    assert_eq!((code(&output), said(&output).as_str()), (0, ""));
    // `script` of util-linux gives the binary a terminal; what stands on it is what `script` prints.
    let on_a_terminal = |more: &str| {
        let line =
            format!("{} demo --klines BTCUSDT-1m.csv --speed max {more} > result", env!("CARGO_BIN_EXE_backstop"));
        let shown = Command::new("script").current_dir(folder.path()).args(["-qec", &line, "typescript"]).output();
        shown
            .ok()
            .filter(|_| cfg!(target_os = "linux"))
            .map(|shown| String::from_utf8_lossy(&shown.stdout).into_owned())
    };
    let Some(shown) = on_a_terminal("") else {
        eprintln!("skipped: no `script` that gives a terminal");
        return;
    };
    assert!(shown.contains("of 60,000"), "{shown}");
    assert_eq!(on_a_terminal("--json").unwrap(), "");
}

#[test]
fn json_of_a_recording_is_one_line_and_standard_error_is_silent() {
    let folder = tempdir().unwrap();
    many_bars(folder.path());
    let output = run(folder.path(), "demo --klines BTCUSDT-1m.csv --speed max --json", &[]);
    assert_eq!((code(&output), said(&output).as_str()), (0, ""));
    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 1);
    assert_eq!(last_line(&output)["frames"], 60_000);
}
