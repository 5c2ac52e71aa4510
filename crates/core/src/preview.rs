//! A plan explained before money depends on it.
