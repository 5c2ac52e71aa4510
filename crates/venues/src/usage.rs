//! What a venue says of the budget for requests: every answer's header tells how much of it is used up, by whomever (F-I07).

use backstop_model::AccountId;

/// How much is used up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Usage {
    /// Whose connection was told so. The budget may be that of an address, which others share.
    pub account: AccountId,
    /// Requests in the window that ends now, one's own among them.
    pub used: usize,
}
