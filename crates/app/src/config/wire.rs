//! The shape of the file, key by key: every value is its own text, nothing is decided; editors show the comments (JSON Schema).

use super::located::{Located, Named};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::borrow::Cow;

/// A Backstop configuration: accounts, exit plans and instruments.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    /// The accounts to look after, by a name of your choice.
    pub accounts: Option<Named<Account>>,
    /// Exit plans, by a name of your choice.
    pub plans: Option<Named<Plan>>,
    /// What is special about an instrument, by symbol: overrides, and instruments of paper trading and backtests.
    pub instruments: Option<Named<Instrument>>,
    /// Keep a price tape beside the store, for `replay --what-if`; on when absent.
    pub tape: Option<Located<bool>>,
}

/// One account.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// Where it is held; `paper` when absent.
    pub venue: Option<Located<Venue>>,
    /// `observe` sends nothing, `paper` trades the simulated venue, `live` trades; `paper` when absent.
    pub mode: Option<Located<Mode>>,
    /// How the venue keeps positions; `one_way` when absent. IG keeps one for each deal and takes no such word.
    pub position_mode: Option<Located<PositionMode>>,
    /// Which kind of account it is on Bitget; `classic` when absent.
    pub account_kind: Option<Located<AccountKind>>,
    /// The plan of all positions that have no closer one.
    pub plan: Option<Located<String>>,
    /// The plan by symbol; closer than the account's.
    pub plans: Option<Named<String>>,
    /// What happens to positions that others opened; `hard_stop` when absent.
    pub adopt: Option<Located<Adopt>>,
    /// The stop of positions that others opened, with `adopt: hard_stop`; 3 × ATR(14, 1h), at least 1 %, at most 6 %, when absent.
    pub hard_stop: Option<Located<StopLoss>>,
    /// Whether an entry through Backstop is made in one deal for each level, so that every level rests at the venue; IG only,
    /// no when absent.
    pub split_entries: Option<Located<bool>>,
    /// When the venue is overloaded and no stop can be placed within three seconds: `close` it at market, `keep_trying`, or close it
    /// when the price is within so much of the stop; `0.5%` when absent.
    pub on_unprotectable: Option<Located<Unprotectable>>,
    /// What is done about refused stops, class by class, where it is not the usual.
    pub on_refusal: Option<OnRefusal>,
    /// Whether every kind of protective order is tried at the venue at the start and daily; yes when absent.
    pub fire_drill: Option<Located<bool>>,
    /// Loss of the day, as a percentage of equity, from which there is an alert and no new entry.
    pub max_daily_loss: Option<Located<Percent>>,
    /// Close everything as well when the daily loss is reached.
    pub flatten: Option<Located<bool>>,
    /// Only positions on these symbols are touched; all when absent.
    pub symbols: Option<Vec<Located<String>>>,
    /// The largest notional of one position: entries beyond it are refused, positions of others are told of.
    pub max_notional: Option<Located<Number>>,
}

/// What is done about the first, the second and every further refusal of a stop in a row; the last one stays.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OnRefusal {
    /// The quantity is below what the venue takes: `again`, `close`.
    pub below_minimum: Option<Steps>,
    /// Price or quantity off the grid, or outside a band: `again`, `reprice`, `other_trigger`, `reduce`, `close`.
    pub filter: Option<Steps>,
    /// Not enough margin: `again`, `make_room`, `reduce`, `close`.
    pub margin: Option<Steps>,
    /// Anything else that is definite: any step.
    pub other: Option<Steps>,
    /// Nothing to reduce, or other orders hold the room: `again`, `make_room`.
    pub reduce_only: Option<Steps>,
    /// Too many requests, or overload: `again`, `reduce`, `close`.
    pub throttled: Option<Steps>,
    /// The venue's cap on open orders: `again`, `make_room`, `close`.
    pub too_many_orders: Option<Steps>,
    /// This kind of order does not exist there: `again`, `other_trigger`, `reduce`, `close`.
    pub unsupported: Option<Steps>,
}

