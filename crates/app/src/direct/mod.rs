//! Closing at the paper venue without an engine: the venue's ledger is opened, positions are closed at market, stops stay
//! until the venue says flat, then orders of ours go. Nothing is decided here but the order of these steps.
//!
//! The journal is only looked into. Ids are derived from the venue's own state, so the next engine recognises the closing
//! as ours and books it from the venue's history.

mod hands;

pub use hands::{Hands, NoHands};

use backstop_core::orders::{EntryName, Leg, Named};
use backstop_model::{
    AccountId, ClientOrderId, Command, DealId, Fill, InstrumentId, NewOrder, OrderKind, OrderQuantity, OrderReport,
    PositionKey, PositionReport, Snapshot, Span, Timestamp,
};
use backstop_venues::VenueFailure;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How long one step may take.
const PATIENCE: Span = Span::from_secs(8);
/// Between two looks.
const LOOK_EVERY: Span = Span::from_millis(100);

/// Which positions are meant.
#[derive(Clone, Debug)]
pub enum Meant {
    /// All of them, and every entry.
    All,
    /// The one of this name, or of this symbol.
    One(String),
}

/// What was done.
#[derive(Debug, Default)]
pub struct Report {
    /// Each position that was closed: its name, how much, and what the venue paid for it.
    pub closed: Vec<Value>,
    /// Orders of ours that were cancelled.
    pub cancelled: usize,
    /// Positions that the configuration says are not to be touched.
    pub not_touched: Vec<String>,
    /// What went wrong.
    pub problems: Vec<String>,
    /// Positions that were meant and are still open.
    pub left: Vec<String>,
}

impl Report {
    /// Everything that was meant is flat.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.left.is_empty() && self.problems.is_empty()
    }

    /// Nothing was there to be done.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.is_flat() && self.closed.is_empty() && self.cancelled == 0 && self.not_touched.is_empty()
    }

    /// The report for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "engine": false, "flat": self.is_flat(), "closed": self.closed, "cancelled": self.cancelled,
            "not_touched": self.not_touched, "left": self.left, "problems": self.problems,
        })
    }

    /// The report for people, a line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let closed = self.closed.iter().map(|closed| {
            let word = |key: &str| closed[key].as_str().unwrap_or("?").to_owned();
            format!("{}: {} closed at {}", word("position"), word("quantity"), word("price"))
        });
        let mut lines: Vec<String> = closed.collect();
        lines.extend(self.not_touched.iter().map(|name| format!("{name}: not touched")));
        lines.extend(self.left.iter().map(|name| format!("{name}: STILL OPEN, its stops stay at the venue")));
        lines.extend(self.problems.iter().cloned());
        let flat = if self.is_flat() { "the venue says flat" } else { "not everything is flat: ask again" };
        lines.push(format!("without an engine: {} orders of ours cancelled; {flat}", self.cancelled));
        lines
    }
}

/// Closes what is meant.
///
/// # Errors
/// [`VenueFailure`] when the ledger cannot be written: nothing more is done then.
pub fn close(hands: &mut Hands, meant: &Meant) -> Result<Report, VenueFailure> {
    let mut report = Report::default();
    let mut keys = BTreeSet::new();
    for account in hands.accounts() {
        match hands.read(account)? {
            Some(read) => keys.extend(all_of(&read).filter(|key| is_meant(hands, *key, meant))),
            None => {
                report.problems.push(format!("the venue does not answer about account {}", hands.account_name(account)))
            }
        }
    }
    if let (Meant::One(name), 2..) = (meant, keys.len()) {
        let names: Vec<String> = keys.iter().map(|key| hands.name(*key)).collect();
        report.problems.push(format!("{name} is more than one position: name one of {}", names.join(", ")));
        return Ok(report);
    }
    let (kept, keys): (Vec<PositionKey>, Vec<PositionKey>) =
        keys.into_iter().partition(|key| hands.must_not_touch(*key));
    report.not_touched.extend(kept.into_iter().map(|key| hands.name(key)));
    for account in hands.accounts() {
        let keys: Vec<PositionKey> = keys.iter().filter(|key| key.account == account).copied().collect();
        if !keys.is_empty() {
            close_account(hands, account, &keys, &mut report)?;
        }
    }
    Ok(report)
}

/// Every position that is open, and every one that an entry of ours would open.
fn all_of(read: &Snapshot) -> impl Iterator<Item = PositionKey> {
    open(read).map(|position| position.key).chain(read.orders.iter().filter_map(entry_of))
}

fn is_meant(hands: &Hands, key: PositionKey, meant: &Meant) -> bool {
    match meant {
        Meant::All => true,
        Meant::One(name) => hands.symbol(key.instrument) == *name || hands.is_called(key, name),
    }
}

