//! What client ids name, remembered: to prove one costs a digest, and the checks ask for the same few after every step.

use backstop_core::orders::{EntryName, Named};
use backstop_model::ClientOrderId;
use std::cell::RefCell;
use std::collections::HashMap;

/// Lives have far fewer; beyond that it begins anew.
const MOST: usize = 4_096;

/// What an id names: one of our exits, one of our entries, or nothing of ours.
type Name = (Option<Named>, Option<EntryName>);

thread_local! {
    static KNOWN: RefCell<HashMap<String, Name>> = RefCell::default();
}

/// The exit of ours that a client id names.
pub fn exit(client_id: &str) -> Option<Named> {
    name(client_id).0
}

/// Whether a client id names an entry of ours.
pub fn is_entry(client_id: &str) -> bool {
    name(client_id).1.is_some()
}

fn name(client_id: &str) -> Name {
    KNOWN.with_borrow_mut(|known| {
        if let Some(name) = known.get(client_id) {
            return *name;
        }
        let id = ClientOrderId::new(client_id).ok();
        let name = (id.as_ref().and_then(Named::read), id.as_ref().and_then(EntryName::read));
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(client_id.to_owned(), name);
        name
    })
}
