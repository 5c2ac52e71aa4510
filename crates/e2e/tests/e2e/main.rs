//! Whole-system stories: production engine and runtime logic against simulated venues.

mod october;
