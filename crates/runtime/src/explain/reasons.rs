//! Why each command was given, and what else could have been done: read off the positions before and after.

use super::{Decision, Scene, inputs, orders, words};
use backstop_core::exits::Level;
use backstop_core::exits::ladder::Instant;
use backstop_core::exits::stop_loss::Basis;
use backstop_core::orders::{Change, EntryName, Leg, Named, OpenOrder, OrderState};
use backstop_core::position::{Ctx, Position, Tranche};
use backstop_model::plan::{ExitPlan, TargetOrder};
use backstop_model::{
    ClientOrderId, Command, Event, ExitReason, NewOrder, OrderKind, OrderQuantity, PositionSide, Price, Rounding,
    Series, SizedStops, SnapshotCause,
};

/// What surrounds one order of ours.
pub(super) struct Around<'a> {
    pub(super) named: Named,
    pub(super) ctx: Ctx<'a>,
    after: &'a Position,
    /// The position before, when that was the same incarnation.
    before: Option<&'a Position>,
}

impl<'a> Around<'a> {
    fn of(scene: &Scene<'a>, command: &Command, id: &ClientOrderId) -> Option<Self> {
        let named = Named::read(id)?;
        let key = orders::position_of(scene.after, command, id)?;
        let after = scene.after.position(key)?;
        let before = scene.before.position(key).filter(|before| before.epoch == after.epoch);
        Some(Self { named, ctx: scene.after.ctx(key, scene.record.at)?, after, before })
    }

    fn side(&self) -> PositionSide {
        self.after.key.side
    }

    fn plan(&self) -> Option<&ExitPlan> {
        self.after.live.as_ref()?.plan.as_deref()
    }

    fn tranche(&self) -> Option<&'a Tranche> {
        self.after.live.as_ref()?.tranche(self.named.tranche)
    }

    fn tranche_before(&self) -> Option<&'a Tranche> {
        self.before?.live.as_ref()?.tranche(self.named.tranche)
    }

    fn level(&self) -> Option<&'a Level> {
        let number = self.named.leg.level()?;
        self.tranche()?.levels.iter().find(|level| level.number == number)
    }

    /// Another stop of the same tranche.
    fn other_stop(&self, position: &'a Position) -> Option<&'a OpenOrder> {
        let own = self.named.id();
        position.orders.iter().rev().find(|order| {
            order.leg.is_stop()
                && (order.leg == Leg::WholeStop || order.tranche == self.named.tranche)
                && order.id != own
                && order.is_live()
        })
    }
}

/// One command explained.
pub(super) fn of(scene: &Scene, command: &Command) -> Decision {
    let is_entry = command.order().is_some_and(|id| EntryName::read(&id).is_some());
    let mut decision = match command {
        Command::Snapshot { cause, .. } => return asked_for_everything(*cause),
        command if is_entry => entry(command),
        Command::Place(order) => match Around::of(scene, command, &order.id) {
            Some(around) => placed(&around, order),
            None => Decision::default(),
        },
        Command::Amend { id, trigger, .. } => {
            Around::of(scene, command, id).map_or_else(Decision::default, |around| moved(&around, trigger.price))
        }
        Command::Cancel { id, .. } => {
            Around::of(scene, command, id).map_or_else(Decision::default, |around| cancelled(&around))
        }
        Command::Lookup { id, .. } => Around::of(scene, command, id)
            .map_or_else(Decision::default, |around| asked_about(&around, &scene.record.event)),
    };
    decision.decided = decided(command);
    decision.order = command.order().map(|id| id.to_string());
    decision.short = command.order().and_then(|id| orders::short_name(&id));
    decision
}

/// A command about an entry: it is sent for the operator only.
fn entry(command: &Command) -> Decision {
    match command {
        Command::Place(_) => because("the operator asked for it, and nothing speaks against it")
            .or("refuse it", "account, symbol, quantity, limits and the plan's stop all fit"),
        Command::Lookup { .. } => because("what became of the entry is not known")
            .or("send it again", "an entry is never sent twice; it ends by proof"),
        Command::Cancel { .. } | Command::Amend { .. } | Command::Snapshot { .. } => {
            because("what has not been filled of the entry is not wanted any more")
        }
    }
}

