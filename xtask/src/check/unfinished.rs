//! Nothing unfinished or silenced is merged: no stubs, no ignored tests, no allowed dead code, and
//! no `unwrap` outside tests.
//!
//! Clippy warns about some of these as well, but an `allow` could switch it off; this cannot be.

use super::finding::Finding;
use super::source::Source;

const RULE: &str = "unfinished";

/// Every leftover of one file.
pub fn check(source: &Source) -> Vec<Finding> {
    let code = &source.code;
    let mut findings = Vec::new();
    let mut push = |at: usize, what: &str, next: &str| {
        findings.push(Finding::new(source.path.as_str(), source.line_of(at), RULE, what, next));
    };
    for (at, word) in source.words() {
        let rest = code[at + word.len()..].trim_start();
        let is_attribute = || attribute_around(code, at).is_some();
        match word {
            "todo" | "unimplemented" if rest.starts_with('!') => {
                push(at, "a stub", "write it, or leave the whole path out");
            }
            "unwrap" if is_method(code, at) && rest.starts_with("()") && !source.is_test(at) => {
                let next = "return a typed error, or `expect` with the reason why it cannot fail";
                push(at, "`unwrap` outside tests", next);
            }
            "ignore" if is_attribute() => {
                push(at, "an ignored test", "make it pass and fast, or delete it");
            }
            "dead_code" | "unused" if attribute_around(code, at).is_some_and(silences) => {
                push(at, "dead code is allowed", "delete the code nobody calls");
            }
            _ => {}
        }
    }
    findings
}

fn is_method(code: &str, at: usize) -> bool {
    code[..at].trim_end().ends_with('.')
}

fn silences(attribute: &str) -> bool {
    attribute.contains("allow") || attribute.contains("expect")
}

/// The attribute that encloses the offset, from its `#` to the offset.
fn attribute_around(code: &str, at: usize) -> Option<&str> {
    let open = code[..at].rfind('#')?;
    let inside = &code[open..at];
    let is_open = inside.matches('[').count() > inside.matches(']').count();
    let is_attribute = inside.starts_with("#[") || inside.starts_with("#![");
    (is_attribute && is_open).then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [usize; 0] = [];

    fn lines(text: &str) -> Vec<usize> {
        let source = Source::new("crates/core/src/x.rs", text);
        check(&source).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn finished_code_passes() {
        let text = "// todo!() and .unwrap()\nlet a = \"todo!()\"; b.unwrap_or(1); ignore(c); #[allow(clippy::x)] fn unused() {}\nself.unwrap(1)";
        assert_eq!(lines(text), NONE);
    }

    #[test]
    fn each_leftover_is_found_on_its_line() {
        for bad in [
            "todo!()",
            "unimplemented!(\"x\")",
            "value.unwrap()",
            "value\n    .unwrap()",
            "#[ignore]",
            "#[ignore = \"slow\"]",
            "#[cfg_attr(x, ignore)]",
            "#[allow(dead_code)]",
            "#![allow(clippy::x, dead_code)]",
            "#[expect(unused)]",
        ] {
            let line = 1 + bad.lines().count();
            assert_eq!(lines(&format!("//! x\n{bad}")), [line], "{bad}");
        }
    }

    #[test]
    fn tests_may_unwrap_but_not_be_ignored() {
        assert_eq!(lines("#[cfg(test)]\nmod tests {\n fn a() { b.unwrap() }\n}"), NONE);
        assert_eq!(lines("#[test]\n#[ignore]\nfn a() { b.unwrap() }"), [2]);
    }
}
