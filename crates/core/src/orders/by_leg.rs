//! What is kept for each leg: a few entries, in the order of the legs, in no more room than they take.

use super::Leg;
use crate::position::Blank;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value for some of the legs. It is written as a list of pairs: JSON knows only text keys.
#[derive(Clone, Debug, PartialEq)]
pub struct ByLeg<V>(Option<Box<[(Leg, V)]>>);

impl<V> Default for ByLeg<V> {
    fn default() -> Self {
        Self(None)
    }
}

impl<V: PartialEq + 'static> Blank for ByLeg<V> {
    const BLANK: &'static Self = &Self(None);
}

impl<V: Serialize> Serialize for ByLeg<V> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.all().serialize(to)
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for ByLeg<V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut kept = Self::default();
        Vec::<(Leg, V)>::deserialize(from)?.into_iter().for_each(|(leg, value)| kept.insert(leg, value));
        Ok(kept)
    }
}

impl<V> ByLeg<V> {
    /// Nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether something is kept for a leg.
    #[must_use]
    pub fn contains_key(&self, leg: &Leg) -> bool {
        self.place(*leg).is_ok()
    }

    /// What is kept for a leg.
    #[must_use]
    pub fn get(&self, leg: &Leg) -> Option<&V> {
        self.place(*leg).ok().map(|place| &self.all()[place].1)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, leg: &Leg) -> Option<&mut V> {
        self.place(*leg).ok().map(|place| &mut self.all_mut()[place].1)
    }

    /// Keeps a value for a leg, instead of what was kept.
    pub fn insert(&mut self, leg: Leg, value: V) {
        match self.place(leg) {
            Ok(place) => self.all_mut()[place].1 = value,
            Err(place) => self.refit(|all| all.insert(place, (leg, value))),
        }
    }

    /// Keeps nothing for a leg any more.
    pub fn remove(&mut self, leg: &Leg) -> Option<V> {
        let place = self.place(*leg).ok()?;
        let mut removed = None;
        self.refit(|all| removed = Some(all.remove(place).1));
        removed
    }

    /// Keeps only what is to stay.
    pub fn retain(&mut self, mut stays: impl FnMut(&Leg, &V) -> bool) {
        self.refit(|all| all.retain(|(leg, value)| stays(leg, value)));
    }

    /// What is kept, in the order of the legs.
    pub fn iter(&self) -> impl Iterator<Item = (&Leg, &V)> {
        self.all().iter().map(|(leg, value)| (leg, value))
    }

    /// The same, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Leg, &mut V)> {
        self.all_mut().iter_mut().map(|(leg, value)| (*leg, value))
    }

    /// The values, in the order of their legs.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.all().iter().map(|(_, value)| value)
    }

    fn all(&self) -> &[(Leg, V)] {
        self.0.as_deref().unwrap_or_default()
    }

    fn all_mut(&mut self) -> &mut [(Leg, V)] {
        self.0.as_deref_mut().unwrap_or_default()
    }

    fn place(&self, leg: Leg) -> Result<usize, usize> {
        self.all().binary_search_by_key(&leg, |(known, _)| *known)
    }

    fn refit(&mut self, change: impl FnOnce(&mut Vec<(Leg, V)>)) {
        let mut all = self.0.take().map(<[_]>::into_vec).unwrap_or_default();
        change(&mut all);
        self.0 = (!all.is_empty()).then(|| all.into_boxed_slice());
    }
}