fn decided(command: &Command) -> String {
    match command {
        Command::Amend { id, trigger, quantity, .. } => {
            format!("move {} to {} for {quantity}", words::name(id), trigger.price)
        }
        Command::Cancel { id, .. } => format!("cancel {}", words::name(id)),
        Command::Lookup { id, .. } => format!("ask what became of {}", words::name(id)),
        Command::Place(order) => words::order(order),
        Command::Snapshot { .. } => "ask the venue for everything about the account".to_owned(),
    }
}

fn because(text: impl Into<String>) -> Decision {
    Decision { because: text.into(), ..Decision::default() }
}

fn placed(around: &Around, order: &NewOrder) -> Decision {
    match around.named.leg {
        Leg::Stop | Leg::StopPart(_) => stop(around, order),
        Leg::WholeStop => whole_stop(around),
        Leg::Target(_) => target(around),
        Leg::Instant(_) => instant(around),
        Leg::Close => close(around),
        Leg::Drill => {
            because("a fire drill: while nothing is open the venue is asked whether it takes this kind of order")
                .or("find out when a position needs it", "then it would be unprotected while another way is found")
        }
        Leg::Part => because("the operator closes a part; the plan goes on with the rest")
            .or("close everything", "nobody asked for that"),
        Leg::Trail => native_trail(around),
    }
}

fn stop(around: &Around, order: &NewOrder) -> Decision {
    let OrderKind::StopMarket(trigger) = order.kind else { return Decision::default() };
    let resting = around.before.and_then(|before| around.other_stop(before));
    let remaining = around.tranche().map_or_else(|| order_quantity(order), |tranche| tranche.remaining.to_string());
    let Some(resting) = resting else {
        return because(format!("{}; nothing protects {remaining} yet", basis(around)))
            .or("wait without a stop", format!("{remaining} would be open without protection"))
            .or("place the targets first", "targets wait until a stop has been seen working");
    };
    let old = resting.stop_price();
    let name = words::name(&resting.id);
    let decision = match old {
        Some(old) if old != trigger.price => because(basis(around)).or(
            format!("stay at {old}"),
            format!("{} is {} tighter, and a stop only ever tightens", trigger.price, apart(old, trigger.price)),
        ),
        _ if !resting.stands() => because(format!("{name} is {}", inputs::state(&resting.state)))
            .or(format!("wait for {name}"), "whether it protects is not known; two stops for a moment do no harm"),
        _ => because(format!("{remaining} is open, {name} is for {}", resting.remaining()))
            .or(format!("leave {name} as it is"), "a stop has to be for what is open"),
    };
    let amends = around.ctx.account.capability.amend_stop;
    let why_not = if amends { "its place is not certain just now" } else { "this venue does not move a resting stop" };
    let decision = decision.or(format!("move {name} in place"), why_not);
    match Named::read(&resting.id).map(|named| named.leg) {
        Some(Leg::WholeStop) => decision.or(
            format!("cancel {name}"),
            "it rests until nothing is open: it is for the whole position, whatever that becomes",
        ),
        _ => decision.or(
            format!("cancel {name} first"),
            "nothing would protect in between: it goes once the new one is seen working",
        ),
    }
}

fn whole_stop(around: &Around) -> Decision {
    let why_not = match around.ctx.account.capability.sized_stops {
        SizedStops::Absent => "this venue has one stop for the position and no other",
        SizedStops::Beside | SizedStops::Shared => "it would have to follow every change of the position",
    };
    because(format!("{}; a stop for the whole position can never be too small, also when it grows", basis(around)))
        .or("place a stop for the quantity", why_not)
        .or("wait without a stop", "all of it would be open without protection")
}

fn order_quantity(order: &NewOrder) -> String {
    match order.quantity {
        OrderQuantity::Exact(quantity) => quantity.to_string(),
        OrderQuantity::WholePosition => "everything".to_owned(),
    }
}

/// What brought the stop to where it is.
fn basis(around: &Around) -> String {
    let done = around.tranche().and_then(|tranche| tranche.levels.iter().rfind(|level| level.is_passed()));
    let after = done.map_or_else(String::new, |level| format!(" after TP{}", level.number));
    match around.tranche().and_then(|tranche| tranche.stop).map(|stop| stop.basis) {
        Some(Basis::Initial) => "the plan's stop for this entry".to_owned(),
        Some(Basis::BreakEven | Basis::BreakEvenAwaited) => format!("break-even{after}"),
        Some(Basis::Ladder) => format!("the stop ladder{after}"),
        Some(Basis::Trail) => "the trail follows the best price".to_owned(),
        None => "the stop that is left".to_owned(),
    }
}

