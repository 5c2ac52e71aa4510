//! What changes in the read models together with a record.
//!
//! Which orders stand around a position is the core's knowledge; how rows are made of it stands in `sqlite/reads.rs`.

use crate::Record;
use backstop_model::{Course, PositionDocument};

/// One position as it is now, and the orders around it. The prices of these orders are those of the document: the next
/// target, and the stop that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadUpdate {
    /// The account's name.
    pub account: String,
    /// The position document, of one tranche.
    pub document: PositionDocument,
    /// What the document leaves out. Of a closed tranche the first one stays: the price goes on, the trade does not.
    pub course: Course,
    /// The tranche has gone up in another one: what it was is told there from now on.
    pub is_merged: bool,
    /// The order that opened it.
    pub main_order: Option<String>,
    /// The order of the next target.
    pub target_order: Option<String>,
    /// The order of the stop.
    pub stop_order: Option<String>,
}

/// A tranche as the store shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The account's name.
    pub account: String,
    /// The position document.
    pub document: PositionDocument,
    /// What it leaves out; absent in stores of an older form.
    pub course: Option<Course>,
    /// The order that opened it, where that is known.
    pub main_order: Option<String>,
}

/// A record and what it changes in the read models: stored together or not at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The record.
    pub record: Record,
    /// What it changes.
    pub reads: Vec<ReadUpdate>,
}
