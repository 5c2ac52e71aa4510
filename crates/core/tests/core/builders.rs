//! Accounts, instruments, plans and events from words, with good defaults: what a test does not say does not matter.

use backstop_model::hours::{Hours, Open, WeekSession};
use backstop_model::plan::{
    AtrSpec, BreakEven, CloseAt, Guaranteed, Merge, OnInvalid, Rest, Slices, SoftStop, StopLadder, StopLoss,
    TakeProfit, TakeProfits, TargetOrder, TrailDistance, TrailingStop, Tranches, Weekday, Weekend,
};
use backstop_model::{
    Account, AccountId, Adopt, Capability, ClientOrderId, Distance, Event, ExitPlan, ExitPlanSpec, Fee, Fill,
    FillCause, FillId, FlaggedExits, GuaranteedTerms, Instrument, InstrumentId, InstrumentSpec, LeastDistance,
    LimitTargets, Limits, Liquidity, Money, Name, OnUnprotectable, OrderReport, OrderSide, OrderStatus, Permit, PlanId,
    PositionKey, PositionMode, PositionSide, Price, Prices, Quantity, Ratio, RefusalStep, Refusals, SizedStops, Span,
    Symbol, Tick, Timestamp, TrailedBy, TrailingLimits, Trigger, TriggerSource, VenueOrderId,
};
use std::sync::Arc;

/// The account of all tests.
pub const ACCOUNT: AccountId = AccountId(0);
/// The instrument of all tests, BTCUSDT.
pub const BTC: InstrumentId = InstrumentId(0);
/// The plan of all tests.
pub const PLAN: PlanId = PlanId(0);

pub fn price(text: &str) -> Price {
    text.parse().unwrap_or_else(|wrong| panic!("{wrong}"))
}

pub fn quantity(text: &str) -> Quantity {
    text.parse().unwrap_or_else(|wrong| panic!("{wrong}"))
}

pub fn money(text: &str) -> Money {
    text.parse().unwrap_or_else(|wrong| panic!("{wrong}"))
}

pub fn percent(text: &str) -> Ratio {
    Ratio::percent(text.trim_end_matches('%')).unwrap_or_else(|wrong| panic!("{wrong}"))
}

pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub fn key(side: PositionSide) -> PositionKey {
    PositionKey::new(ACCOUNT, BTC, side)
}

pub fn side(word: &str) -> PositionSide {
    match word {
        "long" => PositionSide::Long,
        "short" => PositionSide::Short,
        other => panic!("{other:?} is no side: long or short"),
    }
}

pub fn source(word: &str) -> TriggerSource {
    match word {
        "last" => TriggerSource::Last,
        "mark" => TriggerSource::Mark,
        "bid_ask" => TriggerSource::BidAsk,
        other => panic!("{other:?} is no price source"),
    }
}

pub fn distance(text: &str) -> Distance {
    match text.split_once(' ') {
        Some(("@", at)) => Distance::At(price(at)),
        Some((number, "pt")) => Distance::Points(number.parse().unwrap()),
        Some((number, "R")) => Distance::Risk(number.parse().unwrap()),
        Some((number, "margin")) => Distance::Margin(percent(number)),
        Some((number, "atr")) => {
            Distance::Atr(AtrSpec { multiple: number.parse().unwrap(), period: 14, interval: Span::from_secs(300) })
        }
        _ => Distance::Percent(percent(text)),
    }
}

/// An account at a venue that knows reduce-only, places before it cancels, and has no native trail.
pub fn account() -> Account {
    Account {
        id: ACCOUNT,
        name: name("main"),
        venue: name("toy"),
        position_mode: PositionMode::OneWay,
        plan: Some(PLAN),
        adopt: Adopt::Plan,
        hard_stop: None,
        split_entries: false,
        capability: Capability {
            native_trailing: None,
            amend_stop: false,
            reduce_only: true,
            whole_stop: false,
            flagged_exits: FlaggedExits::Every,
            guaranteed_stops: false,
            only_trigger: None,
            entry_stop: false,
            sized_stops: SizedStops::Beside,
            limit_targets: LimitTargets::InBook,
            resting_targets: backstop_model::RestingTargets::Every,
            request_validity: Span::from_secs(3),
        },
        currency: name("USDT"),
        limits: Limits::default(),
        refusals: Default::default(),
        permit: Permit::All,
    }
}

