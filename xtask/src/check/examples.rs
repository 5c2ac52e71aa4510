//! Every example is introduced in `examples/README.md`, by its name.
//!
//! That each one is valid is proven by running it, in the last stage of `cargo xtask test`.

use super::finding::Finding;
use super::tree::Tree;

const RULE: &str = "examples";
const FOLDER: &str = "examples/";
const README: &str = "examples/README.md";

/// Examples that the page does not mention.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let page = tree.text(README).unwrap_or_default();
    let names = tree.files().filter_map(|(path, _)| path.strip_prefix(FOLDER));
    let examples = names.filter(|name| name.ends_with(".yaml") || name.ends_with(".yml"));
    examples
        .filter(|name| !is_mentioned(page, name))
        .map(|name| {
            let next = format!("add a line to {README}: its name, its one idea, how to run it");
            let path = format!("{FOLDER}{name}");
            Finding::new(path, 1, RULE, format!("`{name}` is not in {README}"), next)
        })
        .collect()
}

/// The whole name: `trail.yaml` is not mentioned by `fast-trail.yaml`.
fn is_mentioned(page: &str, name: &str) -> bool {
    page.match_indices(name).any(|(at, _)| {
        let before = page[..at].chars().next_back();
        !before.is_some_and(|letter| letter.is_alphanumeric() || "-_.".contains(letter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mentioned_example_passes() {
        let page = "- [`trail.yaml`](trail.yaml): follows\n- `examples/ladder.yaml`";
        let files = [(README, page), ("examples/trail.yaml", ""), ("examples/ladder.yaml", "")];
        assert_eq!(check(&Tree::of(&files)), []);
    }

    #[test]
    fn an_example_nobody_mentions_is_found() {
        let files = [(README, "`fast-trail.yaml`"), ("examples/trail.yaml", "")];
        assert_eq!(check(&Tree::of(&files)).len(), 1);
        assert_eq!(check(&Tree::of(&[("examples/trail.yaml", "")])).len(), 1);
    }
}
