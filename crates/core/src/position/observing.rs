//! A position that is only observed: everything is decided as ever, and nothing that changes anything is sent. What would
//! have been is told once and shown for as long as it is wished.
//!
//! The wishes are what a copy of the position would ask for now; the position itself believes nothing to be on its way.

use super::{Ctx, Out, Position};
use crate::orders::{EntryName, Named};
use backstop_model::{ClientOrderId, Command, OrderKind, OrderQuantity, OutOfRange, Permit, Severity};

/// Wishes shown per position.
const MOST: usize = 32;

impl Position {
    /// Keeps house, asks what is to be asked, and works out what would be sent.
    ///
    /// # Errors
    /// [`OutOfRange`] when a number leaves its range.
    pub(crate) fn observe(&mut self, ctx: Ctx, out: &mut Out) -> Result<(), OutOfRange> {
        let wishes = self.wished(ctx)?;
        for wish in wishes.iter().filter(|wish| !self.aside.wishes.contains(wish)) {
            let text = format!("{} {}: would {wish}", ctx.instrument.symbol, self.key.side);
            out.tell(Severity::Note, self.key, text);
        }
        self.aside.wishes = wishes;
        Ok(())
    }

    /// What would be sent if it were not only observed.
    #[must_use]
    pub fn wishes(&self) -> &[String] {
        &self.aside.wishes
    }

    fn wished(&self, ctx: Ctx) -> Result<Vec<String>, OutOfRange> {
        let (mut copy, mut out) = (self.clone(), Out::default());
        let tranches = copy.live.iter_mut().flat_map(|live| &mut live.tranches);
        // Targets follow a stop that would be working by now.
        tranches.for_each(|tranche| tranche.was_protected = true);
        copy.settle(Ctx { permit: Permit::All, ..ctx }, &mut out)?;
        Ok(out.commands.iter().filter_map(wish).take(MOST).collect())
    }
}

/// What a command that changes something would do.
fn wish(command: &Command) -> Option<String> {
    match command {
        Command::Place(order) => {
            let quantity = match order.quantity {
                OrderQuantity::Exact(quantity) => quantity.to_string(),
                OrderQuantity::WholePosition => "the whole position".to_owned(),
            };
            Some(format!("place {}: {} {quantity} {}", purpose(&order.id), order.side, kind(&order.kind)))
        }
        Command::Amend { id, trigger, quantity, .. } => {
            Some(format!("move {} to {} for {quantity}", purpose(id), trigger.price))
        }
        Command::Cancel { id, .. } => Some(format!("cancel {} {id}", purpose(id))),
        Command::Lookup { .. } | Command::Snapshot { .. } => None,
    }
}

fn purpose(id: &ClientOrderId) -> String {
    let entry = || EntryName::read(id).map(|_| "entry".to_owned());
    Named::read(id).map(|named| named.leg.to_string()).or_else(entry).unwrap_or_else(|| "order".to_owned())
}

fn kind(kind: &OrderKind) -> String {
    match kind {
        OrderKind::Limit { price, .. } => format!("limit {price}"),
        OrderKind::Market => "at market".to_owned(),
        OrderKind::StopMarket(trigger) => format!("stop {} on {}", trigger.price, trigger.source.word()),
        OrderKind::TakeProfitMarket(trigger) => format!("take profit {} on {}", trigger.price, trigger.source.word()),
        OrderKind::TrailingStop { activation, distance, source } => {
            let from = activation.map_or_else(|| "at once".to_owned(), |price| format!("from {price}"));
            format!("native trail {}% {from} on {}", distance.in_percent(), source.word())
        }
    }
}
