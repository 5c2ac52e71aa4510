//! What is said while a life is played: nothing, a hash of all of it, or a story for people.

use backstop_model::Timestamp;
use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hasher};

/// Where the words go.
#[derive(Debug, Default)]
pub struct Trace {
    begun_at: Timestamp,
    hash: Option<DefaultHasher>,
    story: Option<Vec<String>>,
}

impl Trace {
    /// Nobody listens.
    #[must_use]
    pub fn silent() -> Self {
        Self::default()
    }

    /// Everything goes into one number.
    #[must_use]
    pub fn hashed() -> Self {
        Self { hash: Some(DefaultHasher::new()), ..Self::default() }
    }

    /// Everything is kept.
    #[must_use]
    pub fn told() -> Self {
        Self { story: Some(Vec::new()), ..Self::default() }
    }

    /// The instant that times are counted from.
    pub const fn begin(&mut self, at: Timestamp) {
        self.begun_at = at;
    }

    /// Something happened.
    pub fn say(&mut self, now: Timestamp, who: &str, what: fmt::Arguments) {
        if let Some(hash) = &mut self.hash {
            // A hasher takes everything.
            let _ = write!(Into(hash), "{} {who} {what}", now.as_nanos());
        }
        if let Some(story) = &mut self.story {
            let millis = now.since(self.begun_at).as_millis();
            story.push(format!("{:>4}.{:03} {who:<7} {what}", millis / 1_000, millis % 1_000));
        }
    }

    /// The number everything came to.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.hash.as_ref().map(DefaultHasher::finish)
    }

    /// The story.
    #[must_use]
    pub fn story(self) -> Vec<String> {
        self.story.unwrap_or_default()
    }
}

struct Into<'h>(&'h mut DefaultHasher);

impl Write for Into<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}
