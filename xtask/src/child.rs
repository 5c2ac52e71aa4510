//! Child processes: cargo with the toolchain that started us, with or without a time limit.
//!
//! Nothing here decides what to run; it only runs it from the workspace root and reports the exit
//! code as one byte, so that a caller can hand it on.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often a child with a time limit is looked at.
const POLL: Duration = Duration::from_millis(20);

/// The cargo that runs this program, so that nested calls use the same toolchain.
pub fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root);
    command
}

/// Runs to the end with our own output streams.
///
/// # Errors
///
/// When the program cannot be started at all; a failing program is an `Ok` code above zero.
pub fn run(mut command: Command) -> Result<u8> {
    let status = command
        .status()
        .with_context(|| format!("cannot start `{}`; is it installed and on PATH?", shown(&command)))?;
    Ok(code(status))
}

/// Runs with its standard output discarded and ends it when `limit` has passed.
///
/// # Errors
///
/// When the program cannot be started or does not end in time.
pub fn run_quietly_within(mut command: Command, limit: Duration) -> Result<u8> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let started = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start `{}`", shown(&command)))?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(code(status));
        }
        if started.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            let seconds = limit.as_secs();
            bail!("`{}` did not end within {seconds} s; run it by hand", shown(&command));
        }
        std::thread::sleep(POLL);
    }
}

/// Whether a program answers at all, for instance `cargo nextest --version`.
pub fn answers(mut command: Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The command as one would type it.
pub fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    let words = command.get_args().map(|word| word.to_string_lossy().into_owned());
    std::iter::once(name).chain(words).collect::<Vec<_>>().join(" ")
}

/// A child ended by a signal has no code; it counts as 1.
fn code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_handed_on() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "exit 7"]);
        assert_eq!(run(shell).ok(), Some(7));
    }

    #[test]
    fn a_child_that_does_not_end_is_ended() {
        let mut sleeper = Command::new("sleep");
        sleeper.arg("30");
        let error = run_quietly_within(sleeper, Duration::from_millis(50));
        assert!(error.is_err_and(|error| error.to_string().contains("sleep 30")));
    }

    #[test]
    fn a_missing_program_does_not_answer() {
        assert!(!answers(Command::new("no-such-program-anywhere")));
        assert!(answers(Command::new("true")));
    }
}