/// `on-refusal filter=again,reprice`, `unprotectable 1%`.
fn choose(refusals: &mut Refusals, word: &str, what: &str) {
    if let ("on-refusal", Some((reason, steps))) = (word, what.split_once('=')) {
        let steps: Vec<RefusalStep> = steps.split(',').map(from_word).collect();
        refusals.choose(from_word(reason), &steps).unwrap();
        return;
    }
    refusals.on_unprotectable = match what {
        "close" => OnUnprotectable::Close,
        "keep-trying" => OnUnprotectable::KeepTrying,
        within => OnUnprotectable::CloseWithin(percent(within)),
    };
}

/// A word of ours as it is written in configurations.
fn from_word<T: serde::de::DeserializeOwned>(word: &str) -> T {
    serde_json::from_str(&format!("{word:?}")).unwrap_or_else(|wrong| panic!("{wrong}"))
}

/// The account, changed by words: `hedge`, `amend`, `whole-stop`, `flags-whole`, `last-target`, `no-reduce-only`, `native 0.1%..5%`.
pub fn account_from(words: &str) -> Account {
    let mut account = account();
    let mut rest = words.split_whitespace();
    while let Some(word) = rest.next() {
        match word {
            "hedge" => account.position_mode = PositionMode::Hedge,
            "per-deal" => account.position_mode = PositionMode::PerDeal,
            "one-way" => account.position_mode = PositionMode::OneWay,
            "split" => account.split_entries = true,
            "venue" => account.venue = name(rest.next().unwrap()),
            "no-plan" => account.plan = None,
            "max-notional" => account.limits.max_notional = Some(money(rest.next().unwrap())),
            "daily-loss" => account.limits.max_daily_loss = Some(percent(rest.next().unwrap())),
            "observe" => account.permit = Permit::Observe,
            "flatten" => account.limits.flatten = true,
            "on-refusal" | "unprotectable" => choose(&mut account.refusals, word, rest.next().unwrap()),
            "symbols" => account.limits.symbols = vec![Symbol::new(rest.next().unwrap()).unwrap()],
            "adopts" => {
                account.adopt = match rest.next().unwrap() {
                    "propose" => Adopt::Propose,
                    "hard-stop" => Adopt::HardStop,
                    _ => Adopt::Plan,
                };
            }
            _ if word.starts_with("stop") => change_hard_stop(&mut account.hard_stop, word, &mut rest),
            _ => change_capability(&mut account.capability, word, &mut rest),
        }
    }
    account
}

/// What the venue offers, changed by one word and what follows it.
fn change_capability<'a>(capability: &mut Capability, word: &str, rest: &mut impl Iterator<Item = &'a str>) {
    match word {
        "amend" => capability.amend_stop = true,
        "guaranteed" => capability.guaranteed_stops = true,
        "whole-stop" => capability.whole_stop = true,
        "shared" => {
            capability.sized_stops = SizedStops::Shared;
            capability.limit_targets = LimitTargets::Triggered;
        }
        "only-whole-stop" => {
            (capability.whole_stop, capability.sized_stops) = (true, SizedStops::Absent);
        }
        "entry-stop" => capability.entry_stop = true,
        "watches" => capability.only_trigger = Some(source(rest.next().unwrap())),
        "flags-whole" => capability.flagged_exits = FlaggedExits::Whole,
        "last-target" => capability.resting_targets = backstop_model::RestingTargets::Last,
        "no-reduce-only" => capability.reduce_only = false,
        // Of requests, in seconds.
        "validity" => {
            capability.request_validity = Span::from_secs(rest.next().unwrap().parse().unwrap());
        }
        "native" => {
            let (smallest, largest) = rest.next().unwrap().split_once("..").unwrap();
            capability.native_trailing =
                Some(TrailingLimits { smallest: percent(smallest), largest: percent(largest), step: percent("0.1") });
        }
        other => panic!("{other:?} says nothing about an account"),
    }
}

/// The stop of positions that others opened, changed by one word and what follows it.
fn change_hard_stop<'a>(hard_stop: &mut Option<StopLoss>, word: &str, rest: &mut impl Iterator<Item = &'a str>) {
    match word {
        // `3%`, or `5_atr`: one word.
        "stop" => {
            let at = distance(&rest.next().unwrap().replace('_', " "));
            *hard_stop = Some(StopLoss::new(at, TriggerSource::Mark));
        }
        "stop-prefer" | "stop-require" => {
            let stop = hard_stop.as_mut().expect("`stop 2%` comes before it");
            stop.guaranteed = if word == "stop-prefer" { Guaranteed::Prefer } else { Guaranteed::Require };
        }
        "stop-follows" => hard_stop.as_mut().expect("`stop 5_atr` comes before it").follow = true,
        "stop-on" => {
            let stop = hard_stop.expect("the stop comes first");
            let word = rest.next().unwrap();
            *hard_stop = Some(match word {
                "usual" => StopLoss { trigger_is_usual: true, ..stop },
                word => StopLoss { trigger: source(word), ..stop },
            });
        }
        other => panic!("{other:?} says nothing about a hard stop"),
    }
}

