//! The paper exchange's own books as they lie on the disk, and what they must show whatever the engine believes.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::binary::prove_sums;
use backstop_core::orders::EntryName;
use backstop_model::{ClientOrderId, Money, OrderSide, PositionSide, Quantity};
use backstop_sim::{Exchange, Kind, Ledger, Slot};
use backstop_store::ReadOnly;
use backstop_venues::paper::LedgerFile;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Every exchange whose ledger lies in `folder`: of `s.db` that is `s.venue`, `s.venue-binance` and so on.
pub fn exchanges(folder: &Path) -> Vec<Exchange> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_ledger = |path: &PathBuf| {
        let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        extension == "venue" || extension.starts_with("venue-")
    };
    let mut paths: Vec<PathBuf> = entries.filter(is_ledger).collect();
    paths.sort();
    paths.iter().filter_map(|path| LedgerFile::at(path).read().unwrap()).map(|(exchange, _)| exchange).collect()
}

/// What is open and not wholly under stops that wait for their price.
pub fn unprotected(ledger: &Ledger) -> Vec<String> {
    let mut naked = Vec::new();
    for name in ledger.account_names() {
        let positions = &ledger.account(name).unwrap().positions;
        for ((symbol, slot), position) in positions.iter().filter(|(_, position)| !position.holding.is_flat()) {
            let (side, open) = (position.holding.side, position.holding.quantity);
            let covers = covered(ledger, name, symbol, *slot, side, open);
            if covers < open {
                naked.push(format!("{name}: {open} {symbol} {side} open, {covers} under stops"));
            }
        }
    }
    naked
}

fn covered(ledger: &Ledger, name: &str, symbol: &str, slot: Slot, side: PositionSide, open: Quantity) -> Quantity {
    if let Slot::Deal(origin) = slot {
        let stopped = ledger.deal(origin).is_some_and(|deal| deal.levels.stop.is_some());
        return if stopped { open } else { Quantity::ZERO };
    }
    let stops = ledger.open_orders(name).filter(|order| {
        let is_stop = matches!(order.place.kind, Kind::StopMarket { .. });
        let closes = order.closes && order.place.side == side.closing();
        is_stop && closes && order.is_waiting() && order.slot == slot && order.place.symbol == symbol
    });
    let each = stops.map(|order| order.remaining().unwrap_or(open));
    each.fold(Quantity::ZERO, |sum, one| sum.plus(one).unwrap()).min(open)
}

/// I1, I4, I5 over everything that was ever accepted and executed: an exit only takes away from what is open, no order of
/// ours but an entry can open anything, and no intent was accepted twice.
pub fn broken(ledger: &Ledger) -> Vec<String> {
    let mut broken = Vec::new();
    let mut seen = BTreeSet::new();
    for order in ledger.orders().filter(|order| is_ours(&order.place.client_id)) {
        let id = &order.place.client_id;
        if !order.closes && !is_entry(id) {
            broken.push(format!("{id} can open something"));
        }
        if !seen.insert((order.account.clone(), id.clone())) {
            broken.push(format!("{id} was accepted twice"));
        }
    }
    let mut open: BTreeMap<(&str, &str, Slot), i128> = BTreeMap::new();
    for fill in ledger.fills() {
        let open = open.entry((&fill.account, &fill.symbol, fill.slot)).or_default();
        let (before, by) = (*open, fill.quantity.mantissa());
        let signed = if fill.side == OrderSide::Buy { by } else { -by };
        *open += signed;
        let reduces = before.signum() == -signed.signum() && by <= before.abs();
        if is_ours(&fill.client_id) && !is_entry(&fill.client_id) && !reduces {
            broken.push(format!("{} closes {} where {before} was open", fill.client_id, fill.quantity));
        }
    }
    broken
}

fn is_ours(client_id: &str) -> bool {
    client_id.starts_with("bs")
}

fn is_entry(client_id: &str) -> bool {
    ClientOrderId::new(client_id).is_ok_and(|id| EntryName::read(&id).is_some())
}

/// I10, I11, once everything is flat: the store's closed trades add up, and their profit, fees, funding and
/// closed quantity are the exchange's to the last digit. A fill that was missed or booked twice shows in each of them.
pub fn agree(ledger: &Ledger, store: &Path) -> usize {
    let trades = ReadOnly::open(store).unwrap().trades().unwrap();
    trades.iter().for_each(|trade| prove_sums(&trade.document));
    for name in ledger.account_names() {
        let mut sums = [Money::ZERO; 3];
        let mut closed = Quantity::ZERO;
        for trade in trades.iter().filter(|trade| trade.account == name) {
            let document = &trade.document;
            let profits = document.partial_exits.iter().map(|exit| exit.profit);
            let profit = profits.fold(Money::ZERO, |sum, profit| sum.plus(profit).unwrap());
            for (sum, amount) in sums.iter_mut().zip([profit, document.fees, document.funding]) {
                *sum = sum.plus(amount).unwrap();
            }
            closed = closed.plus(document.original_quantity).unwrap();
        }
        let theirs = [ledger.realised(name), ledger.fees(name), ledger.funding_of(name)].map(Result::unwrap);
        assert_eq!(sums, theirs, "{name}: profit, fees and funding of the store and of the exchange");
        let fills = ledger.fills_of(name).map(|fill| fill.quantity);
        let traded = fills.fold(Quantity::ZERO, |sum, one| sum.plus(one).unwrap());
        assert_eq!(closed.plus(closed).unwrap(), traded, "{name}: what was opened and closed, and what was executed");
    }
    trades.len()
}
