//! A trap strikes: the process dies, and network, venue and market do to its command what the trap says.
//!
//! When and where is the trap's own matter; here is what follows, and what is noted of it for the verdict.

use super::World;
use crate::storm::life::{Act, VenueKind};
use crate::storm::stage::ME;
use crate::storm::trap::{Fate, Moment, Point, Reach, Trap};
use crate::storm::words::Line;
use backstop_model::{Command, OrderKind, Span, TimeInForce};
use backstop_sim::faults::{Http, Scope};
use backstop_sim::habits::WholePosition;
use backstop_sim::{Fault, Knob};
use backstop_venues::Venue;

/// Every knob that traps turn.
pub const KNOBS: [Fault; 6] =
    [Fault::DropRequest, Fault::Http, Fault::LateExecution, Fault::MarketRest, Fault::PartialFill, Fault::Reject];
/// After a death the price comes to where the order executes, when whatever was under way has arrived.
const TOUCHES_AFTER: i64 = 800;
/// And goes back.
const TOUCHES_FOR: i64 = 60;
/// A venue that refuses goes on with it for so long.
const REFUSES_FOR: Span = Span::from_secs(4);
/// Long enough for a thin book to be met by whatever comes of a trap.
const THIN_FOR: Span = Span::from_secs(8);

/// What became of a life's traps.
#[derive(Clone, Debug, Default)]
pub struct Crash {
    /// How many have struck.
    pub struck: usize,
    /// The command that the first was about.
    pub target: Option<Command>,
    /// Whether the journal knew of it when the process came back.
    pub recorded: bool,
    /// What the venue had of it then.
    pub wreck: Wreck,
    /// What has left since.
    pub sent: Vec<Command>,
}

/// An order as the venue had it when the process came back.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Wreck {
    /// It was accepted.
    pub accepted: bool,
    /// It is open.
    pub open: bool,
    /// Some of it has been executed.
    pub executed: bool,
    /// Something is open that it could still close.
    pub position: bool,
}

