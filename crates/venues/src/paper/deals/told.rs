//! What is told of deals: their levels as orders, their quantities as positions, and which executions have to be asked for
//! because an update names none (venues/ig.md §0 fact 2).

use super::super::names::Names;
use super::{DealBook, Which, deal_id};
use backstop_model::{
    AccountId, ClientOrderId, Event, InstrumentId, OrderReport, OrderStatus, PositionKey, PositionReport, PositionSide,
    Quantity, Timestamp, Trigger, TriggerSource, VenueOrderId,
};
use backstop_sim as sim;
use std::collections::BTreeMap;

/// Quantities as they were last told, so that an update that only moves levels asks for nothing.
#[derive(Debug, Default)]
pub(in super::super) struct Teller {
    told: BTreeMap<u64, (Quantity, Timestamp)>,
    /// Deals that are gone, whose last executions are still to be asked for.
    pub ended: Vec<u64>,
}

impl Teller {
    /// An update becomes a position and its levels. True when there are executions to ask for.
    pub fn update(
        &mut self,
        names: &Names,
        account: AccountId,
        update: &sim::DealUpdate,
        book: &mut DealBook,
        events: &mut Vec<Event>,
    ) -> bool {
        let Some(instrument) = names.instrument(&update.symbol) else { return false };
        let (origin, gone) = (update.deal.origin, update.status == sim::DealStatus::Deleted);
        let quantity = if gone { Quantity::ZERO } else { update.quantity };
        events.push(Event::Position(PositionReport {
            key: PositionKey::new(account, instrument, update.side).of_deal(deal_id(origin)),
            quantity,
            entry_price: update.level.filter(|_| !gone),
            liquidation_price: None,
            premium: Some(update.deal.premium),
            at: update.at,
        }));
        if gone {
            self.told.remove(&origin);
            self.ended.push(origin);
            return true;
        }
        let levels = level_reports(book, (account, instrument), &update.deal, update.side, (update.at, update.at));
        events.extend(levels.into_iter().map(Event::Order));
        let before = self.told.get(&origin).copied();
        // What an update tells that others have overtaken may have been displaced itself since.
        let newest = before.map_or(update.at, |(_, at)| at.max(update.at));
        if newest == update.at {
            events.extend(displaced(book, (account, instrument), update));
        }
        self.told.insert(origin, (quantity, newest)).map(|(quantity, _)| quantity) != Some(quantity)
    }
}

/// Orders of ours that have lost their level: to another one, where a request that nobody had an answer to takes effect after the one
/// that was sent in its place (F-A01), or to whoever has taken it away (F-C06, F-D05).
fn displaced(
    book: &mut DealBook,
    (account, instrument): (AccountId, InstrumentId),
    update: &sim::DealUpdate,
) -> Vec<Event> {
    let (deal, side) = (&update.deal, update.side.closing());
    let over = [Which::Stop, Which::Limit].into_iter().flat_map(|which| match which.of(deal.levels) {
        Some(at) => book.take_displaced(deal.origin, which, at),
        None => book.take_gone(deal.origin, which, update.at),
    });
    let report = |id: ClientOrderId, venue_id: VenueOrderId| OrderReport {
        account,
        instrument,
        id: Some(id),
        venue_id,
        deal: deal_id(deal.origin),
        side,
        status: OrderStatus::Canceled,
        quantity: None,
        filled: Quantity::ZERO,
        trigger: None,
        limit: None,
        at: update.at,
    };
    let named = over.filter_map(|id| Some((id, venue_id(Some(id), "")?)));
    named.map(|(id, venue_id)| Event::Order(report(id, venue_id))).collect()
}

/// The levels of a deal as orders: for whatever is left of it, watching the price it would close at; since when the deal is as it
/// is, and of which moment that is told.
pub(in super::super) fn level_reports(
    book: &DealBook,
    (account, instrument): (AccountId, InstrumentId),
    deal: &sim::DealView,
    side: PositionSide,
    (at, then): (Timestamp, Timestamp),
) -> Vec<OrderReport> {
    let report = |which: Which| {
        let level = which.of(deal.levels)?;
        let id = book.owner(deal.origin, which, level, then);
        let word = match which {
            Which::Limit => "limit",
            Which::Stop => "stop",
        };
        Some(OrderReport {
            account,
            instrument,
            id,
            venue_id: venue_id(id, &format!("{}-{word}", deal.origin))?,
            deal: deal_id(deal.origin),
            side: side.closing(),
            status: OrderStatus::Working,
            quantity: None,
            filled: Quantity::ZERO,
            trigger: deal.levels.stop.filter(|_| which == Which::Stop).map(watched),
            limit: (which == Which::Limit).then_some(level),
            at,
        })
    };
    [Which::Stop, Which::Limit].into_iter().filter_map(report).collect()
}

fn watched(stop: sim::StopLevel) -> Trigger {
    let guaranteed = stop.guard == sim::StopGuard::Guaranteed;
    Trigger { guaranteed, ..Trigger::new(stop.level, TriggerSource::BidAsk) }
}

fn venue_id(id: Option<ClientOrderId>, stranger: &str) -> Option<VenueOrderId> {
    VenueOrderId::new(id.as_ref().map_or(stranger, ClientOrderId::as_str)).ok()
}

