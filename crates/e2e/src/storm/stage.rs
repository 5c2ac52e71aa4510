//! The place of a life: its market, its account, its venue, in the words of the exchange and in those of the engine.

use super::life::{Act, Hand, Life, Trouble, What};
use super::readings::Least;
use backstop_model::plan::ExitPlan;
use backstop_model::{
    Account, AccountId, Event, Instrument, InstrumentId, InstrumentSpec, LeastDistance, Leverage, Money, Name, PlanId,
    Points, Price, Quantity, Ratio, Rounding, Span, Symbol, Timestamp,
};
use backstop_runtime::Definitions;
use backstop_sim as sim;
use backstop_sim::faults::Http;
use backstop_sim::refusal;
use backstop_venues::paper::{PaperVenue, capability};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The account's number.
pub const ACCOUNT: AccountId = AccountId(0);
/// The market's number.
pub const MARKET: InstrumentId = InstrumentId(0);
/// The account's name at the exchange.
pub const ME: &str = "main";
/// The market's name at the exchange.
pub const SYMBOL: &str = "BTCUSDT";
/// When lives begin, in milliseconds since the epoch.
const START: i64 = 1_767_225_600_000;

/// The instant a life begins.
#[must_use]
pub fn start() -> Timestamp {
    Timestamp::from_nanos(START * 1_000_000)
}

/// An instant of a life.
#[must_use]
pub fn at(millis: i64) -> Timestamp {
    start().plus(Span::from_millis(millis))
}

/// The market and the account in both tongues.
pub struct Stage {
    tick: Price,
    step: Quantity,
    definitions: Definitions,
    /// The other engine's file, where that is another one.
    other: Option<Box<Definitions>>,
    /// Which of two engines acts.
    acts: u64,
    request_validity: Span,
}

impl Stage {
    /// The stage of a life, and the exchange with everything that is wrong with it.
    #[must_use]
    pub fn set(life: &Life) -> (Self, PaperVenue) {
        let instrument = instrument(life);
        let mut setup = sim::Setup::of(life.profile(), life.seed);
        life.troubles.iter().for_each(|trouble| turn(&mut setup.faults, trouble));
        // Whoever moves margin about has a liquidation price to move.
        setup.habits.liquidation = life.acts.iter().any(|(_, act)| matches!(act, Act::Hand(Hand::Margin { .. })));
        if !life.traps.is_empty() {
            // What is arranged for one request is not to meet another one that has overtaken it.
            setup.physics.latency.request.jitter = Span::ZERO;
        }
        let mut exchange = sim::Exchange::new(setup);
        let rules = sim::Rules { dealing: dealing(life), ..rules(&instrument) };
        exchange.list(SYMBOL, rules).expect("it is the first market");
        let leverage = Leverage::try_from(10).expect("ten is a leverage");
        let opening = sim::Opening { mode: life.mode, leverage, balance: money("1000000000") };
        exchange.open_account(ME, opening).expect("the mode was drawn from those that are kept");
        let mut venue = PaperVenue::new(exchange, None, start());
        venue.name_account(ACCOUNT, name(ME));
        venue.name_instrument(MARKET, instrument.symbol);
        venue.describe(instrument.clone());
        let account = account(life);
        let request_validity = account.capability.request_validity;
        let plan = ExitPlan::try_from(life.plan.clone()).expect("plans are drawn valid");
        let (tick, step) = (instrument.tick, instrument.step);
        let definitions = Definitions {
            plans: BTreeMap::from([(PlanId(0), Arc::new(plan))]),
            instruments: vec![instrument],
            accounts: vec![account],
            symbol_plans: BTreeMap::new(),
        };
        (Self { tick, step, definitions, other: None, acts: 1, request_validity }, venue)
    }

    /// What the engine is told first.
    #[must_use]
    pub fn definitions(&self) -> Vec<Event> {
        let events = self.definitions.events().into_iter();
        events.filter(|event| !matches!(event, Event::SymbolPlan { .. })).collect()
    }

    /// What its configuration comes to.
    #[must_use]
    pub const fn told(&self) -> &Definitions {
        &self.definitions
    }

    /// The configuration is another one.
    pub fn tell(&mut self, definitions: Definitions) {
        self.other.get_or_insert_with(|| Box::new(self.definitions.clone()));
        self.definitions = definitions;
    }

    /// What the file of the engine comes to that does not act.
    #[must_use]
    pub fn of_the_other(&self) -> &Definitions {
        self.other.as_deref().unwrap_or(&self.definitions)
    }

