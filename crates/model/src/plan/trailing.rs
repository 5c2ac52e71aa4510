//! A stop that follows the best price.

use super::{AtrSpec, BadPlan, Distance};
use crate::{Capability, Points, Ratio, Rounding, TriggerSource};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who trails.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TrailedBy {
    /// Backstop moves the resting stop at the venue.
    Amend,
    /// Backstop watches and closes at market; the hard stop still rests at the venue.
    Engine,
    /// The venue's native trailing order.
    Venue,
}

/// How far the stop stays behind the best price.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum TrailDistance {
    /// Multiples of the average true range.
    Atr(AtrSpec),
    /// Share of the best price.
    Percent(Ratio),
    /// Points of price.
    Points(Points),
    /// Multiples of the initial risk.
    Risk(Ratio),
}

/// The trail of a plan.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TrailingStop {
    /// From where trailing begins, on the winning side of the entry; at once when absent.
    pub activation: Option<Distance>,
    /// How far behind.
    pub distance: TrailDistance,
    /// Who trails.
    pub by: TrailedBy,
    /// Which price is followed.
    pub trigger: TriggerSource,
    /// The owner has named no price, and `trigger` is the usual one; where stops watch one price only, that is followed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trigger_is_usual: bool,
    /// For a distance in ATR: it follows the ATR and may only become nearer. Else it is frozen when the plan is armed.
    pub follow: bool,
}

impl TrailingStop {
    /// The trail at a venue that can do this, `largest` being how far behind it is to stay when it is to be the largest.
    pub(super) fn at_venue(self, capability: &Capability, largest: Option<Ratio>) -> Self {
        let distance = largest.map_or(self.distance, TrailDistance::Percent);
        match capability.only_trigger.filter(|_| self.trigger_is_usual) {
            Some(trigger) => Self { distance, trigger, ..self },
            None => Self { distance, ..self },
        }
    }

    pub(super) fn check(&self, allow_loss: bool) -> Result<(), BadPlan> {
        if let Some(activation) = self.activation {
            activation.check_positive("activation")?;
        }
        self.distance.check_positive("trailing distance")?;
        if allow_loss { Ok(()) } else { self.check_cannot_lose() }
    }

    /// At activation the stop lies at entry × (1 + a) × (1 − d) for a long and entry × (1 − a) × (1 + d) for a short.
    /// The long is the worse one of the two only by a × d, so both are looked at.
    fn check_cannot_lose(&self) -> Result<(), BadPlan> {
        let (Some(activation @ Distance::Percent(a)), TrailDistance::Percent(d)) = (self.activation, self.distance)
        else {
            if let (Some(activation @ Distance::Points(a)), TrailDistance::Points(d)) = (self.activation, self.distance)
                && a < d
            {
                let loss = d.plus(a.negated().unwrap_or(Points::ZERO)).unwrap_or(d).to_string() + " points";
                return Err(BadPlan::TrailCanLose { activation, distance: self.distance, loss });
            }
            return Ok(());
        };
        let locked = Ratio::ONE
            .plus(a)
            .and_then(|up| up.times(Ratio::ONE.minus(d)?, Rounding::Down))
            .and_then(|level| level.minus(Ratio::ONE));
        match locked {
            Ok(locked) if locked < Ratio::ZERO => {
                let percent = Ratio::ZERO.minus(locked.in_percent()).unwrap_or(Ratio::ZERO);
                let loss = format!("{percent:.1} %");
                Err(BadPlan::TrailCanLose { activation, distance: self.distance, loss })
            }
            _ => Ok(()),
        }
    }
}

impl TrailDistance {
    /// More than nothing, and less than the whole price behind it.
    pub(super) fn check_positive(self, what: &'static str) -> Result<(), BadPlan> {
        let fits = match self {
            Self::Atr(atr) => atr.multiple > Ratio::ZERO,
            Self::Percent(ratio) => ratio > Ratio::ZERO && ratio < Ratio::ONE,
            Self::Risk(ratio) => ratio > Ratio::ZERO,
            Self::Points(points) => points > Points::ZERO,
        };
        if fits { Ok(()) } else { Err(BadPlan::NotPositive { what, distance: self.to_string() }) }
    }
}

impl fmt::Display for TrailDistance {
    /// As it is written in a plan.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Atr(atr) => Distance::Atr(*atr).fmt(f),
            Self::Percent(ratio) => Distance::Percent(*ratio).fmt(f),
            Self::Points(points) => Distance::Points(*points).fmt(f),
            Self::Risk(ratio) => Distance::Risk(*ratio).fmt(f),
        }
    }
}
