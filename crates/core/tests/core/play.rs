//! Plays a script: a line at the margin happens, and what came of it is written under it, indented.

use crate::world::World;

const NOTHING: &str = "    (nothing)";

/// The script with what comes of it now in place of what it says.
pub fn run(script: &str) -> String {
    run_in(World::new(), script)
}

/// The same in a world of another kind.
pub fn run_in(mut world: World, script: &str) -> String {
    let mut made = String::new();
    for line in script.lines() {
        let is_outcome = line.starts_with(' ');
        if is_outcome {
            continue;
        }
        made.push_str(line.trim_end());
        made.push('\n');
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let outcome = world.line(line.trim_end());
        let silent = ["account", "another-plan", "at ", "instrument", "plan", "answers", "journal", "start"]
            .iter()
            .any(|word| line.starts_with(word));
        if outcome.is_empty() && !silent {
            made.push_str(NOTHING);
            made.push('\n');
        }
        for text in outcome {
            made.push_str("    ");
            made.push_str(&text);
            made.push('\n');
        }
    }
    made
}
