//! The hands that open a position at the venue and come back to it: a further entry, a closing. Which position does what
//! is the cast's matter.

use super::cast::Player;
use crate::paper::Seat;
use backstop_model::plan::StopLoss;
use backstop_model::{Adopt, PositionSide, Price, Quantity, Ratio, Rounding, Span, Timestamp};
use backstop_sim as sim;
use backstop_venues::VenueFailure;

/// What makes a position of the demonstration more than an opening.
#[derive(Clone, Debug)]
pub struct Script {
    /// How Backstop treats it: as its own, or as a stranger's.
    pub adopt: Adopt,
    /// The stop of a stranger's position.
    pub hard_stop: Option<StopLoss>,
    /// What the hands do later, in order.
    pub later: Vec<Later>,
    /// So many stops the venue refuses first.
    pub refused_stops: u32,
    /// Whose exchange it is opened at, and how positions are kept there.
    pub seat: Seat,
}

impl Default for Script {
    fn default() -> Self {
        Self { adopt: Adopt::Plan, hard_stop: None, later: Vec::new(), refused_stops: 0, seat: Seat::plain() }
    }
}

/// One thing done later.
#[derive(Clone, Copy, Debug)]
pub struct Later {
    /// When.
    pub when: When,
    /// What.
    pub what: Act,
}

/// When something is done.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// So long after the opening.
    After(Span),
    /// When the position loses this share of its first entry.
    Losing(Ratio),
}

/// What is done.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// So much is added.
    Add(Quantity),
    /// All of it is closed, behind Backstop's back.
    Close,
}

/// What the hands of a player have done so far, as its venue remembers it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    /// When and where it was opened.
    pub opened: Option<(Timestamp, Price)>,
    /// How many of the later things have been done.
    pub later: usize,
}

impl Done {
    /// Read off the venue's ledger: what people do there has order names that begin with `web-`.
    #[must_use]
    pub fn of(exchange: &sim::Exchange) -> Self {
        let by_hand = exchange.ledger().fills().iter().filter(|fill| fill.client_id.starts_with("web-"));
        let mut orders: Vec<u64> = by_hand.clone().map(|fill| fill.order_id).collect();
        orders.dedup();
        let first = exchange.ledger().fills().iter().find(|fill| fill.client_id.starts_with("web-"));
        Self { opened: first.map(|fill| (fill.at, fill.price)), later: orders.len().saturating_sub(1) }
    }
}

/// Does what is due, if the side it takes from has a price.
///
/// # Errors
/// The venue's own words when it refuses.
pub(super) fn act_if_due(player: &mut Player, now: Timestamp) -> Result<(), VenueFailure> {
    let opening = &player.opening;
    let side = opening.side;
    let known = player.venue.exchange().prices(opening.instrument.symbol.as_str());
    let Some(price) = known.and_then(|prices| match side {
        PositionSide::Long => prices.ask,
        PositionSide::Short => prices.bid,
    }) else {
        return Ok(());
    };
    let (account, instrument) = (player.account.id, opening.instrument.id);
    let Some(opened) = player.done.opened else {
        if now < opening.at {
            return Ok(());
        }
        player.done.opened = Some((now, price));
        return player.venue.open_by_hand(now, account, instrument, side, opening.quantity);
    };
    let Some(next) =
        opening.script.later.get(player.done.later).filter(|later| is_due(later.when, opened, price, side, now))
    else {
        return Ok(());
    };
    player.done.later += 1;
    if !is_open(player, now) {
        return Ok(());
    }
    match next.what {
        Act::Add(quantity) => player.venue.open_by_hand(now, account, instrument, side, quantity),
        Act::Close => player.venue.close_by_hand(now, account, instrument, side),
    }
}

/// What is closed already is not added to, and needs no closing.
fn is_open(player: &Player, now: Timestamp) -> bool {
    let view = player.venue.exchange().view(player.account.name.as_str(), now);
    let side = player.opening.side;
    view.is_some_and(|view| view.positions.iter().any(|open| open.side == side && !open.quantity.is_zero()))
}

fn is_due(when: When, (at, entry): (Timestamp, Price), price: Price, side: PositionSide, now: Timestamp) -> bool {
    match when {
        When::After(span) => now >= at.plus(span),
        When::Losing(share) => {
            let lost = entry.above(price).absolute().and_then(|lost| lost.share_of(entry, Rounding::Down));
            side.is_better(entry, price) && lost.is_ok_and(|lost| lost >= share)
        }
    }
}
