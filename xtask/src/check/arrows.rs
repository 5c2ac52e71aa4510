//! Which crate may know which: the arrows of the architecture, read from the manifests.
//!
//! The compiler already refuses a cycle; this rule refuses the arrow that would be legal and wrong.
//! It also keeps heavy libraries out of the pure rooms. Versions and licences are `deny.toml`'s.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::finding::Finding;
use crate::child;

const RULE: &str = "arrows";

/// One room: what it may know, and what only its tests may know beyond that.
struct Room {
    name: &'static str,
    may_know: &'static [&'static str],
    tests_may_know: &'static [&'static str],
}

const fn room(name: &'static str, may_know: &'static [&'static str], tests_may_know: &'static [&'static str]) -> Room {
    Room { name, may_know, tests_may_know }
}

/// The whole architecture, one room a line, from the inside out. A new crate needs a line here and
/// a reason of one of three kinds: a wall the compiler must guard, another artifact, heavy weight.
#[rustfmt::skip]
const ROOMS: [Room; 9] = [
    room("backstop-model",   &[], &[]),
    room("backstop-core",    &["backstop-model"], &[]),
    room("backstop-sim",     &["backstop-model"], &[]),
    room("backstop-store",   &["backstop-model"], &[]),
    room("backstop-venues",  &["backstop-model", "backstop-sim"], &[]),
    room("backstop-runtime", &["backstop-model", "backstop-core", "backstop-store", "backstop-venues"],
                             &["backstop-sim"]), // its tests drive it against the simulator
    room("backstop-app",     &["backstop-model", "backstop-core", "backstop-sim", "backstop-store",
                               "backstop-venues", "backstop-runtime"], &[]),
    room("backstop-e2e",     &["backstop-model", "backstop-core", "backstop-sim", "backstop-store",
                               "backstop-venues", "backstop-runtime"], &[]), // nobody knows it: it is for tests only
    room("xtask",            &[], &[]),
];

/// Rooms whose decisions must replay: nothing that waits, draws, reads or sends.
const PURE: [&str; 3] = ["backstop-model", "backstop-core", "backstop-sim"];

/// What would bring a clock, randomness or I/O into a pure room.
const IMPURE_LIBRARIES: [&str; 12] = [
    "axum",
    "chrono",
    "fastrand",
    "futures-util",
    "getrandom",
    "jiff",
    "rand",
    "reqwest",
    "rusqlite",
    "tokio",
    "tracing",
    "uuid",
];

/// Errors are typed in libraries; only the outermost programs may erase them.
const MAY_USE_ANYHOW: [&str; 2] = ["backstop-app", "xtask"];

/// A workspace member and what it depends on.
#[derive(Debug)]
pub struct Member {
    name: String,
    manifest: String,
    needs: Vec<Need>,
}

#[derive(Debug)]
struct Need {
    name: String,
    is_for_tests: bool,
}

/// Asks cargo for the members; needs no network.
///
/// # Errors
///
/// When cargo cannot read the manifests or answers in an unknown form.
pub fn read_members(root: &Path) -> Result<Vec<Member>> {
    let output = child::cargo(root, &["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("cannot start `cargo metadata`")?;
    if !output.status.success() {
        bail!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let answer: Value = serde_json::from_slice(&output.stdout).context("`cargo metadata` printed no JSON")?;
    parse_members(root, &answer)
}

/// Compares every member with the table.
pub fn check(members: &[Member]) -> Vec<Finding> {
    members.iter().flat_map(check_member).collect()
}

fn parse_members(root: &Path, answer: &Value) -> Result<Vec<Member>> {
    let packages = answer["packages"].as_array().context("`cargo metadata` lists no packages")?;
    let member = |package: &Value| -> Option<Member> {
        let manifest = Path::new(package["manifest_path"].as_str()?);
        let manifest = manifest.strip_prefix(root).unwrap_or(manifest);
        let needs = package["dependencies"].as_array()?.iter().filter_map(parse_need).collect();
        let name = package["name"].as_str()?.to_owned();
        Some(Member { name, manifest: manifest.to_string_lossy().into_owned(), needs })
    };
    let parsed = packages.iter().map(member).collect::<Option<Vec<_>>>();
    parsed.context("`cargo metadata` answered in an unknown form")
}

fn parse_need(dependency: &Value) -> Option<Need> {
    let name = dependency["name"].as_str()?.to_owned();
    Some(Need { name, is_for_tests: dependency["kind"].as_str() == Some("dev") })
}

fn check_member(member: &Member) -> Vec<Finding> {
    let finding = |what: String, next: &str| Finding::new(member.manifest.as_str(), 1, RULE, what, next);
    let name = member.name.as_str();
    let Some(room) = ROOMS.iter().find(|room| room.name == name) else {
        let next =
            "add it with its arrows to the table in xtask/src/check/arrows.rs, and its reason to ARCHITECTURE.md";
        return vec![finding(format!("`{name}` is not in the table of rooms"), next)];
    };
    let is_room = |need: &Need| ROOMS.iter().any(|room| room.name == need.name);
    let mut findings = Vec::new();
    for need in &member.needs {
        let other = need.name.as_str();
        let is_known = room.may_know.contains(&other) || (need.is_for_tests && room.tests_may_know.contains(&other));
        if is_room(need) && !is_known {
            let what = format!("`{name}` may not know `{other}`{}", even_in_tests(need));
            findings.push(finding(what, "move the code to the room that may know both"));
        }
        if PURE.contains(&name) && IMPURE_LIBRARIES.contains(&other) {
            let what = format!("`{other}` brings a clock, randomness or I/O into `{name}`");
            findings.push(finding(what, "make it an input: an event, a seed or a parameter"));
        }
        if other == "anyhow" && !MAY_USE_ANYHOW.contains(&name) {
            let what = format!("`{name}` erases its errors with `anyhow`");
            findings.push(finding(what, "give it a typed error with `thiserror`"));
        }
    }
    findings
}

fn even_in_tests(need: &Need) -> &'static str {
    if need.is_for_tests { ", not even in its tests" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, needs: &[(&str, &str)]) -> Vec<Finding> {
        let needs = needs.iter().map(|(name, kind)| {
            let kind = if *kind == "dev" { Value::from("dev") } else { Value::Null };
            serde_json::json!({ "name": name, "kind": kind })
        });
        let answer = serde_json::json!({ "packages": [{
            "name": name, "manifest_path": "/r/crates/x/Cargo.toml", "dependencies": needs.collect::<Vec<_>>(),
        }] });
        let members = parse_members(Path::new("/r"), &answer);
        members.map(|members| check(&members)).unwrap_or_default()
    }

    #[test]
    fn arrows_that_point_inward_pass() {
        assert_eq!(member("backstop-core", &[("backstop-model", ""), ("serde", "")]), []);
        assert_eq!(member("backstop-runtime", &[("backstop-sim", "dev"), ("tokio", "")]), []);
        assert_eq!(member("backstop-app", &[("backstop-sim", ""), ("anyhow", "")]), []);
    }

    #[test]
    fn the_core_may_not_know_the_simulator_even_in_tests() {
        for kind in ["", "dev"] {
            let found = member("backstop-core", &[("backstop-sim", kind)]);
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].path, "crates/x/Cargo.toml");
        }
    }

    #[test]
    fn an_arrow_for_tests_does_not_hold_outside_them() {
        assert_eq!(member("backstop-runtime", &[("backstop-sim", "")]).len(), 1);
    }

    #[test]
    fn an_unknown_crate_must_explain_itself() {
        assert!(member("backstop-extras", &[])[0].what.contains("table of rooms"));
    }

    #[test]
    fn pure_rooms_stay_light_and_libraries_keep_their_errors() {
        assert_eq!(member("backstop-sim", &[("tokio", "")]).len(), 1);
        assert_eq!(member("backstop-store", &[("anyhow", "")]).len(), 1);
    }
}
