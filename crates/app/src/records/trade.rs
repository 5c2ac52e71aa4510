//! A trade as it is shown: the position document, and beside it what the document leaves out.

use backstop_model::{Course, Excursion, PositionDocument};
use backstop_store::Stored;
use serde::Serialize;

/// A closed tranche. In JSON it is the position document (product.md §4) with one key more, `excursion`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trade {
    /// The document.
    #[serde(flatten)]
    pub document: PositionDocument,
    /// How far the price went for and against it; null for trades of a store that did not keep it.
    pub excursion: Option<Excursion>,
}

impl Trade {
    /// Out of a document and its course.
    #[must_use]
    pub fn new(document: PositionDocument, course: Option<&Course>) -> Self {
        // An amount beyond the range of money is no amount: the trade is shown without it.
        let excursion = course.and_then(|course| course.excursion(&document).ok());
        Self { document, excursion }
    }
}

impl From<&Stored> for Trade {
    fn from(stored: &Stored) -> Self {
        Self::new(stored.document.clone(), stored.course.as_ref())
    }
}