fn moved(around: &Around, to: Price) -> Decision {
    let old = around.tranche_before().and_then(|tranche| tranche.stop).map(|stop| stop.price);
    let decision = because(basis(around));
    let decision = match old.filter(|old| *old != to) {
        Some(old) => decision.or(format!("stay at {old}"), format!("{to} is {} tighter", apart(old, to))),
        None => decision.or("leave it as it is", "it is not for what is open, or not where it is wanted"),
    };
    decision
        .or("place a new stop and cancel this one", "this venue moves it in place: one request, and never two stops")
}

fn target(around: &Around) -> Decision {
    let (Some(level), Some(tranche), Some(plan)) = (around.level(), around.tranche(), around.plan()) else {
        return Decision::default();
    };
    let mut decision = because(format!("level {} closes {} at {}", level.number, level.due(), level.price));
    let written = plan.take_profits.get(usize::from(level.number) - 1);
    let own = written.and_then(|written| {
        let share = tranche.original.share(written.close, Rounding::Down).ok()?;
        Some((share.floor_to_step(around.ctx.instrument.step).ok()?, written.close))
    });
    if let Some((own, share)) = own.filter(|(own, _)| *own != level.planned) {
        let share = share.in_percent();
        decision = decision.or(
            format!("close its own share alone, {own} ({share} % of {})", tranche.original),
            format!(
                "it is to close {} in all: what earlier levels could not close, and what rounding left, comes here; what was closed otherwise goes",
                level.planned
            ),
        );
    }
    if around.tranche_before().is_some_and(|before| !before.was_protected) {
        decision = decision.or("place it together with the stop", "targets wait until a stop has been seen working");
    }
    match plan.target_order {
        TargetOrder::Limit | TargetOrder::PostOnly => decision
            .or("watch the price and close at market there", "a resting limit also works when Backstop does not"),
        TargetOrder::Market => decision.or("rest as a limit", "the plan says target_order: market"),
    }
}

fn instant(around: &Around) -> Decision {
    let (Some(level), side) = (around.level(), around.side()) else { return Decision::default() };
    let price = around.ctx.board.price(Series::executable(side));
    let price = price.map_or_else(String::new, |price| format!("{price} "));
    let decision = because(format!(
        "the executable price {price}stands past TP{} and {} of it is not closed",
        level.number,
        level.due()
    ));
    match level.instant {
        Instant::Market => decision.or(
            "try a limit at the target again",
            "the one before has left this much: the price may be on its way back",
        ),
        Instant::Limit | Instant::No | Instant::Past { .. } => decision
            .or("wait for the resting order", "it has not filled although the price has stood past it for 250 ms")
            .or("close at market at once", "first at the target or better; what that leaves goes to market"),
    }
}

fn close(around: &Around) -> Decision {
    let Some(tranche) = around.tranche() else { return Decision::default() };
    let reason = tranche.closing.map_or(ExitReason::Manual, |closing| closing.reason);
    let stop = tranche.stop.map(|stop| stop.price);
    let standing = around.after.orders.iter().find(|order| order.leg.is_stop() && order.stands());
    let (why, patience) = match reason {
        ExitReason::TimeLimit | ExitReason::EndOfDay => ("its time is up", "time does not wait for a price"),
        ExitReason::Manual => ("the operator closes it", "the operator does not wait for it"),
        _ if standing.is_none() => ("it has to be closed", "no stop is working at the venue"),
        _ if tranche.aside.stop_passed.is_some() => {
            ("the price is through the stop", "the venue's stop has had its time and has not executed")
        }
        ExitReason::TrailingStop => {
            ("the price is through the trail", "the hard stop lies farther away than the trail")
        }
        _ => ("what was to close it did not", "the rest would stay open"),
    };
    let wait = stop.map_or_else(|| "wait".to_owned(), |stop| format!("wait for the venue's stop at {stop}"));
    because(format!("{why} ({reason})")).or(wait, patience).or(
        "cancel the stop first",
        "it stays until nothing is open; the order only reduces, so it cannot close too much",
    )
}

