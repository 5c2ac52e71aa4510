//! What most positions do not have: held apart, so that one without it pays a pointer (product.md §9).

use serde::{Deserialize, Serialize};

/// A value that is rarely there.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Rare<T>(Option<Box<T>>);

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Copy> From<Option<T>> for Rare<T> {
    fn from(value: Option<T>) -> Self {
        Self(value.map(Box::new))
    }
}

impl<T: Copy> Rare<T> {
    /// The value.
    #[must_use]
    pub fn get(&self) -> Option<T> {
        self.0.as_deref().copied()
    }

    /// Puts a value in its place, or none.
    pub fn put(&mut self, value: Option<T>) {
        *self = Self::from(value);
    }

    /// The value, which is gone from here then.
    pub fn take(&mut self) -> Option<T> {
        self.0.take().map(|value| *value)
    }

    /// There is none.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// There is one.
    #[must_use]
    pub const fn is_some(&self) -> bool {
        self.0.is_some()
    }
}