/// One to three steps.
pub type Steps = Located<Vec<Located<RefusalStep>>>;

/// One step.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum RefusalStep {
    /// The same after a pause.
    Again,
    /// Close everything at market; not after a single refusal.
    Close,
    /// The farthest target gives up its place.
    MakeRoom,
    /// Watch another price.
    OtherTrigger,
    /// Close half at market; not after a single refusal.
    Reduce,
    /// A little nearer to the market.
    Reprice,
}

/// Where an account is held.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Venue {
    /// Aster.
    Aster,
    /// Binance USDⓈ-M futures.
    Binance,
    /// Bitget.
    Bitget,
    /// IG.
    Ig,
    /// The simulated venue.
    Paper,
}

/// How positions on one instrument are kept apart.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum PositionMode {
    /// A long and a short side by side.
    Hedge,
    /// One net position.
    OneWay,
}

/// Kinds of account on Bitget, which do not share their order endpoints.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// A classic one, of the second API.
    #[default]
    Classic,
    /// A unified one, of the third.
    Unified,
}

/// What Backstop may do with an account.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Trade it.
    Live,
    /// Look, and say what would have been sent.
    Observe,
    /// Trade the simulated venue.
    Paper,
}

/// What happens to positions that others opened.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Adopt {
    /// They get a hard stop.
    #[default]
    HardStop,
    /// They get the plan.
    Plan,
    /// They are proposed.
    Propose,
}

/// An exit plan.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// The fixed stop; every plan has one.
    pub stop_loss: Option<Located<StopLoss>>,
    /// The levels, nearest first.
    pub take_profits: Option<Located<Vec<Located<TakeProfit>>>>,
    /// What happens to what the levels leave over; the last level closes it when absent.
    pub rest: Option<Located<Rest>>,
    /// The stop that follows the best price.
    pub trailing: Option<Located<Trailing>>,
    /// Where the stop goes when a level is complete; it stays when absent.
    pub stop_ladder: Option<Located<StopLadder>>,
    /// `net` covers all costs, `plain` is the entry; `net` when absent.
    pub breakeven: Option<Located<BreakEven>>,
    /// How targets rest; `limit` when absent.
    pub target_order: Option<Located<TargetOrder>>,
    /// Take a target over the live stop when the price stands beyond it and the order has not filled; on when absent.
    pub instant_take_profit: Option<Located<bool>>,
    /// When every level is below the venue's minimums, use one target instead; on when absent.
    pub fallback_to_single: Option<Located<bool>>,
    /// Where that one target lies; at the last level when absent.
    pub single_take_profit: Option<Located<Distance>>,
    /// What to do with levels that do not fit; they are refused when absent.
    pub on_invalid: Option<Located<OnInvalid>>,
    /// From this price on the stop is at break-even, whatever the levels do.
    pub breakeven_at: Option<Located<Distance>>,
    /// A nearer stop that the engine watches while the hard stop rests.
    pub soft_stop: Option<Located<SoftStop>>,
    /// Into how many parts a level or a market exit is cut, 1 to 100; not at all when absent.
    pub close_slices: Option<Located<Count>>,
    /// The most one part may be worth, in the quote currency.
    pub max_slice_notional: Option<Located<Number>>,
    /// When an entry opens a tranche of its own; never when absent.
    pub tranches: Option<Located<Tranches>>,
    /// What becomes of tranches that are back in profit; they become one when absent.
    pub merge: Option<Located<Merge>>,
    /// How long a position may last, for example `3d`.
    pub time_limit: Option<Located<Length>>,
    /// Time of day at which positions are closed, with its zone, for example `21:55 Europe/Berlin`.
    pub close_at: Option<Located<TimeOfDay>>,
    /// What is done ten minutes before the week's last session ends; nothing when absent.
    pub weekend: Option<Located<Weekend>>,
    /// Accept that the trail, once active, can close at a loss.
    pub allow_loss: Option<Located<bool>>,
    /// The percentage to use until enough bars are known for an `atr` distance.
    pub until_warm: Option<Located<Percent>>,
}

