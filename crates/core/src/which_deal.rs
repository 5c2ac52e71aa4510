//! Where every deal is a position of its own, symbol and side are of several: what is told says which deal it is about.

use crate::engine::Engine;
use backstop_model::Notice;

impl Engine {
    /// The same notice, with the deal behind symbol and side.
    pub(crate) fn saying_which_deal(&self, notice: Notice) -> Notice {
        let of_deal = notice.position.and_then(|key| Some((key, key.deal?)));
        let Some((key, deal)) = of_deal else { return notice };
        let Some(instrument) = self.instrument(key.instrument) else { return notice };
        let title = format!("{} {}", instrument.symbol, key.side);
        match notice.text.strip_prefix(&title) {
            Some(rest) => Notice { text: format!("{title}, deal {deal}{rest}"), ..notice },
            None => notice,
        }
    }
}
