//! The last stage: the release binary reads every example, and runs the commands that the examples'
//! page marks.
//!
//! A command is marked by `<!-- smoke -->` on its line of `examples/README.md`: the first `backstop …`
//! between backticks on that line is run from the workspace root and must end well, and in time.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::child;

const README: &str = "examples/README.md";
const MARK: &str = "<!-- smoke -->";

/// A demo takes seconds; this is for the one that hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// Returns the exit code of the first command that failed, else 0.
///
/// # Errors
///
/// When an example cannot be read, a command cannot start, or one does not end in time.
pub fn run(root: &Path) -> Result<u8> {
    let binary = binary(root)?;
    let mut commands: Vec<Vec<String>> = examples(&root.join("examples"))?
        .into_iter()
        .map(|file| vec!["check".to_owned(), format!("examples/{file}")])
        .collect();
    let page = std::fs::read_to_string(root.join(README)).unwrap_or_default();
    commands.extend(marked(&page)?);
    if commands.is_empty() {
        println!("no examples to run: examples/ holds no YAML and {README} marks no command");
    }
    for arguments in commands {
        println!("   backstop {}", arguments.join(" "));
        let mut command = Command::new(&binary);
        command.args(&arguments).current_dir(root);
        let code = child::run_quietly_within(command, LIMIT)?;
        if code != 0 {
            println!("   exit code {code}; run it by hand to see why");
            return Ok(code);
        }
    }
    Ok(0)
}

/// Where cargo put the release binary, wherever the target folder is.
fn binary(root: &Path) -> Result<PathBuf> {
    let output = child::cargo(root, &["metadata", "--no-deps", "--format-version", "1"]).output()?;
    let answer: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("`cargo metadata` printed no JSON")?;
    let target = answer["target_directory"].as_str().context("`cargo metadata` names no target folder")?;
    let name = format!("backstop{}", std::env::consts::EXE_SUFFIX);
    Ok(Path::new(target).join("release").join(name))
}

fn examples(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(names) };
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".yaml") || name.ends_with(".yml") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The arguments of every marked command.
fn marked(page: &str) -> Result<Vec<Vec<String>>> {
    let lines = (1..).zip(page.lines()).filter(|(_, line)| line.contains(MARK));
    let command = |(number, line): (usize, &str)| {
        let spans = line.split('`').skip(1).step_by(2);
        let Some(span) = spans.into_iter().find_map(|span| span.strip_prefix("backstop ")) else {
            bail!("{README}:{number}: the line is marked but holds no `backstop …` in backticks");
        };
        split(span).with_context(|| format!("{README}:{number}: a quote is not closed"))
    };
    lines.map(command).collect()
}

/// Splits like a shell would, as far as quotes go; `None` when one is left open.
fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_commands_are_taken_from_the_page() {
        let page =
            "- `a.yaml`: `backstop demo --config \"a b.yaml\" --x ''` <!-- smoke -->\n- `b.yaml`: `backstop run`\n";
        let commands = marked(page).unwrap_or_default();
        assert_eq!(commands, [["demo", "--config", "a b.yaml", "--x", ""]]);
    }

    #[test]
    fn a_mark_without_a_command_is_told_with_its_line() {
        for page in ["\n`a.yaml` <!-- smoke -->", "\n`backstop \"x` <!-- smoke -->"] {
            let message = marked(page).map_err(|error| error.to_string());
            assert!(message.is_err_and(|text| text.contains("README.md:2")), "{page}");
        }
    }
}
