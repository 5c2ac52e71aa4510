//! Fields that stand in a saved venue only where it differs from the plain one: a venue saved before they existed can
//! be read, and one that does not use them is written as before.

/// Whether a field holds what it holds by default, and need not be written.
pub(crate) fn is_default<T: Default + PartialEq>(field: &T) -> bool {
    *field == T::default()
}
