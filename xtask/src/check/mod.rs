//! `cargo xtask check`: the house rules as a program.
//!
//! Each file beside this one holds one rule and its own tests. This file only reads the tree once,
//! asks every rule, and prints what they found. Formatting and lints belong to cargo itself.

mod arrows;
mod examples;
mod finding;
mod places;
mod prose;
mod purity;
mod ratchet;
mod size;
mod source;
mod tree;
mod unfinished;
mod words;

use std::path::Path;

use anyhow::{Context, Result};

use finding::Finding;
use ratchet::Ratchet;
use source::Source;
use tree::Tree;

/// Where the exceptions to the size limits are listed.
const RATCHET: &str = "xtask/ratchet.txt";

/// Prints every finding and returns 1 when there is one, else 0.
///
/// # Errors
///
/// When the tree or the workspace's manifests cannot be read.
pub fn run(root: &Path, bless: bool) -> Result<u8> {
    let tree = Tree::read(root)?;
    let sources: Vec<Source> = tree.rust().map(|(path, text)| Source::new(path, text)).collect();
    let sizes = size::measure(&sources);
    let mut ratchet = Ratchet::parse(RATCHET, tree.text(RATCHET).unwrap_or_default());
    if bless {
        ratchet.lower(&sizes);
        std::fs::write(root.join(RATCHET), ratchet.to_string()).with_context(|| format!("cannot write {RATCHET}"))?;
    }

    let mut findings = arrows::check(&arrows::read_members(root)?);
    findings.extend(purity::check_clippy(&tree));
    findings.extend(ratchet.check(&sizes));
    for source in &sources {
        findings.extend(purity::check_source(source));
        findings.extend(prose::check(source));
        findings.extend(words::check(source));
        findings.extend(unfinished::check(source));
    }
    findings.extend(words::check_file_names(sources.iter().map(|source| source.path.as_str())));
    findings.extend(examples::check(&tree));
    findings.extend(tree.files().flat_map(|(path, text)| places::check(path, text)));
    Ok(report(findings, &sources, &sizes))
}

fn report(mut findings: Vec<Finding>, sources: &[Source], sizes: &[size::Size]) -> u8 {
    findings.sort();
    findings.iter().for_each(|finding| eprintln!("{finding}"));
    let large = sizes.iter().filter(|size| size.is_above_aim()).count();
    println!(
        "check: {} Rust files, {} findings; {large} files and functions above the aim ({} and {} lines)",
        sources.len(),
        findings.len(),
        size::FILE_AIM,
        size::FUNCTION_AIM,
    );
    u8::from(!findings.is_empty())
}