/// The fixed stop.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StopLoss {
    /// How far from the entry, on the losing side.
    pub at: Option<Located<Distance>>,
    /// Which price it watches; `mark` when absent.
    pub trigger: Option<Located<Trigger>>,
    /// Let an `atr` distance follow the market; it may then only tighten.
    pub follow: Option<Located<bool>>,
    /// Whether it is to be a guaranteed stop, where a venue has them (IG); `never` when absent.
    pub guaranteed: Option<Located<Guaranteed>>,
}

/// Whether a stop is to be a guaranteed one, which fills at its level whatever happens.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Guaranteed {
    /// An ordinary stop.
    Never,
    /// A guaranteed one where it can be had, else an ordinary one.
    Prefer,
    /// A guaranteed one; refused where the venue has none.
    Require,
}

/// What is done before the weekend.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Weekend {
    /// Positions are closed.
    Close,
    /// Their stops become guaranteed ones.
    Guarantee,
    /// Nothing.
    Hold,
}

/// A nearer stop that the engine watches.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SoftStop {
    /// How far from the entry, on the losing side, nearer than the hard stop.
    pub at: Option<Located<Distance>>,
    /// How long the price may stand beyond it, for example `30s`.
    pub patience: Option<Located<Length>>,
}

/// When an entry opens a tranche of its own.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Tranches {
    /// Never.
    Off,
    /// Always.
    PerFill,
    /// When it is made at such a loss of the newest tranche.
    #[schemars(untagged)]
    NewWhenLoss(NewWhenLoss),
}

impl<'de> Deserialize<'de> for Tranches {
    /// A word or a map. By hand, because an untagged enum would lose the places in the file.
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct WordOrMap;
        impl<'de> serde::de::Visitor<'de> for WordOrMap {
            type Value = Tranches;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`off`, `per_fill`, or `{ new_when_loss: 5%, max: 5 }`")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Tranches, E> {
                match word {
                    "off" => Ok(Tranches::Off),
                    "per_fill" => Ok(Tranches::PerFill),
                    other => Err(E::unknown_variant(other, &["off", "per_fill", "{ new_when_loss: 5% }"])),
                }
            }

            // YAML 1.1 readers take a bare `off` for a boolean.
            fn visit_bool<E: serde::de::Error>(self, on: bool) -> Result<Tranches, E> {
                if on { Err(E::invalid_value(serde::de::Unexpected::Bool(on), &self)) } else { Ok(Tranches::Off) }
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Tranches, A::Error> {
                NewWhenLoss::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(Tranches::NewWhenLoss)
            }
        }
        from.deserialize_any(WordOrMap)
    }
}

/// Entries at a loss.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewWhenLoss {
    /// The newest tranche loses more than this, for example `5%`.
    pub new_when_loss: Option<Located<Percent>>,
    /// How many may be open at once; 5 when absent.
    pub max: Option<Located<Count>>,
}

/// What becomes of tranches that are back in profit.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Merge {
    /// They become one.
    InProfit,
    /// They stay.
    Never,
}

/// One level.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TakeProfit {
    /// How far from the entry, on the winning side.
    pub at: Option<Located<Distance>>,
    /// Share of the original quantity, for example `40%`; `0%` only moves the stop.
    pub close: Option<Located<Percent>>,
    /// From this level on the trail stays this far behind, if that is nearer.
    pub trail: Option<Located<Distance>>,
}

/// The stop that follows the best price.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Trailing {
    /// From where trailing begins, on the winning side of the entry; at once when absent.
    pub activation: Option<Located<Distance>>,
    /// How far behind the best price: a distance, or `tight` 2 %, `standard` 3 %, `loose` 5 %, `max`.
    pub distance: Option<Located<Distance>>,
    /// Who trails; `venue` for percentages and `amend` for everything else when absent.
    pub by: Option<Located<TrailedBy>>,
    /// Which price is followed; `last` when absent.
    pub trigger: Option<Located<Trigger>>,
    /// Let an `atr` distance follow the market; it may then only tighten.
    pub follow: Option<Located<bool>>,
}

