//! A Rust file as the rules see it: its text, the same text with comments and literals blanked,
//! and which lines are tests.
//!
//! This is a scanner, not a parser: it knows comments, strings, characters and brackets, which is
//! all the rules need. Blanking keeps every byte's position, so offsets hold in both texts.

/// One Rust file.
#[derive(Debug)]
pub struct Source {
    /// Relative to the workspace root.
    pub path: String,
    /// As it is on disk.
    pub text: String,
    /// The same length as `text`, with comments and the inside of literals turned into spaces.
    pub code: String,
    tests: Vec<(usize, usize)>,
}

/// A function with a body.
#[derive(Debug, Eq, PartialEq)]
pub struct Function<'a> {
    /// Its name.
    pub name: &'a str,
    /// Line of the `fn` keyword, from 1.
    pub line: usize,
    /// Lines from `fn` to the closing brace, both included.
    pub lines: usize,
}

impl Source {
    /// Scans the text once.
    pub fn new(path: &str, text: &str) -> Self {
        let code = blank(text);
        let tests = test_regions(&code);
        Self { path: path.to_owned(), text: text.to_owned(), code, tests }
    }

    /// The line of a byte offset, from 1.
    pub fn line_of(&self, offset: usize) -> usize {
        1 + self.code.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count()
    }

    /// Whether the offset lies in test code: a test folder or file, a benchmark, or `cfg(test)`.
    pub fn is_test(&self, offset: usize) -> bool {
        self.is_test_file() || self.tests.iter().any(|(from, to)| (*from..*to).contains(&offset))
    }

    /// Every identifier, keyword and number of the code with its offset, in order.
    pub fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        words(&self.code)
    }

    /// Every function with a body, nested ones too.
    pub fn functions(&self) -> Vec<Function<'_>> {
        let mut found = Vec::new();
        let mut words = words(&self.code).peekable();
        while let Some((at, word)) = words.next() {
            if word != "fn" {
                continue;
            }
            let Some((name_at, name)) = words.peek().copied() else { break };
            // `fn(u8) -> u8` is a type: there is no name between the keyword and its parenthesis.
            if !self.code[at + 2..name_at].trim().is_empty() {
                continue;
            }
            if let Some(end) = item_end(&self.code, at).filter(|end| self.ends_with_brace(*end)) {
                let lines = self.line_of(end - 1) - self.line_of(at) + 1;
                found.push(Function { name, line: self.line_of(at), lines });
            }
        }
        found
    }

    fn is_test_file(&self) -> bool {
        let mut parts = self.path.split('/');
        parts.any(|part| matches!(part, "tests" | "benches" | "tests.rs"))
    }

    fn ends_with_brace(&self, end: usize) -> bool {
        self.code.as_bytes()[end - 1] == b'}'
    }
}

fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_inner = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + code[from..].find(is_inner)?;
        let length = code[start..].find(|letter| !is_inner(letter));
        from = length.map_or(code.len(), |length| start + length);
        Some((start, &code[start..from]))
    })
}

/// Where the item that starts at `at` ends: behind its closing brace, or behind its semicolon.
fn item_end(code: &str, at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(at) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b';' if depth == 0 => return Some(offset + 1),
            b'{' if depth == 0 => return brace_end(code, offset),
            _ => {}
        }
    }
    None
}

fn brace_end(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(offset + 1),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn test_regions(code: &str) -> Vec<(usize, usize)> {
    let mut regions = Vec::new();
    for (at, _) in code.match_indices("#[") {
        let Some(close) = code[at..].find(']').map(|length| at + length + 1) else { break };
        let attribute: String = code[at..close].split_whitespace().collect();
        let is_cfg = attribute.starts_with("#[cfg(") && !attribute.contains("not(test)");
        let names_test = words(&attribute).any(|(_, word)| word == "test");
        if attribute == "#[test]" || (is_cfg && names_test) {
            regions.push((at, item_end(code, close).unwrap_or(code.len())));
        }
    }
    regions
}

/// Replaces comments and the inside of literals by spaces, byte for byte; newlines stay.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = skipped(text, at);
        if end == at {
            at += 1;
            continue;
        }
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    // Only whole comments and literals were blanked, so what is left is still valid UTF-8.
    String::from_utf8_lossy(&code).into_owned()
}