/// BTCUSDT without fees and minimums, in steps of 0.001 and ticks of 0.1.
pub fn instrument_spec() -> InstrumentSpec {
    InstrumentSpec {
        id: BTC,
        venue: name("toy"),
        symbol: Symbol::new("BTCUSDT").unwrap(),
        tick: price("0.1"),
        step: quantity("0.001"),
        min_quantity: quantity("0.001"),
        max_quantity: None,
        max_market_quantity: None,
        min_notional: Money::ZERO,
        min_notional_waived_for_exits: false,
        maker_fee: Ratio::ZERO,
        taker_fee: Ratio::ZERO,
        leverage: Some(10.try_into().unwrap()),
        maintenance_margin: percent("0.5"),
        least_distance: None,
        guaranteed: None,
        week_ends: None,
        value_per_point: backstop_model::Ratio::ONE,
        hours: None,
        currency: name("USDT"),
    }
}

/// The instrument, changed by words: `tick 0.01 step 1 min 1 notional 100 waived maker 0.02% taker 0.05%`.
pub fn instrument_from(words: &str) -> Instrument {
    let mut spec = instrument_spec();
    let mut rest = words.split_whitespace();
    while let Some(word) = rest.next() {
        let mut value = || rest.next().unwrap_or_else(|| panic!("{word} needs a value"));
        match word {
            "tick" => spec.tick = price(value()),
            "step" => spec.step = quantity(value()),
            "min" => spec.min_quantity = quantity(value()),
            "max" => spec.max_quantity = Some(quantity(value())),
            "market-max" => spec.max_market_quantity = Some(quantity(value())),
            "unlevered" => spec.leverage = None,
            "maintenance" => spec.maintenance_margin = percent(value()),
            "venue" => spec.venue = name(value()),
            "notional" => spec.min_notional = money(value()),
            "waived" => spec.min_notional_waived_for_exits = true,
            "maker" => spec.maker_fee = percent(value()),
            "taker" => spec.taker_fee = percent(value()),
            "premium" => {
                let (premium, least) = (value().parse().unwrap(), Some(least_distance(value())));
                spec.guaranteed = Some(GuaranteedTerms { premium, least_distance: least });
            }
            "value" => spec.value_per_point = value().parse().unwrap(),
            "hours" => spec.hours = Some(Box::new(hours())),
            // Fridays 22:00 in London.
            "weekly" => spec.week_ends = Some(week_ends()),
            "distance" => spec.least_distance = Some(least_distance(value())),
            "leverage" => spec.leverage = Some(value().parse().unwrap()),
            other => panic!("{other:?} says nothing about an instrument"),
        }
    }
    Instrument::try_from(spec).unwrap()
}

/// Some hours: when their sessions end, scripts say themselves.
fn hours() -> Hours {
    let open = Open { from: 480, to: 1320 };
    let friday = WeekSession { weekday: Weekday::Friday, open };
    Hours { zone: "Europe/London".to_owned(), week: vec![friday], days: Vec::new() }
}

/// `2` points, or `0.1%`.
fn least_distance(word: &str) -> LeastDistance {
    if word.ends_with('%') {
        return LeastDistance::Share(percent(word));
    }
    LeastDistance::Points(word.parse().unwrap())
}

/// A plan without levels or trail: stop 2 % on mark, no instant targets, ladder `previous_target`, plain break-even.
pub fn plan_spec() -> ExitPlanSpec {
    ExitPlanSpec {
        take_profits: TakeProfits::default(),
        stop_ladder: StopLadder::PreviousTarget,
        breakeven: BreakEven::Plain,
        instant_take_profit: false,
        ..ExitPlanSpec::new(name("swing"), StopLoss::new(distance("2%"), TriggerSource::Mark))
    }
}

