//! Short texts that live inside the value: ids and names that are copied freely and never allocate.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Printable ASCII of at most `N` bytes, never empty. Anything else is refused where it enters (F-P06).
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Text<const N: usize> {
    bytes: [u8; N],
    length: u8,
}

/// A text that is empty, too long, or not printable ASCII.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{shown:?} is not an id: 1 to {longest} printable ASCII characters are needed")]
pub struct NotAnId {
    shown: String,
    longest: usize,
}

impl<const N: usize> Text<N> {
    /// Takes over `text`.
    ///
    /// # Errors
    /// [`NotAnId`] when it is empty, longer than `N`, or holds anything but printable ASCII.
    pub fn new(text: &str) -> Result<Self, NotAnId> {
        let fits = !text.is_empty() && text.len() <= N && text.len() <= usize::from(u8::MAX);
        if !fits || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(NotAnId { shown: text.chars().take(40).collect(), longest: N });
        }
        let mut bytes = [0; N];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        let length = u8::try_from(text.len()).map_err(|_| NotAnId { shown: String::new(), longest: N })?;
        Ok(Self { bytes, length })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only printable ASCII ever enters, so the bytes are valid UTF-8.
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or("")
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl<const N: usize> Serialize for Text<N> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de, const N: usize> Deserialize<'de> for Text<N> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}