fn close_account(
    hands: &mut Hands,
    account: AccountId,
    keys: &[PositionKey],
    report: &mut Report,
) -> Result<(), VenueFailure> {
    // What would fill meanwhile, or holds the room to reduce, goes first; the stop stays.
    report.cancelled += cancel(hands, account, keys, |leg| !leg.is_some_and(Leg::is_stop), report)?;
    let Some(read) = hands.read(account)? else { return Ok(()) };
    let placed = place_closes(hands, &read, keys);
    let is_flat = |read: &Snapshot| !open(read).any(|position| keys.contains(&position.key));
    let end = hands.now().plus(PATIENCE);
    let flat = watch(hands, account, end, is_flat)?;
    report.problems.extend(hands.refusals());
    for (key, id) in &placed {
        report.closed.extend(closing(hands, *key, *id)?);
    }
    if flat {
        report.cancelled += cancel(hands, account, keys, |_| true, report)?;
    } else if let Some(read) = hands.read(account)? {
        let still = open(&read).filter(|position| keys.contains(&position.key));
        report.left.extend(still.map(|position| hands.name(position.key)));
    }
    Ok(())
}

fn open(read: &Snapshot) -> impl Iterator<Item = &PositionReport> {
    read.positions.iter().filter(|position| !position.quantity.is_zero())
}

/// The position that an entry of ours would open.
fn entry_of(order: &OrderReport) -> Option<PositionKey> {
    let side = EntryName::read(order.id.as_ref()?)?.side;
    Some(PositionKey::new(order.account, order.instrument, side).of_deal(order.deal))
}

/// Whose order of ours this is, and its leg; an entry has none.
fn ours(order: &OrderReport) -> Option<(PositionKey, Option<Leg>)> {
    let exit = Named::read(order.id.as_ref()?).map(|named| {
        let key = PositionKey::new(order.account, order.instrument, named.side);
        (key.of_deal(order.deal), Some(named.leg))
    });
    exit.or_else(|| entry_of(order).map(|key| (key, None)))
}

/// Looks until something holds, or the time is up. True when it holds.
fn watch(
    hands: &mut Hands,
    account: AccountId,
    end: Timestamp,
    holds: impl Fn(&Snapshot) -> bool,
) -> Result<bool, VenueFailure> {
    loop {
        if hands.read(account)?.is_some_and(|read| holds(&read)) {
            return Ok(true);
        }
        if hands.now() >= end {
            return Ok(false);
        }
        hands.let_pass(LOOK_EVERY)?;
    }
}

/// Cancels orders of ours for these positions and sees them gone; gives back how many.
fn cancel(
    hands: &mut Hands,
    account: AccountId,
    keys: &[PositionKey],
    which: impl Fn(Option<Leg>) -> bool,
    report: &mut Report,
) -> Result<usize, VenueFailure> {
    let meant = |order: &&OrderReport| {
        !order.status.is_final() && ours(order).is_some_and(|(key, leg)| keys.contains(&key) && which(leg))
    };
    let Some(read) = hands.read(account)? else { return Ok(0) };
    let ids: Vec<(InstrumentId, Option<DealId>, ClientOrderId)> =
        read.orders.iter().filter(meant).filter_map(|order| Some((order.instrument, order.deal, order.id?))).collect();
    for (instrument, deal, id) in &ids {
        hands.submit(&Command::Cancel { account, instrument: *instrument, id: *id, deal: *deal });
    }
    if ids.is_empty() {
        return Ok(0);
    }
    let end = hands.now().plus(PATIENCE);
    let gone = watch(hands, account, end, |read| !read.orders.iter().any(|order| meant(&order)))?;
    if !gone {
        report.problems.push("some orders of ours are still at the venue; ask again".to_owned());
    }
    Ok(ids.len())
}

/// One market exit for each position, of what is open and no more.
fn place_closes(hands: &mut Hands, read: &Snapshot, keys: &[PositionKey]) -> Vec<(PositionKey, ClientOrderId)> {
    let mut placed = Vec::new();
    for position in open(read).filter(|position| keys.contains(&position.key)) {
        let key = position.key;
        let id = hands.close_id(key, &read.orders);
        let quantity = OrderQuantity::Exact(position.quantity);
        hands.submit(&Command::Place(NewOrder::exit(key, id, quantity, OrderKind::Market)));
        placed.push((key, id));
    }
    placed
}

/// What the venue says of a closing of ours.
fn closing(hands: &mut Hands, key: PositionKey, id: ClientOrderId) -> Result<Option<Value>, VenueFailure> {
    let fills: Vec<Fill> = hands.fills_of(key, id)?;
    let quantity = fills.iter().try_fold(backstop_model::Quantity::ZERO, |sum, fill| sum.plus(fill.quantity));
    let cash = fills.iter().try_fold(backstop_model::Money::ZERO, |sum, fill| {
        fill.price.notional(fill.quantity).and_then(|part| sum.plus(part))
    });
    let (Ok(quantity), Ok(cash)) = (quantity, cash) else { return Ok(None) };
    let Ok(price) = cash.per(quantity, backstop_model::Rounding::Nearest) else { return Ok(None) };
    Ok(Some(json!({ "position": hands.name(key), "quantity": quantity, "price": price, "order": id })))
}
