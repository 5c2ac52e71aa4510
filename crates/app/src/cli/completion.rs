//! `backstop completion`: the command line of it and what it prints. What is shown comes from the rooms below.

use super::{Failure, Line, Outcome, output};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Prints a shell's completion script.
#[derive(Args, Debug)]
pub struct Completion {
    /// For which shell.
    shell: Shell,
}

impl Completion {
    /// Prints the script.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Line::command(), "backstop", &mut script);
        output::write(&String::from_utf8_lossy(&script))?;
        Ok(Outcome::Good)
    }
}
