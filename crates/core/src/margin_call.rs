//! The venue warns that an account's margin is nearly used up (F-F05): people are told, and nothing else is done. Stops stay
//! where they are; the liquidation guard follows what the venue says of liquidation, not this.

use crate::engine::{Engine, Turn};
use backstop_model::{MarginCall, Notice, Severity};

impl Engine {
    /// Tells people, every time.
    pub(crate) fn margin_call(&self, call: &MarginCall, turn: &mut Turn) {
        let Some(account) = self.accounts.get(&call.account) else { return };
        let title = |key: &backstop_model::PositionKey| {
            let symbol = self.instrument(key.instrument).map_or_else(String::new, |known| known.symbol.to_string());
            format!("{symbol} {}", key.side)
        };
        let open: Vec<String> = call.positions.iter().map(title).collect();
        let about = if open.is_empty() { String::new() } else { format!(" for {}", open.join(", ")) };
        let text = format!(
            "account {}: margin call from the venue{about}: add margin or close a part; stops stay where they are, and nothing else is done",
            account.name
        );
        turn.notices.push(Notice { severity: Severity::Alarm, position: None, text });
        turn.changed = true;
    }
}