/// A plan from words, one part each, separated by semicolons: `stop 2% mark; tp 3% close 40%; rest trail; ...`.
/// Also what its owner is told.
pub fn plan_from(words: &str) -> Result<(ExitPlan, Vec<String>), String> {
    let mut spec = plan_spec();
    let (mut levels, mut on_invalid) = (Vec::new(), OnInvalid::Refuse);
    for part in words.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (head, rest) = part.split_once(' ').unwrap_or((part, ""));
        match head {
            "name" => spec.name = name(rest),
            "stop" => spec.stop_loss = stop_loss(rest),
            "tp" => {
                let (rest, trail) = rest.split_once(" trail ").map_or((rest, None), |(rest, far)| (rest, Some(far)));
                let (at, close) = rest.split_once(" close ").unwrap_or((rest, "100%"));
                let trail = trail.map(|far| trail_distance(distance(far)));
                levels.push(TakeProfit { at: distance(at), close: percent(close), trail });
            }
            "rest" => spec.rest = Rest::Trail,
            "trail" => {
                spec.trail_is_largest = rest.contains("distance max");
                spec.trailing = Some(trailing(&rest.replace("distance max", "distance 20%")));
            }
            "ladder" => spec.stop_ladder = ladder(rest),
            "breakeven" => spec.breakeven = if rest == "net" { BreakEven::Net } else { BreakEven::Plain },
            "orders" => spec.target_order = target_order(rest),
            "instant" => spec.instant_take_profit = true,
            "no-fallback" => spec.fallback_to_single = false,
            "single" => spec.single_take_profit = Some(distance(rest)),
            "time-limit" => spec.time_limit = Some(Span::from_secs(rest.trim_end_matches('s').parse().unwrap())),
            "close-at" => spec.close_at = Some(close_at(rest)),
            "weekend" => {
                spec.weekend = match rest {
                    "close" => Weekend::Close,
                    "guarantee" => Weekend::Guarantee,
                    _ => Weekend::Hold,
                }
            }
            "breakeven-at" => spec.breakeven_at = Some(distance(rest)),
            "soft" => {
                let (at, patience) = rest.split_once(" for ").unwrap();
                let patience = Span::from_secs(patience.trim_end_matches('s').parse().unwrap());
                spec.soft_stop = Some(SoftStop { at: distance(at), patience });
            }
            "slices" => {
                let (count, most) =
                    rest.split_once(" most ").map_or((rest, None), |(count, most)| (count, Some(money(most))));
                spec.slices = Slices { count: count.parse().unwrap(), max_notional: most };
            }
            "tranches" => spec.tranches = tranches(rest),
            "merge" => spec.merge = if rest == "never" { Merge::Never } else { Merge::InProfit },
            "allow-loss" => spec.allow_loss = true,
            "on-invalid-fallback" => on_invalid = OnInvalid::Fallback,
            other => panic!("{other:?} says nothing about a plan"),
        }
    }
    let trails = spec.rest == Rest::Trail;
    let (levels, told) =
        TakeProfits::new(levels, trails, on_invalid, spec.single_take_profit).map_err(|bad| bad.to_string())?;
    spec.take_profits = levels;
    Ok((ExitPlan::try_from(spec).map_err(|bad| bad.to_string())?, told))
}

/// Fridays 22:00 in London.
fn week_ends() -> CloseAt {
    CloseAt { minute: 1320, zone: "Europe/London".to_owned(), weekday: Some(Weekday::Friday) }
}

/// `21:55 Europe/Berlin`, or `week`.
pub fn close_at(words: &str) -> CloseAt {
    if words == "week" {
        return week_ends();
    }
    let (time, zone) = words.split_once(' ').unwrap();
    let (hour, minute) = time.split_once(':').unwrap();
    let minute = hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap();
    CloseAt { minute, zone: zone.to_owned(), weekday: None }
}

/// `per-fill`, or `loss 5% max 3`.
fn tranches(words: &str) -> Tranches {
    match words.split_whitespace().collect::<Vec<_>>()[..] {
        ["per-fill"] => Tranches::PerFill,
        ["loss", loss, "max", max] => Tranches::NewWhenLoss { loss: percent(loss), max: max.parse().unwrap() },
        _ => panic!("{words:?} says nothing about tranches"),
    }
}

/// `2% [mark|last|bid_ask|usual] [follow] [until-warm 3%]`.
fn stop_loss(words: &str) -> StopLoss {
    for (word, guaranteed) in [(" prefer", Guaranteed::Prefer), (" require", Guaranteed::Require)] {
        if let Some(words) = words.strip_suffix(word) {
            return StopLoss { guaranteed, ..stop_loss(words) };
        }
    }
    if let Some((words, warm)) = words.split_once(" until-warm ") {
        return StopLoss { until_warm: Some(distance(warm)), ..stop_loss(words) };
    }
    if let Some(words) = words.strip_suffix(" follow") {
        return StopLoss { follow: true, ..stop_loss(words) };
    }
    let (at, word) = words.rsplit_once(' ').unwrap_or((words, "mark"));
    match word {
        "last" | "mark" | "bid_ask" => StopLoss::new(distance(at), source(word)),
        "usual" => StopLoss { trigger_is_usual: true, ..StopLoss::new(distance(at), TriggerSource::Mark) },
        _ => StopLoss::new(distance(words), TriggerSource::Mark),
    }
}