impl World<'_> {
    /// Something happens that a trap may wait for. True when the process has died of it.
    pub(super) fn falls(&mut self, moment: Moment) -> bool {
        let falls = self.traps.sees(moment);
        if falls {
            self.strike();
        }
        falls
    }

    /// Something leaves: what is to become of it is arranged with network and venue.
    pub(super) fn prepare(&mut self, command: &Command) {
        if let Some(crash) = &mut self.crash {
            crash.sent.push(*command);
        }
        if let Some(trap) = self.traps.set().copied().filter(|trap| self.traps.is_target(command, trap.aim)) {
            self.turn_knobs(&trap, command);
        }
    }

    fn strike(&mut self) {
        let Some(trap) = self.traps.set().copied() else { return };
        let target = self.traps.target().copied();
        self.traps.strike();
        self.trace.say(self.now, "trap", format_args!("{} of {:?}", trap.point, trap.aim));
        if let Some(command) = target.filter(|_| trap.point <= Point::MidSend)
            && matches!(trap.reach, Some(Reach::Late | Reach::Reached))
        {
            // Before its record is durable nothing should have left; that it has all the same is what a disk does that
            // has lied about its sync (F-M03).
            self.trace.say(self.now, "trap", format_args!("it has left: {}", Line(&command)));
            self.turn_knobs(&trap, &command);
            self.venue.submit(self.now, &command);
        }
        self.bring_about(&trap);
        let down = Span::from_millis(trap.down);
        if trap.point.may_be_lost() {
            self.process.die_with(self.now, down, trap.kept);
        } else {
            self.process.die(self.now, down);
        }
        self.has_died();
        let recorded = target.is_some_and(|command| self.process.disk.recorded(&command) == Some(&command));
        if let Some(id) = target.as_ref().and_then(Command::order).filter(|_| !recorded) {
            self.watch.left_without_record(id);
        }
        let crash = self.crash.get_or_insert_with(|| Crash { target, recorded, ..Crash::default() });
        crash.struck += 1;
    }

    fn turn_knobs(&mut self, trap: &Trap, command: &Command) {
        let Some(reach) = trap.reach else { return };
        let (now, scope) = (self.now, scope_of(command, self.life.venue));
        let faults = self.venue.exchange_mut().faults_mut();
        let lasting = |until: Span| Knob::during(now, now.plus(until)).only(scope);
        match (reach, trap.fate) {
            (Reach::Lost, _) => faults.set(Fault::DropRequest, Knob::times(1).only(scope)),
            (Reach::Late, Fate::Rejected) => {
                // Refused, and nobody is told: the answer only says that nobody knows.
                faults.http = Http::unknown_503(0);
                faults.set(Fault::Http, Knob::times(1).only(scope));
            }
            (Reach::Late, _) => faults.set(Fault::LateExecution, Knob::times(1).only(scope)),
            (Reach::Reached, _) => {}
        }
        match trap.fate {
            Fate::Filled | Fate::Open => {}
            Fate::Partial => {
                let thin = Knob { scope: Scope::All, ..lasting(THIN_FOR) };
                faults.set(Fault::MarketRest, Knob { left: Some(1), ..thin });
                faults.set(Fault::PartialFill, Knob { left: Some(1), ..thin });
            }
            Fate::Rejected if reach != Reach::Late => faults.set(Fault::Reject, lasting(REFUSES_FOR)),
            Fate::Rejected => {}
        }
    }

    /// The price comes for the order while nobody is there.
    fn bring_about(&mut self, trap: &Trap) {
        if trap.reach.is_none() || !matches!(trap.fate, Fate::Filled | Fate::Partial) || trap.touch == 0 {
            return;
        }
        let market = |ticks: i64| Act::Market { ticks, lag: 0, spread: 1 };
        let after = |millis: i64| self.now.plus(Span::from_millis(millis));
        let back = self.market.ticks;
        self.later.push_back((after(TOUCHES_AFTER), market(trap.touch)));
        self.later.push_back((after(TOUCHES_AFTER + TOUCHES_FOR), market(back)));
    }

    /// The process comes back: what is left at the venue of the command that it died over.
    pub(super) fn look_at_the_wreck(&mut self) {
        let Some(crash) = self.crash.as_mut().filter(|crash| crash.struck == 1) else { return };
        let id = crash.target.as_ref().and_then(Command::order);
        let ledger = self.venue.exchange().ledger();
        let order = id.and_then(|id| ledger.orders_of(ME, id.as_str()).next_back());
        let position = crate::storm::watch::open_slots(&self.venue).next().is_some();
        crash.wreck = order.map_or(Wreck { position, ..Wreck::default() }, |order| Wreck {
            accepted: true,
            open: order.is_open(),
            executed: !order.executed.is_zero(),
            position,
        });
    }
}

/// Which requests are of a command's kind. Where stops and targets are levels of a deal, all of them change levels; where they are
/// bound to the position, a target waits outside the book.
fn scope_of(command: &Command, venue: VenueKind) -> Scope {
    let deals = venue == VenueKind::Ig;
    match command {
        Command::Amend { .. } => Scope::Conditional,
        Command::Cancel { .. } if deals => Scope::Conditional,
        Command::Cancel { .. } => Scope::Cancels,
        Command::Lookup { .. } | Command::Snapshot { .. } => Scope::Reads,
        Command::Place(order) => match order.kind {
            OrderKind::StopMarket(_) | OrderKind::TakeProfitMarket(_) | OrderKind::TrailingStop { .. } => {
                Scope::Conditional
            }
            OrderKind::Limit { .. } if deals => Scope::Conditional,
            OrderKind::Limit { time_in_force: TimeInForce::GoodTillCancel, .. } if order.reduce_only => {
                match venue.profile().habits.exits.whole {
                    WholePosition::Bound => Scope::Conditional,
                    WholePosition::Absent | WholePosition::ClosePosition => Scope::Regular,
                }
            }
            OrderKind::Limit { .. } | OrderKind::Market => Scope::Regular,
        },
    }
}
