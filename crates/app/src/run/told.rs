//! What people and programs are told while the engine runs: whose it is and about what, beside the words.
//!
//! The words are the core's, which knows neither how many accounts there are nor what they are called.

use crate::web::Names;
use backstop_model::{AccountId, InstrumentId, Name, Notice, Symbol, Timestamp};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The names that notices are told with.
#[derive(Clone, Debug, Default)]
pub struct Told {
    accounts: BTreeMap<AccountId, Name>,
    symbols: BTreeMap<InstrumentId, Symbol>,
}

impl Told {
    /// With these names.
    #[must_use]
    pub fn with(names: &Names) -> Self {
        Self {
            accounts: names.accounts.iter().map(|(name, id)| (*id, *name)).collect(),
            symbols: names.symbols.iter().map(|(symbol, id)| (*id, *symbol)).collect(),
        }
    }

    /// For people: the account first where there are several, and the position where the words do not name it.
    #[must_use]
    pub fn line(&self, notice: &Notice) -> String {
        let Some(key) = notice.position else { return notice.text.clone() };
        let account = self.accounts.get(&key.account).filter(|_| self.accounts.len() > 1);
        let account = account.map_or_else(String::new, |name| format!("{name}: "));
        let symbol = self.symbols.get(&key.instrument).filter(|symbol| !notice.text.contains(symbol.as_str()));
        let deal = key.deal.map_or_else(String::new, |deal| format!(", deal {deal}"));
        let position = symbol.map_or_else(String::new, |symbol| format!("{symbol} {}{deal}: ", key.side));
        format!("{account}{position}{}", notice.text)
    }

    /// For programs: the words, and beside them the account and the position where it is about one.
    #[must_use]
    pub fn object(&self, at: Timestamp, notice: &Notice) -> Value {
        let mut object = Map::new();
        let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
        put("at", at.as_millis().into());
        put("severity", json!(notice.severity));
        put("text", notice.text.as_str().into());
        if let Some(key) = notice.position {
            put("account", self.accounts.get(&key.account).map(|name| name.as_str()).into());
            put("symbol", self.symbols.get(&key.instrument).map(|symbol| symbol.as_str()).into());
            put("side", key.side.to_string().into());
            if let Some(deal) = key.deal {
                put("deal", deal.to_string().into());
            }
        }
        Value::Object(object)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use backstop_model::{PositionKey, PositionSide, Severity};

    fn told(accounts: &[&str]) -> Told {
        let named = |(id, name): (u32, &&str)| (AccountId(id), Name::new(name).unwrap());
        let symbols = [(InstrumentId(0), Symbol::new("BTCUSDT").unwrap())].into();
        Told { accounts: (0..).zip(accounts).map(named).collect(), symbols }
    }

    fn notice(text: &str) -> Notice {
        let key = PositionKey::new(AccountId(0), InstrumentId(0), PositionSide::Long);
        Notice::new(Severity::Note, key, text.to_owned())
    }

    #[test]
    fn among_several_accounts_the_account_is_named_and_the_position_wherever_the_words_do_not() {
        let (one, two) = (told(&["main"]), told(&["main", "other"]));
        let cases = [
            (&one, "BTCUSDT long: paused", "BTCUSDT long: paused"),
            (&two, "BTCUSDT long: paused", "main: BTCUSDT long: paused"),
            (&one, "TP1 skipped: quantity 1 below minimum 2", "BTCUSDT long: TP1 skipped: quantity 1 below minimum 2"),
            (
                &two,
                "TP1 skipped: quantity 1 below minimum 2",
                "main: BTCUSDT long: TP1 skipped: quantity 1 below minimum 2",
            ),
            (&two, "fire drill on BTCUSDT: it knows a stop", "main: fire drill on BTCUSDT: it knows a stop"),
        ];
        for (told, text, line) in cases {
            assert_eq!(told.line(&notice(text)), line);
        }
        let nobodys = Notice { position: None, ..notice("the disk is full") };
        assert_eq!(two.line(&nobodys), "the disk is full");
    }

    #[test]
    fn a_program_is_told_whose_it_is_beside_the_words() {
        let at = Timestamp::from_nanos(5_000_000);
        let object = told(&["main"]).object(at, &notice("TP1 skipped: quantity 1 below minimum 2"));
        let expected = json!({
            "at": 5, "severity": "note", "text": "TP1 skipped: quantity 1 below minimum 2",
            "account": "main", "symbol": "BTCUSDT", "side": "long",
        });
        assert_eq!(object, expected);
    }
}
