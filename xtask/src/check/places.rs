//! The tree names no place of one machine: no home folder, no folder beside the checkout.
//!
//! Such a path works for one person and leaks where they work. Places that every machine of a kind
//! has (`/etc`, `/var/lib`, `/tmp`) are fine.

use super::finding::Finding;

const RULE: &str = "places";

/// Starts of paths that exist on one machine only. Written in two parts, so that this file does not
/// find itself.
const PLACES: [&str; 5] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("../sha", "red"),
];

/// Recorded material that tests look for beside the checkout is named in one helper of each crate.
const HELPER: &str = "/shared.rs";

/// Every line of one file that names such a place.
pub fn check(path: &str, text: &str) -> Vec<Finding> {
    // `.git` is a file in a second work tree, and none of ours.
    if is_helper(path) || path == "Cargo.lock" || path == ".git" {
        return Vec::new();
    }
    let found = |line: &str| PLACES.into_iter().find(|place| names(line, place));
    (1..)
        .zip(text.lines())
        .filter_map(|(number, line)| Some((number, found(line)?)))
        .map(|(number, place)| {
            let next = "use a path relative to the checkout, an option, or a temporary folder";
            Finding::new(path, number, RULE, format!("`{place}` is a place of one machine"), next)
        })
        .collect()
}

fn is_helper(path: &str) -> bool {
    path.starts_with("crates/") && path.contains("/tests/") && path.ends_with(HELPER)
}

/// The place stands at the start of a path: `https://example.org/home/` is none.
fn names(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|letter| letter.is_alphanumeric() || "._-}~/".contains(letter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_found_on_its_line() {
        for place in PLACES {
            let found = check("docs/guide/start.md", &format!("first\nsee {place}x\n"));
            assert_eq!(found.len(), 1, "{place}");
            assert_eq!(found[0].line, 2);
        }
    }

    #[test]
    fn relative_paths_web_addresses_and_system_folders_pass() {
        let text = format!("https://example.org{}x ../model /var/lib/backstop", PLACES[0]);
        assert_eq!(check("README.md", &text), []);
    }

    #[test]
    fn only_the_helper_of_a_crates_tests_may_name_one() {
        let text = format!("const PLACE: &str = \"{}\";", PLACES[4]);
        assert_eq!(check("crates/app/tests/acceptance/shared.rs", &text), []);
        assert_eq!(check("crates/app/src/shared.rs", &text).len(), 1);
    }
}
