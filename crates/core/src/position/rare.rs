//! What most positions do not have: held apart, so that one without it pays a pointer (product.md §9).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::{Deref, DerefMut};

/// A value that is rarely there.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Rare<T>(Option<Box<T>>);

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Rare<T> {
    /// There is none.
    pub const NONE: Self = Self(None);
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

/// What has a blank: what it is when nothing is in it.
pub trait Blank: Default + PartialEq + 'static {
    /// Nothing is in it.
    const BLANK: &'static Self;
}

impl<T: PartialEq + 'static> Blank for Vec<T> {
    const BLANK: &'static Self = &Self::new();
}

/// A value that is mostly blank. It is read and changed like the value itself, and a blank one is a pointer.
///
/// To ask for a change makes the box, even if nothing comes of it: [`Seldom::put_away`] gives it back.
#[derive(Debug)]
pub struct Seldom<T>(Option<Box<T>>);

impl<T> Default for Seldom<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Blank> From<T> for Seldom<T> {
    fn from(value: T) -> Self {
        Self((value != *T::BLANK).then(|| Box::new(value)))
    }
}

impl<T: Blank> Deref for Seldom<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::BLANK)
    }
}

impl<T: Blank> DerefMut for Seldom<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T: Blank + Clone> Clone for Seldom<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Blank> Seldom<T> {
    /// What is there, to be changed; none where nothing is, and no box is made for it.
    pub fn held(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut()
    }

    /// A box that nothing is left in is given back.
    pub fn put_away(&mut self) {
        self.0.take_if(|value| **value == *T::BLANK);
    }
}

impl<T> Seldom<Vec<T>> {
    /// Each, to be changed.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.0.as_deref_mut().map_or(&mut [][..], Vec::as_mut_slice).iter_mut()
    }

    /// Keeps only what is to stay.
    pub fn retain(&mut self, stays: impl FnMut(&T) -> bool) {
        if let Some(all) = &mut self.0 {
            all.retain(stays);
        }
    }
}

impl<'a, T: PartialEq + 'static> IntoIterator for &'a Seldom<Vec<T>> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut Seldom<Vec<T>> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<T: Blank> PartialEq for Seldom<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Blank + Serialize> Serialize for Seldom<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(to)
    }
}

impl<'de, T: Blank + Deserialize<'de>> Deserialize<'de> for Seldom<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::deserialize(from).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_blank_takes_no_box() {
        let mut seldom = Seldom::from(Vec::<u8>::new());
        seldom.retain(|_| true);
        assert!(seldom.held().is_none() && seldom.is_empty());
        seldom.push(1);
        assert_eq!(*seldom, [1]);
        seldom.clear();
        assert_eq!(seldom, Seldom::default());
        assert!(seldom.held().is_some());
        seldom.put_away();
        assert!(seldom.held().is_none());
    }
}