    /// That file is another one.
    pub fn tell_the_other(&mut self, definitions: Definitions) {
        self.other = Some(Box::new(definitions));
    }

    /// The engine of this name acts: of two, one has the odd names, the other one the even ones.
    pub fn acts(&mut self, token: u64) {
        let acts = if token == 0 { 1 } else { token % 2 };
        if let Some(other) = self.other.as_deref_mut().filter(|_| acts != self.acts) {
            std::mem::swap(&mut self.definitions, other);
        }
        self.acts = acts;
    }

    /// The market's price grid gets ten times as coarse; what a process is told at its start is the new one.
    pub fn coarsen(&mut self) -> Option<&Instrument> {
        let mut spec = InstrumentSpec::from(self.definitions.instruments.first()?.clone());
        spec.tick = spec.tick.times(Ratio::whole(10), Rounding::Nearest).ok()?;
        let coarser = Instrument::try_from(spec).ok()?;
        for definitions in self.other.as_deref_mut().into_iter().chain([&mut self.definitions]) {
            definitions.instruments.iter_mut().for_each(|known| known.clone_from(&coarser));
        }
        self.definitions.instruments.first()
    }

    /// The market as the engine is told of it now.
    #[must_use]
    pub fn instrument(&self) -> Option<&Instrument> {
        self.definitions.instruments.first()
    }

    /// The whole ticks of a price.
    #[must_use]
    pub fn ticks(&self, price: Price) -> i64 {
        i64::try_from(price.mantissa() / self.tick.mantissa().max(1)).unwrap_or(i64::MAX)
    }

    /// So many ticks; at least one.
    #[must_use]
    pub fn price(&self, ticks: i64) -> Price {
        let ticks = u32::try_from(ticks.max(1)).unwrap_or(u32::MAX);
        self.tick.times(Ratio::whole(ticks), Rounding::Nearest).unwrap_or(self.tick)
    }

    /// So many steps.
    #[must_use]
    pub fn quantity(&self, steps: u32) -> Quantity {
        self.step.share(Ratio::whole(steps), Rounding::Nearest).unwrap_or(self.step)
    }

    /// How long requests of the venue are valid.
    #[must_use]
    pub const fn request_validity(&self) -> Span {
        self.request_validity
    }

    /// The price grid.
    #[must_use]
    pub const fn tick(&self) -> Price {
        self.tick
    }
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a constant of this file is a name")
}

fn money(text: &str) -> Money {
    text.parse().expect("a constant of this folder is money")
}

fn percent(text: &str) -> Ratio {
    Ratio::percent(text).expect("a constant of this file is a percentage")
}

/// The account as the engine is told of it.
#[must_use]
pub fn account(life: &Life) -> Account {
    Account {
        id: ACCOUNT,
        name: name(ME),
        venue: name("storm"),
        position_mode: life.mode,
        plan: Some(PlanId(0)),
        adopt: life.adopt,
        hard_stop: (life.adopt == backstop_model::Adopt::HardStop).then_some(life.plan.stop_loss),
        capability: capability(&life.venue.profile().native(), life.mode),
        currency: name("USDT"),
        limits: backstop_model::account::Limits::default(),
        permit: backstop_model::Permit::default(),
        split_entries: false,
        refusals: backstop_model::Refusals::default(),
    }
}

/// The market as the engine is told of it.
#[must_use]
pub fn instrument(life: &Life) -> Instrument {
    let grid = life.grid;
    let step: Quantity = grid.step.parse().expect("a constant of this folder is a quantity");
    let spec = InstrumentSpec {
        id: MARKET,
        venue: name("storm"),
        symbol: Symbol::new(SYMBOL).expect("a constant of this file is a symbol"),
        tick: grid.tick.parse().expect("a constant of this folder is a price"),
        step,
        min_quantity: step.share(Ratio::whole(grid.min_steps), Rounding::Nearest).unwrap_or(step),
        max_quantity: life.most_steps.and_then(|most| step.share(Ratio::whole(most), Rounding::Nearest).ok()),
        max_market_quantity: None,
        min_notional: money(grid.min_notional),
        min_notional_waived_for_exits: life.seed.is_multiple_of(2),
        maker_fee: percent("0.02"),
        taker_fee: percent("0.05"),
        leverage: Leverage::try_from(10).ok(),
        maintenance_margin: percent("0.4"),
        currency: name("USDT"),
        least_distance: life.least.filter(|least| least.told).map(|least| least.distance),
        guaranteed: None,
        week_ends: None,
        value_per_point: value_per_point(life),
        hours: None,
    };
    Instrument::try_from(spec).expect("a grid of this folder makes an instrument")
}

