//! How long files and functions are, and where the red lines run.
//!
//! It only measures; the exceptions and the verdict are in `ratchet`.

use std::collections::BTreeMap;

use super::source::Source;

/// Files aim to stay below this many lines.
pub const FILE_AIM: usize = 400;
/// No file grows past this without a line in the ratchet.
pub const FILE_RED_LINE: usize = 600;
/// Functions aim to stay below this many lines.
pub const FUNCTION_AIM: usize = 40;
/// No function grows past this without a line in the ratchet.
pub const FUNCTION_RED_LINE: usize = 70;

/// One file or one function.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Size {
    /// `path` for a file, `path::name` for a function.
    pub key: String,
    /// Relative to the workspace root.
    pub path: String,
    /// Where it begins, from 1.
    pub line: usize,
    /// How long it is.
    pub lines: usize,
    /// The red line that applies.
    pub red_line: usize,
}

impl Size {
    /// Longer than one would like, whether or not it is past the red line.
    pub fn is_above_aim(&self) -> bool {
        let aim = if self.red_line == FILE_RED_LINE { FILE_AIM } else { FUNCTION_AIM };
        self.lines > aim
    }
}

/// Every file and every function; of functions with the same name in one file the longest counts.
pub fn measure(sources: &[Source]) -> Vec<Size> {
    let mut sizes = BTreeMap::new();
    for source in sources {
        let file = Size {
            key: source.path.clone(),
            path: source.path.clone(),
            line: 1,
            lines: source.text.lines().count(),
            red_line: FILE_RED_LINE,
        };
        keep_longer(&mut sizes, file);
        for function in source.functions() {
            let size = Size {
                key: format!("{}::{}", source.path, function.name),
                path: source.path.clone(),
                line: function.line,
                lines: function.lines,
                red_line: FUNCTION_RED_LINE,
            };
            keep_longer(&mut sizes, size);
        }
    }
    sizes.into_values().collect()
}

fn keep_longer(sizes: &mut BTreeMap<String, Size>, size: Size) {
    let known = sizes.get(&size.key).map_or(0, |known| known.lines);
    if size.lines > known {
        sizes.insert(size.key.clone(), size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_functions_are_measured_and_the_longest_namesake_counts() {
        let text = "//! x\nfn a() {}\nmod m {\n    fn a() {\n        b()\n    }\n}\n";
        let sizes = measure(&[Source::new("crates/core/src/x.rs", text)]);
        let seen: Vec<_> = sizes.iter().map(|size| (size.key.as_str(), size.line, size.lines)).collect();
        assert_eq!(seen, [("crates/core/src/x.rs", 1, 7), ("crates/core/src/x.rs::a", 4, 3)]);
    }
}
