//! The hands that open a position at the venue and come back to it: a further entry, a closing. Which position does what
//! is the cast's matter.

use super::cast::Player;
use super::script::{Act, When};
use backstop_model::{PositionSide, Price, Rounding, Timestamp};
use backstop_venues::VenueFailure;

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
