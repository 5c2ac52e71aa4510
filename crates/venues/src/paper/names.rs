//! Our numbers for the exchange's names.

use backstop_model::{AccountId, Instrument, InstrumentId, Name, Symbol};
use std::collections::BTreeMap;

/// Which account and which market of the exchange our numbers stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub accounts: BTreeMap<AccountId, Name>,
    pub instruments: BTreeMap<InstrumentId, Symbol>,
    /// What the engine was told of them, where it may ask again.
    pub told: BTreeMap<InstrumentId, Instrument>,
}

impl Names {
    pub(crate) fn account(&self, name: &str) -> Option<AccountId> {
        self.accounts.iter().find(|(_, known)| known.as_str() == name).map(|(id, _)| *id)
    }

    pub(crate) fn instrument(&self, symbol: &str) -> Option<InstrumentId> {
        self.instruments.iter().find(|(_, known)| known.as_str() == symbol).map(|(id, _)| *id)
    }

    /// The exchange's name for an account; nobody's when it is not known.
    pub(crate) fn name(&self, id: AccountId) -> &str {
        self.accounts.get(&id).map_or("", Name::as_str)
    }

    pub(crate) fn symbol(&self, id: InstrumentId) -> &str {
        self.instruments.get(&id).map_or("", Symbol::as_str)
    }
}
