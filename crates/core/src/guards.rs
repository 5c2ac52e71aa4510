//! The last gate for every order: reduces only, never exceeds the position, on the grid, above the minimums.
//!
//! Whatever the rules decided, this is proven again just before a command leaves the core. A failed guard is a bug of
//! ours: the command is dropped, the position is suspended with the stop it has, the process goes on.

use crate::orders::Leg;
use backstop_model::{Instrument, NewOrder, OrderQuantity, PositionSide, Price, Quantity};

/// Which law an order would have broken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Broken {
    /// I4.
    #[error("it does not say reduce-only")]
    NotReduceOnly,
    /// I1.
    #[error("it would open or grow the position instead of closing it")]
    WrongSide,
    /// I1, I2.
    #[error("its quantity {0} is more than the {1} that is open")]
    MoreThanPosition(Quantity, Quantity),
    /// I2.
    #[error("with the orders that are alive it would claim more than the position: {0} of {1} free")]
    MoreThanRoom(Quantity, Quantity),
    /// I16.
    #[error("quantity {0} is not a multiple of the step {1}")]
    OffStep(Quantity, Quantity),
    /// I16.
    #[error("price {0} is not a multiple of the tick {1}")]
    OffTick(Price, Price),
    /// I16.
    #[error("quantity {0} is below the venue's minimum {1}")]
    BelowMinimum(Quantity, Quantity),
    /// I16.
    #[error("quantity {0} is above the venue's maximum {1}")]
    AboveMaximum(Quantity, Quantity),
    /// Nothing is no order.
    #[error("its quantity is zero")]
    Nothing,
}

/// Proves an order.
///
/// # Errors
/// The first law it would break.
pub fn check(
    order: &NewOrder,
    leg: Leg,
    side: PositionSide,
    open: Quantity,
    room: Quantity,
    instrument: &Instrument,
) -> Result<(), Broken> {
    if !order.reduce_only {
        return Err(Broken::NotReduceOnly);
    }
    if order.side != side.closing() || order.position_side != side {
        return Err(Broken::WrongSide);
    }
    let OrderQuantity::Exact(quantity) = order.quantity else { return check_prices(order, instrument) };
    if quantity.is_zero() {
        return Err(Broken::Nothing);
    }
    if quantity > open {
        return Err(Broken::MoreThanPosition(quantity, open));
    }
    if !leg.is_stop() && quantity > room {
        return Err(Broken::MoreThanRoom(quantity, room));
    }
    // A whole position may be off the step after a step change or an odd entry: closing all of it is always right, and so
    // is the part that leaves nothing odd behind.
    let leaves_odd = !open.saturating_minus(quantity).is_on_step(instrument.step);
    if !quantity.is_on_step(instrument.step) && leaves_odd {
        return Err(Broken::OffStep(quantity, instrument.step));
    }
    if matches!(leg, Leg::Target(_)) && quantity < instrument.min_quantity && quantity != open {
        return Err(Broken::BelowMinimum(quantity, instrument.min_quantity));
    }
    if let Some(largest) = instrument.largest_order(order.kind).filter(|largest| quantity > *largest) {
        return Err(Broken::AboveMaximum(quantity, largest));
    }
    check_prices(order, instrument)
}

