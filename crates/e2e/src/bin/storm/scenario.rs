//! Where the scenario of a failing life goes: the file that was asked for, or one named after the seed.

use backstop_e2e::storm::Life;
use backstop_e2e::storm::scenario::{reason, write_down};
use std::path::{Path, PathBuf};

/// Writes a life down, with `how` it is played, and says where; what cannot be written is said too, and is no reason to end otherwise.
pub fn write(life: &Life, how: &str, asked: Option<&Path>) {
    let path = file(life.seed, asked);
    let (ended, script) = write_down(life);
    match std::fs::write(&path, script.text(life, &reason(&ended), how)) {
        Ok(()) => {
            println!("scenario: {}", path.display());
            println!(
                "  it belongs into crates/core/tests/scenarios, with a line in docs/scenarios.md, under a name of its own"
            );
        }
        Err(why) => eprintln!("storm: {} cannot be written: {why}", path.display()),
    }
}

/// A folder gets a file named after the seed; so does the current one when nothing was asked for.
fn file(seed: u64, asked: Option<&Path>) -> PathBuf {
    let name = format!("storm_{seed}.txt");
    match asked {
        None => PathBuf::from(name),
        Some(folder) if folder.is_dir() => folder.join(name),
        Some(file) => file.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gets_a_file_named_after_the_seed() {
        assert_eq!(file(7, None), Path::new("storm_7.txt"));
        assert_eq!(file(7, Some(Path::new("."))), Path::new("./storm_7.txt"));
        assert_eq!(file(7, Some(Path::new("no-such-folder/x.txt"))), Path::new("no-such-folder/x.txt"));
    }
}
