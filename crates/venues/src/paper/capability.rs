//! What an exchange offers natively becomes what the core may ask for (product.md §2.7).
//!
//! It is read off the exchange's own description; nothing here knows a venue's name.

use super::REQUEST_VALIDITY;
use backstop_model::{
    Capability, FlaggedExits, LimitTargets, PositionMode, Ratio, RestingTargets, Rounding, SizedStops, Span,
    TrailingLimits, TriggerSource,
};
use backstop_sim::habits::{BoundSum, NativeTrailing, RequestWindow, WholePosition};
use backstop_sim::native::Reduction;
use backstop_sim::{Native, StopPlace};

/// A request without a time limit of its own is believed to take effect within so long (venues/ig.md §4.5: a confirm is
/// read for about that long; the bound itself is *unverified*).
const UNBOUNDED: Span = Span::from_secs(10);
/// Millionths in one.
const MILLION: u32 = 1_000_000;
/// Trailing distances are multiples of so many millionths: a tenth of a percent (venues/binance.md §8.2), which the others
/// take as well.
const TRAIL_STEP: u32 = 1_000;

/// What an account in this mode at such an exchange offers for exits.
///
/// * A trailing stop that is attached to a deal is not offered: it would take the place of the hard stop, and its
///   distance is in points (venues/ig.md §4.3). Backstop moves the stop itself instead.
/// * Where stops are bound to the position, targets are too (`profit_plan`, venues/bitget.md §8): in the book they would hold
///   what a stop or a market exit has to close (§6.2), and newer exits would evict them.
/// * A stop attached to a deal closes whatever is left of the deal: a stop for the whole position. It watches the price
///   the deal would close at and no other (venues/ig.md §4.2).
/// * Where exits are waived the smallest notional for a flag that a hedge account's cannot have, the account has the waiver
///   for its stop for the whole position only (-4164; venues/binance.md §5, §6.1, venues/aster.md §12).
#[must_use]
pub fn capability(native: &Native, mode: PositionMode) -> Capability {
    let attached = native.stops == StopPlace::Attached;
    let bound = native.whole == WholePosition::Bound;
    Capability {
        native_trailing: match native.trailing {
            NativeTrailing::Orders { least, most } => Some(TrailingLimits {
                smallest: millionths(least),
                largest: millionths(most),
                step: millionths(TRAIL_STEP),
            }),
            NativeTrailing::Attached | NativeTrailing::None => None,
        },
        amend_stop: native.amends_stops(),
        reduce_only: match Native::reduction(mode) {
            Reduction::ByDeal | Reduction::ByFlag | Reduction::BySide => true,
        },
        entry_stop: attached,
        whole_stop: attached || native.whole != WholePosition::Absent,
        sized_stops: match native.bound_sum {
            _ if attached => SizedStops::Absent,
            BoundSum::WithinPosition if bound => SizedStops::Shared,
            BoundSum::WithinPosition | BoundSum::Unlimited => SizedStops::Beside,
        },
        limit_targets: if bound { LimitTargets::Triggered } else { LimitTargets::InBook },
        resting_targets: if native.closes_can_rest() { RestingTargets::Every } else { RestingTargets::Last },
        guaranteed_stops: attached,
        flagged_exits: if native.waives_sized_exits(mode) { FlaggedExits::Every } else { FlaggedExits::Whole },
        only_trigger: attached.then_some(TriggerSource::BidAsk),
        request_validity: match native.request_window {
            RequestWindow::AsSent => REQUEST_VALIDITY,
            RequestWindow::Fixed(window) | RequestWindow::Nonce { within: window, .. } => window,
            RequestWindow::Unbounded => UNBOUNDED,
        },
    }
}

fn millionths(count: u32) -> Ratio {
    Ratio::whole(count).over(Ratio::whole(MILLION), Rounding::Nearest).expect("a share of a million is a ratio")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use backstop_sim::Profile;

    /// Trailing in percent, amends, whole stop, every target rests, validity in seconds.
    type Row = (Option<(&'static str, &'static str)>, bool, bool, bool, i64);

    #[test]
    fn each_profile_offers_what_its_page_says() {
        let rows: [(Profile, PositionMode, Row); 5] = [
            (Profile::binance(), PositionMode::OneWay, (Some(("0.1", "20")), false, true, true, 3)),
            (Profile::aster(), PositionMode::Hedge, (Some(("0.1", "5")), false, true, true, 10)),
            (Profile::bitget_classic(), PositionMode::Hedge, (Some(("1", "10")), true, true, true, 30)),
            (Profile::bitget_unified(), PositionMode::OneWay, (None, true, true, true, 30)),
            (Profile::ig(), PositionMode::PerDeal, (None, true, true, false, 10)),
        ];
        for (profile, mode, (trailing, amends, whole, every, seconds)) in rows {
            let offered = capability(&profile.native(), mode);
            let percent = |text| Ratio::percent(text).unwrap();
            let limits = trailing.map(|(least, most)| (percent(least), percent(most)));
            assert_eq!(offered.native_trailing.map(|of| (of.smallest, of.largest)), limits, "{}", profile.name);
            assert_eq!(offered.amend_stop, amends, "{}", profile.name);
            assert_eq!(offered.whole_stop, whole, "{}", profile.name);
            assert_eq!(offered.entry_stop, !every, "{}", profile.name);
            let bitget = profile.name.starts_with("bitget");
            let sized = if bitget { SizedStops::Shared } else { SizedStops::Beside };
            assert_eq!(offered.sized_stops, if every { sized } else { SizedStops::Absent }, "{}", profile.name);
            let triggered = offered.limit_targets == LimitTargets::Triggered;
            assert_eq!(triggered, bitget, "{}: as profit plans", profile.name);
            let only = (!every).then_some(TriggerSource::BidAsk);
            assert_eq!(offered.only_trigger, only, "{}", profile.name);
            assert_eq!(offered.resting_targets == RestingTargets::Every, every, "{}", profile.name);
            assert_eq!(offered.request_validity, Span::from_secs(seconds), "{}", profile.name);
            assert!(offered.reduce_only, "{}", profile.name);
            assert_eq!(offered.guaranteed_stops, !every, "{}: sold where stops are levels of deals", profile.name);
            // A tenth of a percent is taken everywhere (venues/binance.md §8.2: finer is unverified).
            let step = offered.native_trailing.map(|of| of.step);
            assert_eq!(step, trailing.map(|_| percent("0.1")), "{}", profile.name);
        }
    }

    /// -4164 (venues/binance.md §17, venues/aster.md §12).
    #[test]
    fn which_exits_are_waived_the_smallest_notional_follows_the_position_mode() {
        use PositionMode::{Hedge, OneWay, PerDeal};
        for (profile, mode, is_every) in [
            (Profile::binance(), OneWay, true),
            (Profile::binance(), Hedge, false),
            (Profile::aster(), OneWay, true),
            (Profile::aster(), Hedge, false),
            (Profile::bitget_classic(), OneWay, true),
            (Profile::bitget_classic(), Hedge, true),
            (Profile::bitget_unified(), Hedge, true),
            (Profile::ig(), PerDeal, true),
        ] {
            let flagged = capability(&profile.native(), mode).flagged_exits;
            assert_eq!(flagged.is_every(), is_every, "{} {mode:?}", profile.name);
        }
    }
}