fn check_prices(order: &NewOrder, instrument: &Instrument) -> Result<(), Broken> {
    match order.kind.price() {
        Some(price) if !price.is_on_tick(instrument.tick) => Err(Broken::OffTick(price, instrument.tick)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use crate::tests::instrument_spec;
    use backstop_model::{
        AccountId, ClientOrderId, InstrumentId, InstrumentSpec, OrderKind, OrderSide, TimeInForce, Trigger,
        TriggerSource,
    };

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    fn quantity(text: &str) -> Quantity {
        text.parse().unwrap()
    }

    fn limit(at: &str) -> OrderKind {
        OrderKind::Limit { price: price(at), time_in_force: TimeInForce::GoodTillCancel }
    }

    fn stop(at: &str) -> OrderKind {
        OrderKind::StopMarket(Trigger { price: price(at), source: TriggerSource::Mark, guaranteed: false })
    }

    /// An exit of a long that every law allows.
    fn exit(kind: OrderKind, amount: &str) -> NewOrder {
        NewOrder {
            account: AccountId(0),
            instrument: InstrumentId(0),
            id: ClientOrderId::new("one").unwrap(),
            side: OrderSide::Sell,
            position_side: PositionSide::Long,
            deal: None,
            quantity: OrderQuantity::Exact(quantity(amount)),
            kind,
            reduce_only: true,
            attached_stop: None,
        }
    }

    fn instrument() -> Instrument {
        let (largest, at_market) = (Some(quantity("2")), Some(quantity("1")));
        let spec = InstrumentSpec {
            min_quantity: quantity("0.002"),
            max_quantity: largest,
            max_market_quantity: at_market,
            ..instrument_spec()
        };
        Instrument::try_from(spec).unwrap()
    }

    /// Of `open`, with `room` left beside the orders that are alive.
    fn proven(order: &NewOrder, leg: Leg, open: &str, room: &str) -> Result<(), Broken> {
        check(order, leg, PositionSide::Long, quantity(open), quantity(room), &instrument())
    }

    #[test]
    fn an_exit_says_that_it_reduces_and_goes_against_the_position_that_it_names() {
        let sound = exit(limit("50000.1"), "0.1");
        assert_eq!(proven(&sound, Leg::Target(1), "0.1", "0.1"), Ok(()));
        let order = NewOrder { reduce_only: false, ..sound };
        assert_eq!(proven(&order, Leg::Target(1), "0.1", "0.1"), Err(Broken::NotReduceOnly));
        let order = NewOrder { side: OrderSide::Buy, ..sound };
        assert_eq!(proven(&order, Leg::Target(1), "0.1", "0.1"), Err(Broken::WrongSide));
        let order = NewOrder { position_side: PositionSide::Short, ..sound };
        assert_eq!(proven(&order, Leg::Target(1), "0.1", "0.1"), Err(Broken::WrongSide));
    }

    #[test]
    fn no_exit_is_more_than_is_open_and_only_a_stop_may_claim_what_others_claim() {
        let (open, more) = (exit(limit("50000"), "0.1"), exit(limit("50000"), "0.101"));
        let too_much = Broken::MoreThanPosition(quantity("0.101"), quantity("0.1"));
        assert_eq!(proven(&more, Leg::Target(1), "0.1", "1"), Err(too_much));
        let no_room = Broken::MoreThanRoom(quantity("0.1"), quantity("0.099"));
        for leg in [Leg::Target(1), Leg::Instant(1), Leg::Close, Leg::Part, Leg::Trail] {
            assert_eq!(proven(&open, leg, "0.1", "0.099"), Err(no_room), "{leg:?}");
        }
        let stop = exit(stop("49000"), "0.1");
        for leg in [Leg::Stop, Leg::StopPart(1), Leg::WholeStop] {
            assert_eq!(proven(&stop, leg, "0.1", "0"), Ok(()), "{leg:?}");
        }
        let more = exit(stop.kind, "0.101");
        assert_eq!(proven(&more, Leg::Stop, "0.1", "1"), Err(too_much));
    }

    #[test]
    fn nothing_is_no_order_and_what_is_odd_goes_only_with_all_that_is_odd() {
        let nothing = exit(OrderKind::Market, "0");
        assert_eq!(proven(&nothing, Leg::Close, "0.1", "0.1"), Err(Broken::Nothing));
        let odd = exit(OrderKind::Market, "0.0105");
        let off = Broken::OffStep(quantity("0.0105"), quantity("0.001"));
        assert_eq!(proven(&odd, Leg::Close, "0.1", "0.1"), Err(off));
        assert_eq!(proven(&odd, Leg::Close, "0.0105", "0.1"), Ok(()), "all of it");
        assert_eq!(proven(&odd, Leg::Part, "0.1005", "0.1005"), Ok(()), "what it leaves is on the step");
    }

    #[test]
    fn only_a_target_has_a_minimum_and_the_last_of_a_position_has_none() {
        let small = exit(limit("50000"), "0.001");
        let below = Broken::BelowMinimum(quantity("0.001"), quantity("0.002"));
        assert_eq!(proven(&small, Leg::Target(1), "0.1", "0.1"), Err(below));
        assert_eq!(proven(&small, Leg::Target(1), "0.001", "0.001"), Ok(()), "all that is open");
        assert_eq!(proven(&small, Leg::Stop, "0.1", "0.1"), Ok(()), "a stop protects however little");
        assert_eq!(proven(&exit(limit("50000"), "0.002"), Leg::Target(1), "0.1", "0.1"), Ok(()));
    }

    #[test]
    fn no_order_is_larger_than_the_venue_takes_of_its_kind() {
        let above = |amount, most| Err(Broken::AboveMaximum(quantity(amount), quantity(most)));
        assert_eq!(proven(&exit(limit("50000"), "2"), Leg::Target(1), "9", "9"), Ok(()));
        assert_eq!(proven(&exit(limit("50000"), "2.001"), Leg::Target(1), "9", "9"), above("2.001", "2"));
        assert_eq!(proven(&exit(OrderKind::Market, "1"), Leg::Close, "9", "9"), Ok(()));
        assert_eq!(proven(&exit(stop("49000"), "1.001"), Leg::Stop, "9", "9"), above("1.001", "1"));
    }

    #[test]
    fn every_price_is_on_the_tick_also_of_an_order_for_the_whole_position() {
        let off = |text| Err(Broken::OffTick(price(text), price("0.1")));
        assert_eq!(proven(&exit(limit("50000.05"), "0.1"), Leg::Target(1), "0.1", "0.1"), off("50000.05"));
        let whole = |kind| NewOrder { quantity: OrderQuantity::WholePosition, ..exit(kind, "0.1") };
        assert_eq!(proven(&whole(stop("49000.01")), Leg::WholeStop, "0.1", "0"), off("49000.01"));
        assert_eq!(proven(&whole(stop("49000.1")), Leg::WholeStop, "0.1", "0"), Ok(()));
    }
}
