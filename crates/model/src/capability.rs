//! What a venue can do natively. The core asks these, never a venue's name.

use crate::{Ratio, Span};
use serde::{Deserialize, Serialize};

/// The limits of a native trailing order.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TrailingLimits {
    /// Smallest distance, as a share of the best price.
    pub smallest: Ratio,
    /// Largest distance, as a share of the best price.
    pub largest: Ratio,
    /// The distance is a multiple of this.
    pub step: Ratio,
}

/// What a venue offers for exits, per account.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Capability {
    /// The venue's own trailing order, and its limits.
    pub native_trailing: Option<TrailingLimits>,
    /// A resting stop can be moved in place. Otherwise the new one is placed first and the old one cancelled (R6).
    pub amend_stop: bool,
    /// The venue itself refuses orders that would grow or flip a position. Without it the sum of all fillable exits
    /// must stay within the position (I2).
    pub reduce_only: bool,
    /// How long after its time stamp a request can still take effect: the bound in the proof of absence (R4c).
    pub request_validity: Span,
}
