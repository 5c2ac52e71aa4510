//! What a position, what is open of it, and a tranche have only now and then: held apart, in a box that is there while something is in it (product.md §9).

use super::elsewhere::Elsewhere;
use super::rare::{Blank, Rare, Seldom};
use super::since::Since;
use super::spacing::Spacing;
use super::{ForeignExit, ForeignStop, Position, Tranche};
use crate::exits::end_of_day::Due;
use crate::exits::stop_loss::StopLevel;
use backstop_model::{ExitReason, FillId, Money, Quantity, Ratio, Timestamp};
use serde::{Deserialize, Serialize};

/// What a position has only now and then.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PositionAside {
    /// When the last one went to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) drilled_at: Option<Timestamp>,
    /// What would be sent if it were not only observed.
    #[serde(default)]
    pub wishes: Vec<String>,
    /// Since when the venue speaks of something open that we do not know.
    #[serde(default, skip_serializing_if = "Rare::is_none")]
    pub(crate) unseen: Rare<super::unseen::Unseen>,
    /// Closings of what is not known to be open yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) unmatched: Vec<super::unmatched::Unmatched>,
    /// Executions whose fee is not known yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) owed: Vec<super::owed::Owed>,
    /// Tranches that are over with a fee still to come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) past: Vec<super::owed::Past>,
    /// Quantities that were believed without an execution.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) assumed: Vec<super::assumed::Assumed>,
    /// Executions that the venue has annulled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) annulled: Vec<FillId>,
    /// Payments already booked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) funded: Vec<(Timestamp, Money)>,
}

impl Blank for PositionAside {
    const BLANK: &'static Self = &Self {
        drilled_at: None,
        wishes: Vec::new(),
        unseen: Rare::NONE,
        unmatched: Vec::new(),
        owed: Vec::new(),
        past: Vec::new(),
        assumed: Vec::new(),
        annulled: Vec::new(),
        funded: Vec::new(),
    };
}

impl Default for PositionAside {
    fn default() -> Self {
        Self::BLANK.clone()
    }
}

/// What an open position has only now and then.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct LiveAside {
    /// The premiums booked so far, as the venue counts them.
    #[serde(default, skip_serializing_if = "Rare::is_none")]
    pub premium: Rare<Money>,
    /// Stops that are not ours.
    pub foreign: Vec<ForeignStop>,
    /// Other orders that are not ours and would close it as well.
    #[serde(default)]
    pub foreign_exits: Vec<ForeignExit>,
    /// People know that the book is too thin for so much.
    #[serde(default, skip_serializing_if = "Rare::is_none")]
    pub told_thin: Rare<Quantity>,
}

impl Blank for LiveAside {
    const BLANK: &'static Self =
        &Self { premium: Rare::NONE, foreign: Vec::new(), foreign_exits: Vec::new(), told_thin: Rare::NONE };
}

impl Default for LiveAside {
    fn default() -> Self {
        Self::BLANK.clone()
    }
}

/// What a tranche has only now and then.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct TrancheAside {
    /// Where it rests instead, because the venue takes none so near.
    #[serde(default, skip_serializing_if = "Rare::is_none")]
    pub spacing: Rare<Spacing>,
    /// Where the ladder wants it as soon as its own price allows.
    pub proposal: Rare<StopLevel>,
    /// The end of the day has come, and it is not closed yet.
    pub end_of_day: Rare<Due>,
    /// Other prices than the stop's own that are through it.
    #[serde(default, skip_serializing_if = "Rare::is_none")]
    pub elsewhere: Rare<Elsewhere>,
    /// The beginning of the weekend that its stop has been made ready for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekend: Option<Timestamp>,
    /// From when on prices count for its plan, where that is later than its entry.
    #[serde(default, skip_serializing_if = "Rare::is_none")]
    pub since: Rare<Since>,
    /// The price has been through the stop, on the stop's own source, since then.
    pub stop_passed: Option<Timestamp>,
    /// While it is being closed, people know that its stop has triggered and is stuck.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub told_stuck: bool,
    /// When the stop may be fitted to a smaller quantity.
    pub resize_at: Option<Timestamp>,
    /// What is being closed by hand.
    pub part: Quantity,
    /// Why, where it is not by hand.
    #[serde(default)]
    pub part_reason: Option<ExitReason>,
    /// What an entry of ours has brought in and no working stop has covered yet.
    #[serde(default = "nothing")]
    pub unproven: Quantity,
    /// What guaranteed stops have cost for what is left; part of the fees.
    #[serde(default = "no_money", skip_serializing_if = "is_no_money")]
    pub premium_paid: Money,
    /// The level whose target has given up its place until a stop works.
    pub sacrificed: Option<u8>,
    /// What a whole unit of price brings a unit of quantity (F-G06).
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub value_per_point: Ratio,
}

impl Blank for TrancheAside {
    const BLANK: &'static Self = &Self {
        spacing: Rare::NONE,
        proposal: Rare::NONE,
        end_of_day: Rare::NONE,
        elsewhere: Rare::NONE,
        weekend: None,
        since: Rare::NONE,
        stop_passed: None,
        told_stuck: false,
        resize_at: None,
        part: Quantity::ZERO,
        part_reason: None,
        unproven: Quantity::ZERO,
        premium_paid: Money::ZERO,
        sacrificed: None,
        value_per_point: Ratio::ONE,
    };
}

impl Default for TrancheAside {
    fn default() -> Self {
        Self::BLANK.clone()
    }
}

impl TrancheAside {
    /// Nothing yet, except what a point is worth where that is not 1.
    pub(super) fn at_value(value_per_point: Ratio) -> Seldom<Self> {
        let mut aside: Seldom<Self> = Seldom::default();
        if value_per_point != Ratio::ONE {
            aside.value_per_point = value_per_point;
        }
        aside
    }
}

impl Tranche {
    /// The price is not through the stop.
    pub(super) fn forget_stop_passed(&mut self) {
        if let Some(aside) = self.aside.held() {
            aside.stop_passed = None;
        }
    }

    /// The stop needs no fitting to a smaller quantity.
    pub(crate) fn forget_resize(&mut self) {
        if let Some(aside) = self.aside.held() {
            aside.resize_at = None;
        }
    }
}

impl Position {
    /// Boxes that nothing is left in are given back.
    pub(crate) fn put_away(&mut self) {
        self.aside.put_away();
        self.entries.put_away();
        self.ended.put_away();
        if let Some(live) = &mut self.live {
            live.aside.put_away();
            live.whole.put_away();
            for tranche in &mut live.tranches {
                tranche.aside.put_away();
                tranche.exits.put_away();
                tranche.retries.put_away();
            }
        }
    }
}

const fn no_money() -> Money {
    Money::ZERO
}

const fn one() -> Ratio {
    Ratio::ONE
}

fn is_one(value: &Ratio) -> bool {
    *value == Ratio::ONE
}

fn is_no_money(money: &Money) -> bool {
    *money == Money::ZERO
}

const fn nothing() -> Quantity {
    Quantity::ZERO
}