/// The deal of an execution or payment, open or not.
pub(in super::super) fn deal_of(exchange: &sim::Exchange, slot: sim::Slot) -> Option<&sim::Deal> {
    match slot {
        sim::Slot::Deal(origin) => exchange.ledger().deal(origin),
        sim::Slot::Both | sim::Slot::Long | sim::Slot::Short => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use backstop_model::{Money, Name, Price, Symbol};

    const DEAL: u64 = 7;

    fn names() -> Names {
        let mut names = Names::default();
        names.accounts.insert(AccountId(0), Name::new("main").unwrap());
        names.instruments.insert(InstrumentId(0), Symbol::new("DAX").unwrap());
        names
    }

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    /// What the venue says of the deal at that moment: how much is open, and where the stop is.
    fn update(millis: i64, quantity: &str, stop: &str) -> sim::DealUpdate {
        let stop = sim::StopLevel { level: price(stop), guard: sim::StopGuard::Normal };
        let levels = sim::Levels { stop: Some(stop), limit: None };
        let deal = sim::DealView { id: DEAL, origin: DEAL, reference: "r".to_owned(), levels, premium: Money::ZERO };
        sim::DealUpdate {
            at: at(millis),
            deal,
            symbol: "DAX".to_owned(),
            side: PositionSide::Long,
            status: sim::DealStatus::Updated,
            quantity: quantity.parse().unwrap(),
            level: None,
        }
    }

    /// A deal whose stop was asked for at 98 and agreed, and then at 99 by another order.
    struct Told {
        teller: Teller,
        book: DealBook,
    }

    impl Told {
        fn of_two_orders() -> Self {
            let mut book = DealBook::default();
            for (name, level) in [("a", "98"), ("b", "99")] {
                let id = ClientOrderId::new(name).unwrap();
                book.note_level(DEAL, Which::Stop, id, price(level), Timestamp::EPOCH);
            }
            Self { teller: Teller::default(), book }
        }

        /// Hears an update: whether executions have to be asked for, and which orders are told to be over.
        fn hear(&mut self, update: &sim::DealUpdate) -> (bool, Vec<String>) {
            let mut events = Vec::new();
            let asks = self.teller.update(&names(), AccountId(0), update, &mut self.book, &mut events);
            events.iter().for_each(|event| self.book.told(event));
            let over = |event: &Event| match event {
                Event::Order(report) if report.status == OrderStatus::Canceled => Some(report.id.unwrap().to_string()),
                _ => None,
            };
            (asks, events.iter().filter_map(over).collect())
        }
    }

    #[test]
    fn what_an_update_displaces_is_told_once_and_an_older_one_that_comes_later_displaces_nothing() {
        let mut told = Told::of_two_orders();
        assert_eq!(told.hear(&update(20, "1", "98")), (true, vec![]), "the first stands, the second is on its way");
        assert_eq!(told.hear(&update(30, "1", "99")), (false, vec!["a".to_owned()]));
        assert_eq!(told.hear(&update(30, "1", "99")), (false, vec![]), "told once");
        // The update from before is told after it: the level it shows is gone, and the second order has not lost its own.
        assert_eq!(told.hear(&update(20, "1", "98")), (false, vec![]));
        assert_eq!(told.hear(&update(40, "1", "99")), (false, vec![]), "it has it still");
    }

    #[test]
    fn an_update_that_others_have_overtaken_takes_nobody_a_level_at_all() {
        let mut told = Told::of_two_orders();
        assert_eq!(told.hear(&update(20, "1", "98")).1, Vec::<String>::new());
        assert_eq!(told.hear(&update(30, "1", "99")).1, ["a"]);
        let id = ClientOrderId::new("c").unwrap();
        told.book.note_level(DEAL, Which::Stop, id, price("98.5"), Timestamp::EPOCH);
        // Its own time counts, not when it is heard: the newest there is stays the newest, however many come after it.
        for overtaken in [10, 29, 10] {
            assert_eq!(told.hear(&update(overtaken, "1", "98.5")).1, Vec::<String>::new());
        }
        assert_eq!(told.hear(&update(31, "1", "98.5")).1, ["b"]);
    }

    /// F-D05: somebody takes the stop away at the venue's own screen. An update from before it stood says nothing.
    #[test]
    fn an_order_whose_level_is_there_no_more_is_over() {
        let mut told = Told::of_two_orders();
        let without = |millis: i64| {
            let mut update = update(millis, "1", "98");
            update.deal.levels.stop = None;
            update
        };
        assert_eq!(told.hear(&without(10)).1, Vec::<String>::new(), "nobody has heard that one stands");
        assert_eq!(told.hear(&update(20, "1", "99")).1, Vec::<String>::new());
        assert_eq!(told.hear(&without(15)).1, Vec::<String>::new(), "it stood later");
        assert_eq!(told.hear(&without(30)).1, ["b"]);
        assert_eq!(told.hear(&without(40)).1, Vec::<String>::new(), "told once");
    }

    #[test]
    fn executions_are_asked_for_when_the_quantity_is_another_one_whatever_came_first() {
        let mut told = Told::of_two_orders();
        assert!(told.hear(&update(20, "1", "98")).0);
        assert!(told.hear(&update(30, "0.4", "98")).0);
        assert!(!told.hear(&update(40, "0.4", "98")).0, "only its levels may have moved");
        assert!(told.hear(&update(20, "1", "98")).0, "an older one is rather asked about once too often");
        let gone = sim::DealUpdate { status: sim::DealStatus::Deleted, ..update(50, "0", "98") };
        assert!(told.hear(&gone).0);
        assert_eq!(told.teller.ended, [DEAL]);
    }
}
