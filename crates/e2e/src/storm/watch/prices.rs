//! What is decided on prices: on those the market has said, lately enough (I14), and soon enough when one is through a stop
//! (I28).

use super::claims::{believed, open_on};
use super::clocks::Clocks;
use super::{Found, State};
use crate::storm::process::Process;
use crate::storm::stage::{ACCOUNT, MARKET};
use backstop_core::orders::{Leg, Named, OpenOrder, OrderState};
use backstop_core::position::Adoption;
use backstop_model::{ClientOrderId, Command, Permit, PositionSide, Price, Prices, Series, Span, Timestamp};
use backstop_store::Record;
use backstop_venues::paper::PaperVenue;
use std::collections::{BTreeMap, BTreeSet};

/// `T_stale`.
const STALE_AFTER: Span = Span::from_secs(3);
/// An exit follows a price that is through the stop (I28).
const EXITS_WITHIN: Span = Span::from_millis(500);
/// A stop whose trigger has fired has its own time before it counts as stuck (F-C11).
const TRIGGERED_FOR: Span = Span::from_millis(1_000);
/// Targets that hold the room for it are taken back first, which is waited for so long (F-C04).
const FREES_WITHIN: Span = Span::from_millis(500);
/// The first full read is waited for so long.
const READ_WITHIN: Span = Span::from_millis(1_500);
/// An exit that came to nothing is asked for again, ever more rarely, and at least this often.
const AGAIN_WITHIN: Span = Span::from_secs(35);
/// One that left shortly before the price went through once more is still meant.
const STILL_MEANT: Span = Span::from_secs(5);
/// What the core says when a price has passed a stop.
const THROUGH: &str = "is through the stop";

type Place = (PositionSide, u32, u8);

/// A price that is through a stop.
#[derive(Clone, Copy, Debug)]
struct Through {
    level: Price,
    /// Since when.
    first: Timestamp,
    /// Since when there is no exit under way that has left.
    since: Timestamp,
    /// Its stop has triggered, as far as the engine has heard.
    triggered: bool,
}

/// Prices, and what they have passed.
#[derive(Debug)]
pub struct Said {
    /// Everything the market has said to us, by the instant.
    all: BTreeMap<Timestamp, Vec<Prices>>,
    newest: Option<(Timestamp, Prices)>,
    /// Since when the price has been through the stop of a tranche, and where that stop is.
    through: BTreeMap<Place, Through>,
    /// When an exit of a tranche has last left.
    exits: BTreeMap<Place, Timestamp>,
    /// Those that have ever left.
    left: BTreeSet<ClientOrderId>,
    /// The venue itself sees to it that an exit only ever closes.
    venue_reduces_only: bool,
    /// How long the disk takes to sync, and until when that lasts: nothing leaves before it is written (R1, F-M06).
    slow: Option<(Timestamp, Span)>,
    /// Since when it may act without having read the account, and until when it waited for that.
    unread: (Option<Timestamp>, Timestamp),
}

impl Said {
    /// Nothing has been said yet, at a venue that lets exits only close, or not.
    pub fn at(venue_reduces_only: bool) -> Self {
        let (all, through, exits, left) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self {
            all,
            newest: None,
            through,
            exits,
            left,
            venue_reduces_only,
            slow: None,
            unread: (None, Timestamp::EPOCH),
        }
    }

    /// The market says its prices, and the process is there to hear them.
    pub fn quoted(&mut self, now: Timestamp, prices: Prices) {
        self.all.entry(now).or_default().push(prices);
        self.newest = Some((now, prices));
    }

    /// I14: every price that a record says it rests on was said, then, and one that closes a position is fresh.
    pub fn decided(&mut self, now: Timestamp, record: &Record, found: &mut Found) {
        for (instrument, view) in &record.market {
            for series in Series::ALL {
                let Some(used) = view.series[series.index()] else { continue };
                let mut said = self.all.get(&used.at).into_iter().flatten();
                if *instrument != MARKET || !said.any(|prices| prices.of(series) == Some(used.price)) {
                    let text = format!("{} {} of {} was never said", series.word(), used.price, used.at.as_millis());
                    found.push(("I14", text));
                }
            }
        }
        let closes = record.notices.iter().any(|notice| notice.text.contains(THROUGH));
        let stale = self.newest.is_none_or(|(at, _)| now.since(at) > STALE_AFTER);
        if closes && stale {
            found.push(("I14", "a position is closed on a price that is older than three seconds".to_owned()));
        }
    }

    /// A command leaves.
    pub fn leaves(&mut self, now: Timestamp, command: &Command) {
        if let Command::Place(order) = command
            && let Some(place) = exit_of(&order.id)
        {
            self.exits.insert(place, now);
            self.left.insert(order.id);
        }
    }

    /// The disk takes so long for a sync until then.
    pub const fn disk_slows(&mut self, until: Timestamp, sync: Span) {
        self.slow = Some((until, sync));
    }