/// Which price is watched.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The side a position would be closed at.
    BidAsk,
    /// The last trade.
    Last,
    /// The mark price.
    Mark,
}

/// What happens to what the levels leave over.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// The last level closes it.
    Close,
    /// It is trailed.
    Trail,
}

/// Who trails.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum TrailedBy {
    /// Backstop moves the resting stop.
    Amend,
    /// Backstop watches and closes at market.
    Engine,
    /// The venue's own trailing order.
    Venue,
}

/// Where the stop goes when a level is complete.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopLadder {
    /// To break-even, and no further.
    Breakeven,
    /// It stays.
    None,
    /// To the best price so far, less this percentage.
    PercentBelowHigh(Located<Percent>),
    /// To the level's own price, less this percentage.
    PercentBelowTrigger(Located<Percent>),
    /// To the target before; at the first level to break-even.
    PreviousTarget,
    /// To the target this many levels before.
    TargetsBehind(Located<Count>),
}

/// What break-even means.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum BreakEven {
    /// Entry plus all costs.
    Net,
    /// Entry.
    Plain,
}

/// How targets rest.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum TargetOrder {
    /// A limit order.
    Limit,
    /// A market order triggered at the target.
    Market,
    /// A limit order that only makes.
    PostOnly,
}

/// What to do with levels that do not fit.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum OnInvalid {
    /// Normalise shares; without ascending levels use the single take profit.
    Fallback,
    /// Refuse the plan.
    Refuse,
}

/// What is special about an instrument.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Instrument {
    /// The smallest price increment.
    pub tick: Option<Located<Number>>,
    /// The smallest quantity increment.
    pub step: Option<Located<Number>>,
    /// The smallest quantity of one order; the step when absent.
    pub min_quantity: Option<Located<Number>>,
    /// The largest quantity of one order.
    pub max_quantity: Option<Located<Number>>,
    /// The largest quantity of one order that executes at market; `max_quantity` when absent.
    pub max_market_quantity: Option<Located<Number>>,
    /// What a whole unit of price brings a unit of quantity; 1 when absent. It is the contract's size, or the value of a point.
    pub value_per_point: Option<Located<Number>>,
    /// The smallest price × quantity of one order; none when absent.
    pub min_notional: Option<Located<Number>>,
    /// Whether that minimum is waived for orders that only reduce; it is not when absent.
    pub min_notional_waived: Option<Located<bool>>,
    /// Fee of a resting fill; 0.02% when absent.
    pub maker_fee: Option<Located<Percent>>,
    /// Fee of a taking fill; 0.05% when absent.
    pub taker_fee: Option<Located<Percent>>,
    /// The leverage positions are held with; 10 when absent.
    pub leverage: Option<Located<Count>>,
    /// Maintenance margin as a percentage of notional; 0.4% when absent.
    pub maintenance_margin: Option<Located<Percent>>,
    /// How near to the price a stop or a resting target may be placed, in points or percent; anywhere when absent.
    pub min_stop_distance: Option<Located<Distance>>,
    /// What guaranteed stops ask for here, where the market takes them.
    pub guaranteed_stop: Option<Located<GuaranteedStop>>,
    /// When the week's last session ends, where the market shuts over the weekend, for example `Fri 22:00 Europe/London`.
    pub week_ends: Option<Located<TimeOfWeek>>,
    /// When it trades, where it does not always: positions with `close_at` or `weekend` are closed before a session ends.
    pub hours: Option<Hours>,
    /// A file that says what is open here, for other programs; written when a position opens, deleted when it closes.
    pub state_file: Option<Located<String>>,
}

/// When a market trades.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The time zone, for example `Europe/Berlin`.
    pub zone: Located<String>,
    /// The sessions of an ordinary week, for example `Mon-Fri 08:00-22:00`.
    pub week: Vec<Located<WeekSessions>>,
    /// Days that are different, for example `2026-12-24 08:00-14:00` or `2026-12-25 shut`.
    pub days: Option<Vec<Located<OtherDay>>>,
}