/// The exchange's rules of a market.
#[must_use]
pub fn rules(instrument: &Instrument) -> sim::Rules {
    let mut rules = sim::Rules::on_grid(instrument.tick, instrument.step);
    rules.min_quantity = instrument.min_quantity;
    rules.max_quantity = instrument.max_quantity;
    rules.min_notional = instrument.min_notional;
    rules.min_notional_waived_for_exits = instrument.min_notional_waived_for_exits;
    rules.maker_fee = instrument.maker_fee;
    rules.taker_fee = instrument.taker_fee;
    rules.maintenance_margin = instrument.maintenance_margin;
    rules
}

/// How near levels may stand and by how much they move, in the exchange's words; nothing where both are free. A point is a
/// unit of price.
fn dealing(life: &Life) -> Option<sim::Dealing> {
    let mut dealing = sim::Dealing::in_whole_points(value_per_point(life));
    let in_points = |points: Points| {
        let one: Price = "1".parse().expect("a constant of this file is a price");
        sim::Distance::InPoints(points.share_of(one, Rounding::Nearest).expect("a part of a price is a share"))
    };
    if let Some(Least { distance, .. }) = life.least {
        dealing.min_distance = match distance {
            LeastDistance::Points(points) => in_points(points),
            LeastDistance::Share(share) => sim::Distance::OfPrice(share),
        };
    }
    if let Some(ticks) = life.least_move {
        let tick: Price = life.grid.tick.parse().expect("a constant of this folder is a price");
        let step = tick.as_points().times(Ratio::whole(ticks), Rounding::Nearest);
        dealing.min_step = in_points(step.expect("a part of a price of this folder is one"));
    }
    let is_usual = life.least.is_none() && life.least_move.is_none() && life.value_per_point.is_none();
    (!is_usual).then_some(dealing)
}

fn value_per_point(life: &Life) -> Ratio {
    life.value_per_point.map_or(Ratio::ONE, |value| value.parse().expect("a constant of this folder is a number"))
}

/// Turns one knob.
fn turn(faults: &mut sim::Faults, trouble: &Trouble) {
    match trouble.what {
        What::Plain => {}
        What::Unsure503 => {
            faults.http = Http::unknown_503(500_000);
            faults.late_reply = None;
        }
        What::Unavailable503 => faults.http = Http::unavailable_503(),
        What::Internal503 => faults.http = Http::internal_503(),
        What::Strange502 => faults.http = error(502, "<html>Bad Gateway</html>", 500_000),
        What::Limited429 => faults.http = Http::limited_429(Span::from_secs(2)),
        What::Banned418 => {
            let until = at(trouble.window.1);
            faults.http = Http::banned_418(until, until.since(at(trouble.window.0)));
        }
        What::Blocked403 => faults.http = Http::blocked_403(),
        What::Garbled200 => faults.http = error(200, "<html>{\"orderId\":", 1_000_000),
        What::Throttled => faults.refusal = refusal::THROTTLED.refused(),
        What::Unsupported => faults.refusal = refusal::UNSUPPORTED.refused(),
        What::Margin => faults.refusal = refusal::MARGIN.refused(),
        What::LockedOut => faults.refusal = refusal::NO_ACCOUNT.refused(),
        What::TooMany => faults.refusal = refusal::TOO_MANY_NEW.refused(),
        What::TimedOut => faults.late_reply = Some(refusal::TIMEOUT.refused()),
        What::Broken => {
            faults.refusal =
                sim::Refused { code: 40_015, text: "System is abnormal, please try again later".to_owned() }
        }
        What::Duplicate => faults.refusal = refusal::DUPLICATE_ID.refused(),
        What::Illegal451 => faults.http = error(451, "Unavailable For Legal Reasons", 0),
        What::LevelTooNear => faults.incidents.reason = sim::Reason::AttachedOrderLevelError,
        What::LevelsCrowd => faults.incidents.reason = sim::Reason::CrSpacing,
        What::ReduceOnly => faults.refusal = refusal::REDUCE_ONLY.refused(),
        What::StopExists => faults.refusal = refusal::CLOSE_EXISTS.refused(),
        What::TooManyStops => faults.refusal = refusal::TOO_MANY_CONDITIONAL.refused(),
    }
    let window = Some((at(trouble.window.0), at(trouble.window.1)));
    let knob = sim::Knob { per_million: trouble.per_million, left: None, window, scope: trouble.scope };
    faults.set(trouble.fault, knob);
}

fn error(status: u16, body: &str, executes: u32) -> Http {
    Http { status, body: body.to_owned(), retry_after: None, executes }
}