    /// What writing adds to an exit that has to take targets back first: each waits for the sync under way and for its own.
    fn writing(&self, since: Timestamp) -> Span {
        let slow = self.slow.filter(|(until, sync)| since <= until.plus(*sync));
        slow.map_or(Span::ZERO, |(_, sync)| sync.times(4))
    }

    /// What closes at market waits for the first full read, but not long: what a lost journal does not know may have used its
    /// id (I5).
    fn waits_for_read(&mut self, now: Timestamp, process: &Process) {
        let engine = process.engine().filter(|engine| engine.permitted(ACCOUNT) != Permit::Observe);
        if engine.is_none() || process.has_read() {
            self.unread.0 = None;
            return;
        }
        let since = *self.unread.0.get_or_insert(now);
        self.unread.1 = now.min(since.plus(READ_WITHIN));
    }

    /// I28: a price that is through the stop is followed by an exit.
    pub fn look(
        &mut self,
        now: Timestamp,
        venue: &PaperVenue,
        process: &Process,
        (clocks, state): (&Clocks, &State),
        found: &mut Found,
    ) {
        self.waits_for_read(now, process);
        let stops = self.passed(now, venue, process, state);
        self.through
            .retain(|place, through| stops.iter().any(|(other, at, ..)| other == place && *at == through.level));
        for (place, level, triggered, under_way) in stops {
            let through = self.through.entry(place).or_insert(Through { level, first: now, since: now, triggered });
            let sent = self.exits.get(&place).filter(|at| at.plus(STILL_MEANT) >= through.first);
            if under_way || (through.triggered && !triggered) {
                // One that has left and comes to nothing is followed by the next as soon.
                through.since = now;
            }
            through.triggered = triggered;
            let since = through.since;
            let more = if triggered { TRIGGERED_FOR } else { Span::ZERO };
            let due = since
                .max(clocks.calm_since())
                .max(self.unread.1)
                .plus(EXITS_WITHIN)
                .plus(FREES_WITHIN)
                .plus(more)
                .plus(self.writing(since));
            // One that nobody knows of is waited out (R4, I29).
            let tried = under_way || sent.is_some_and(|at| now <= at.plus(AGAIN_WITHIN));
            if now > due && !tried {
                let (side, _, tranche) = place;
                let text =
                    format!("{side}: the price is through the stop {level} of tranche {tranche}, no exit leaves");
                found.push(("I28", text));
                self.through.remove(&place);
            }
        }
    }

    /// Stops that last, mark and executable price are all through, with whether one has triggered and an exit is under way.
    fn passed(
        &self,
        now: Timestamp,
        venue: &PaperVenue,
        process: &Process,
        state: &State,
    ) -> Vec<(Place, Price, bool, bool)> {
        let Some((_, prices)) = self.newest.filter(|(at, _)| now.since(*at) <= STALE_AFTER) else { return Vec::new() };
        let mut passed = Vec::new();
        for position in process.engine().into_iter().flat_map(backstop_core::Engine::positions) {
            let side = position.key.side;
            let series = [Series::Last, Series::Mark, Series::executable(side)];
            let hit = |stop: Price| series.iter().all(|of| prices.of(*of).is_some_and(|at| side.hit(at, stop)));
            let live = position.live.as_ref().filter(|live| live.adoption == Adoption::Managed && !live.suspended);
            // What it does not know to be open, or not to be, is I31's matter.
            let knows = open_on(venue, side) == believed(process, side);
            // One whose fate nobody knows holds its room where it could open the other side, and at a deal (R13).
            let doubted = position.orders.iter().any(|order| matches!(order.state, OrderState::Unknown(_)));
            let waits = doubted && (!self.venue_reduces_only || position.key.deal.is_some());
            // What is less than the smallest order nobody can close there (F-G03).
            let open = open_on(venue, side);
            let dust = open < state.market.min_quantity || state.is_known_dust(open, venue);
            for tranche in live.iter().filter(|_| knows && !waits && !dust).flat_map(|live| live.open()) {
                let Some(stop) = tranche.stop.filter(|stop| hit(stop.price)) else { continue };
                let orders = || position.orders.iter().filter(|order| order.is_live());
                let fired = |state: OrderState| matches!(state, OrderState::Triggered { .. });
                let triggered = orders().any(|order| order.leg.is_stop() && fired(order.state));
                let closes = |order: &OpenOrder| order.leg == Leg::Close && order.tranche == tranche.id;
                // One that may have left before the process died is waited out like one that has.
                let unknown = |order: &OpenOrder| matches!(order.state, OrderState::Unknown(_));
                let under_way =
                    orders().any(|order| closes(order) && (unknown(order) || self.left.contains(&order.id)));
                passed.push(((side, position.epoch.0, tranche.id.0), stop.price, triggered, under_way));
            }
        }
        passed
    }
}

fn exit_of(id: &ClientOrderId) -> Option<Place> {
    let named = Named::read(id).filter(|named| matches!(named.leg, Leg::Close | Leg::Part))?;
    Some((named.side, named.epoch.0, named.tranche.0))
}