/// The terms of guaranteed stops.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GuaranteedStop {
    /// How near to the price one may be placed, in points or percent; as near as any stop when absent.
    pub min_distance: Option<Located<Distance>>,
    /// What one costs for each unit of quantity, in points, for example `0.8 pt`; nothing when absent.
    pub premium: Option<Located<Distance>>,
}

/// Declares a scalar that is read as its own text, never as a binary number, with its schema.
macro_rules! own_text {
    ($(#[$doc:meta])* $name:ident, $schema:tt) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}
own_text! {
    /// A whole number.
    Count, { "description": "A whole number.", "type": ["integer", "string"], "minimum": 1 }
}
own_text! {
    /// A distance with its unit.
    Distance, {
        "description": "A distance with its unit: `3%`, `15% margin`, `25 pt`, `1.5 atr(14, 5m)`, `2 R`, or a price \"@ 102.50\".",
        "type": "string",
        "pattern": r"^\s*(@\s*[0-9.]+|[0-9.]+\s*(%(\s*margin)?|pt|R|atr(\s*\([^)]*\))?)|tight|standard|loose|max)\s*$",
        "examples": ["3%", "15% margin", "25 pt", "1.5 atr(14, 5m)", "2 R", "@ 102.50"]
    }
}
own_text! {
    /// A length of time.
    Length, {
        "description": "A length of time: `3d`, `36h`, `1h 30m`.",
        "type": "string",
        "examples": ["3d", "36h", "1h 30m"]
    }
}
own_text! {
    /// A plain decimal number.
    Number, { "description": "A plain decimal number.", "type": ["number", "string"] }
}
own_text! {
    /// A percentage, with its sign.
    Percent, {
        "description": "A percentage: `40%`, `0.05%`.",
        "type": "string",
        "pattern": r"^\s*-?[0-9]+(\.[0-9]+)?\s*%\s*$",
        "examples": ["40%", "0.05%"]
    }
}
own_text! {
    /// A time of the week with its zone.
    TimeOfWeek, {
        "description": "A day of the week and a time of day with its zone: `Fri 22:00 Europe/London`.",
        "type": "string",
        "pattern": r"^\s*(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\s+[0-9]{1,2}:[0-9]{2}\s+\S+\s*$",
    }
}
own_text! {
    /// What is done when no stop can be had.
    Unprotectable, {
        "description": "`close`, `keep_trying`, or how near the stop: `0.5%`.",
        "type": "string",
        "pattern": r"^\s*(close|keep_trying|[0-9]+(\.[0-9]+)?\s*%)\s*$",
        "examples": ["0.5%", "close", "keep_trying"]
    }
}
own_text! {
    /// A time of day with its zone.
    TimeOfDay, {
        "description": "A time of day with its zone: `21:55 Europe/Berlin`.",
        "type": "string",
        "pattern": r"^\s*[0-9]{1,2}:[0-9]{2}\s+\S+\s*$",
        "examples": ["21:55 Europe/Berlin"]
    }
}
own_text! {
    /// Sessions of the week.
    WeekSessions, {
        "description": "A day or days of the week, and from when to when: `Mon-Fri 08:00-22:00`, `Sun-Thu 23:00-22:00`.",
        "type": "string",
        "pattern": r"^\s*(Mon|Tue|Wed|Thu|Fri|Sat|Sun)(-(Mon|Tue|Wed|Thu|Fri|Sat|Sun))?\s+[0-9]{1,2}:[0-9]{2}-[0-9]{1,2}:[0-9]{2}\s*$",
        "examples": ["Mon-Fri 08:00-22:00"]
    }
}
own_text! {
    /// A day with other sessions.
    OtherDay, {
        "description": "A date, and from when to when, or `shut`: `2026-12-24 08:00-14:00`, `2026-12-25 shut`.",
        "type": "string",
        "pattern": r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}\s+(shut|[0-9]{1,2}:[0-9]{2}-[0-9]{1,2}:[0-9]{2})\s*$",
        "examples": ["2026-12-24 08:00-14:00", "2026-12-25 shut"]
    }
}