fn native_trail(around: &Around) -> Decision {
    let runner = around.tranche().map(|tranche| tranche.runner().to_string()).unwrap_or_default();
    because(format!("the plan trails the rest, {runner}, and leaves that to the venue"))
        .or(
            "move the stop after the best price ourselves",
            "the venue trails by itself, also when Backstop does not run",
        )
        .or("let it replace the stop", "the hard stop rests beside it: one closes, the other shrinks")
}

fn cancelled(around: &Around) -> Decision {
    let tranche = around.tranche().filter(|tranche| !tranche.is_closed());
    let Some(tranche) = tranche else {
        return because("nothing is left that it could close").or("let it rest", "it could meet a later position");
    };
    if around.named.leg.is_stop() {
        let newer = around.other_stop(around.after).filter(|order| order.stands());
        let newer = newer.map_or_else(
            || "another stop covers as much".to_owned(),
            |order| {
                let at = order.stop_price().map_or_else(String::new, |price| format!(" at {price}"));
                format!("{} is working{at} for {}", words::name(&order.id), order.remaining())
            },
        );
        return because(newer).or("keep both", "the newer one is as tight or tighter and covers what is open");
    }
    if let Some(closing) = tranche.closing {
        return because(format!("everything is closed at market ({})", closing.reason))
            .or("let it rest", "it holds the room that the market exit needs");
    }
    match around.level() {
        Some(level) if matches!(level.instant, Instant::Limit | Instant::Market) => {
            because(format!("TP{} is taken over its resting order", level.number))
                .or("let it rest", "the level would be closed twice")
        }
        Some(level) if level.is_done() => {
            because(format!("TP{} is done", level.number)).or("let it rest", "a level is never closed twice")
        }
        Some(level) => because(format!("it does not say what is wanted: {} at {}", level.due(), level.price))
            .or("let it rest", "with the others it would come to more than is open, or to less than the level"),
        None => because("it does not say what is wanted any more").or("let it rest", "another order takes its place"),
    }
}

fn asked_about(around: &Around, event: &Event) -> Decision {
    let id = around.named.id();
    because(why_asked(around.after.orders.iter().find(|order| order.id == id), event))
        .or("send it again", "it may exist: a second one would double the intent")
        .or("take it for failed", "only proof ends a doubt: the order itself, or two reads that do not find it")
}

/// What makes an order be asked about: the order as it is now, and what was heard.
pub(super) fn why_asked(order: Option<&OpenOrder>, event: &Event) -> String {
    let Some(order) = order else { return "the venue speaks of it, and it is not in our books".to_owned() };
    match (order.state, event) {
        (OrderState::Unknown(doubt), _) => format!("what became of it is unknown; asked {} times so far", doubt.asked),
        (OrderState::Working { change: Some(Change::Cancelling { agreed: true, .. }) }, _) => {
            "the venue has agreed to cancel it and has not said how much was executed".to_owned()
        }
        (_, Event::Snapshot(_)) => "the full read does not show it, although it was seen just before".to_owned(),
        (_, Event::Order(_)) => "what the venue has said of it does not tell what it is now".to_owned(),
        _ if order.maybe_gone => "nobody has answered its cancel: it may be gone".to_owned(),
        _ => "what has been heard of it does not tell what it is now".to_owned(),
    }
}

fn asked_for_everything(cause: SnapshotCause) -> Decision {
    let (why, why_not) = match cause {
        SnapshotCause::Reconnect => ("the connection came back", "what happened meanwhile was not heard of"),
        SnapshotCause::Start => ("the engine starts", "what happened meanwhile was not heard of"),
        SnapshotCause::Surprise => ("something did not fit what is known", "belief and truth may have come apart"),
        SnapshotCause::Timer => ("the regular look", "what got lost unnoticed is found only so"),
    };
    let decided = "ask the venue for everything about the account".to_owned();
    Decision { decided, ..because(why) }.or("go on with what is known", why_not)
}

/// How far two prices lie apart.
fn apart(one: Price, other: Price) -> String {
    one.above(other).absolute().map_or_else(|_| "far".to_owned(), |points| format!("{points} pt"))
}