/// `[activation A] distance D by venue|amend|engine on last|mark|bid_ask|usual`.
fn trailing(words: &str) -> TrailingStop {
    let (activation, rest) = match words.split_once("distance ") {
        Some((before, rest)) => (before.trim().strip_prefix("activation ").map(distance), rest),
        None => panic!("a trail needs a distance"),
    };
    let (far, rest) = rest.split_once(" by ").unwrap();
    let (rest, follow) = rest.strip_suffix(" follow").map_or((rest, false), |rest| (rest, true));
    let (by, on) = rest.split_once(" on ").unwrap_or((rest, "last"));
    TrailingStop {
        activation,
        distance: trail_distance(distance(far)),
        by: match by {
            "venue" => TrailedBy::Venue,
            "amend" => TrailedBy::Amend,
            "engine" => TrailedBy::Engine,
            other => panic!("{other:?} cannot trail"),
        },
        trigger: if on == "usual" { TriggerSource::Last } else { source(on) },
        trigger_is_usual: on == "usual",
        follow,
    }
}

fn trail_distance(far: Distance) -> TrailDistance {
    match far {
        Distance::Percent(share) => TrailDistance::Percent(share),
        Distance::Points(points) => TrailDistance::Points(points),
        Distance::Risk(times) => TrailDistance::Risk(times),
        Distance::Atr(atr) => TrailDistance::Atr(atr),
        Distance::At(_) | Distance::Margin(_) => panic!("a trail cannot be {far} behind"),
    }
}

fn ladder(words: &str) -> StopLadder {
    match words.split_once(' ').unwrap_or((words, "")) {
        ("none", _) => StopLadder::None,
        ("breakeven", _) => StopLadder::Breakeven,
        ("previous_target", _) => StopLadder::PreviousTarget,
        ("targets_behind", count) => StopLadder::TargetsBehind(count.parse().unwrap()),
        ("percent_below_trigger", share) => StopLadder::PercentBelowTrigger(percent(share)),
        ("percent_below_high", share) => StopLadder::PercentBelowHigh(percent(share)),
        _ => panic!("{words:?} is no stop ladder"),
    }
}

fn target_order(word: &str) -> TargetOrder {
    match word {
        "limit" => TargetOrder::Limit,
        "post_only" => TargetOrder::PostOnly,
        "market" => TargetOrder::Market,
        other => panic!("{other:?} is no kind of target order"),
    }
}

/// An execution; without an order of ours it is somebody's own.
pub fn fill(id: &str, order: Option<ClientOrderId>, side: OrderSide, at: Price, quantity: Quantity) -> Fill {
    Fill {
        account: ACCOUNT,
        instrument: BTC,
        id: FillId::new(id).unwrap(),
        order,
        venue_order: VenueOrderId::new(&format!("v-{id}")).unwrap(),
        side,
        position_side: None,
        deal: None,
        price: at,
        quantity,
        fee: Fee::Known(Money::ZERO),
        liquidity: Liquidity::Taker,
        cause: FillCause::Order,
        at: Timestamp::EPOCH,
    }
}

/// A sell stop that somebody else has placed, and that works.
pub fn foreign_stop(venue_id: &str, amount: Quantity, trigger: Price, at: Timestamp) -> OrderReport {
    OrderReport {
        account: ACCOUNT,
        instrument: BTC,
        id: None,
        venue_id: VenueOrderId::new(venue_id).unwrap(),
        deal: None,
        side: OrderSide::Sell,
        status: OrderStatus::Working,
        quantity: Some(amount),
        filled: Quantity::ZERO,
        trigger: Some(Trigger::new(trigger, TriggerSource::Mark)),
        limit: None,
        at,
    }
}

/// Prices of the instrument.
pub fn tick(prices: Prices, confirmed: bool) -> Event {
    Event::Tick(Tick { instrument: BTC, prices, confirmed })
}

/// The definitions every journal begins with.
pub fn definitions(account: &Account, instrument: &Instrument, plan: &ExitPlan) -> Vec<Event> {
    vec![
        Event::DefineAccount(Box::new(account.clone())),
        Event::DefineInstrument(Box::new(instrument.clone())),
        Event::DefinePlan { id: PLAN, plan: Arc::new(plan.clone()) },
    ]
}