/// The end of the comment or literal that starts at `at`; `at` itself when none does.
fn skipped(text: &str, at: usize) -> usize {
    let rest = &text.as_bytes()[at..];
    let is_word_before = at > 0 && text.as_bytes()[..at].last().is_some_and(|byte| is_word_byte(*byte));
    match rest {
        [b'/', b'/', ..] => find(text, at, "\n"),
        [b'/', b'*', ..] => comment_end(text, at),
        [b'"', ..] => string_end(text, at + 1),
        [b'\'', ..] => character_end(text, at),
        [b'r', b'"' | b'#', ..] if !is_word_before => raw_string_end(text, at, 1),
        [b'b' | b'c', b'r', b'"' | b'#', ..] if !is_word_before => raw_string_end(text, at, 2),
        _ => at,
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn find(text: &str, from: usize, needle: &str) -> usize {
    let rest = &text.as_bytes()[from..];
    let found = rest.windows(needle.len()).position(|window| window == needle.as_bytes());
    found.map_or(text.len(), |length| from + length)
}

fn comment_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut offset) = (0_usize, at);
    while offset + 1 < bytes.len() {
        match &bytes[offset..offset + 2] {
            b"/*" => depth += 1,
            b"*/" if depth == 1 => return offset + 2,
            b"*/" => depth -= 1,
            _ => {
                offset += 1;
                continue;
            }
        }
        offset += 2;
    }
    bytes.len()
}

fn string_end(text: &str, inside: usize) -> usize {
    let mut is_escaped = false;
    for (offset, byte) in text.bytes().enumerate().skip(inside) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return offset + 1,
            _ => {}
        }
    }
    text.len()
}

/// `'a'` and `'\n'` are characters; `'a` is a lifetime and stays as it is.
fn character_end(text: &str, at: usize) -> usize {
    let mut letters = text[at + 1..].char_indices();
    match (letters.next(), letters.next()) {
        (Some((_, '\\')), Some((escaped, letter))) => find(text, at + 1 + escaped + letter.len_utf8(), "'") + 1,
        (Some((_, letter)), Some((close, '\''))) if letter != '\'' => at + 1 + close + 1,
        _ => at,
    }
}

fn raw_string_end(text: &str, at: usize, prefix: usize) -> usize {
    let hashes = text.as_bytes()[at + prefix..].iter().take_while(|byte| **byte == b'#').count();
    let open = at + prefix + hashes;
    if text.as_bytes().get(open) != Some(&b'"') {
        return at; // `r#type` is a raw identifier
    }
    let close = format!("\"{}", "#".repeat(hashes));
    (find(text, open + 1, &close) + close.len()).min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_in_place() {
        let text = "let a = \"f64 \\\" x\"; // f64\n/* f64 /* f64 */ f64 */ r#\"f64\"# b'f' 'é' b\"f64\" end";
        let code = blank(text);
        assert_eq!(code.len(), text.len());
        assert!(!code.contains("f64"), "{code}");
        assert!(code.contains("let a =") && code.ends_with("end"), "{code}");
        assert_eq!(code.matches('\n').count(), 1);
    }

    #[test]
    fn lifetimes_and_raw_identifiers_are_code() {
        let code = blank("fn r#type<'a>(x: &'a str, y: '\\'') -> f64 {}");
        assert!(code.contains("r#type<'a>(x: &'a str") && code.contains("f64"), "{code}");
    }

    #[test]
    fn an_unfinished_literal_does_not_hang_or_panic() {
        for text in ["\"abc", "r#\"abc", "/* abc", "'", "'\\", "// x", "#[", "fn x("] {
            Source::new("x.rs", text).functions();
        }
    }

    #[test]
    fn test_regions_cover_modules_and_functions_only() {
        let text = "fn live() {}\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n fn inner() {}\n}\nfn after() {}\n#[cfg(not(test))]\nfn real() {}\n#[cfg(test)]\nmod more;\nfn last() {}";
        let source = Source::new("crates/core/src/lib.rs", text);
        let is_test = |name: &str| source.is_test(text.find(name).unwrap_or(0));
        assert!(is_test("inner"));
        for live in ["live", "after", "real", "last"] {
            assert!(!is_test(live), "{live}");
        }
        assert!(Source::new("crates/core/tests/a.rs", "fn x() {}").is_test(0));
        assert!(Source::new("crates/core/src/engine/tests.rs", "fn x() {}").is_test(0));
    }

    #[test]
    fn functions_are_measured_from_keyword_to_brace() {
        let text = "trait T { fn no_body(&self); }\nfn one(a: [u8; 2], f: fn(u8) -> u8) { a }\nfn three() {\n    if x { y }\n}\n";
        let source = Source::new("x.rs", text);
        let expected = [Function { name: "one", line: 2, lines: 1 }, Function { name: "three", line: 3, lines: 3 }];
        assert_eq!(source.functions(), expected);
    }
}
