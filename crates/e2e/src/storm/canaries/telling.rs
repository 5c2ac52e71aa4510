//! Bugs of what people are told and shown: an alarm that does not ring, a sum that went through binary fractions.

use super::{Canary, Notes, Scene};
use backstop_model::{Money, Notice, PositionDocument, Quantity, Ratio, Rounding, Severity};

/// In the order of what they break.
pub const CANARIES: &[Canary] = &[
    Canary::new("I1", "exit-not-shown", "the first partial exit is left out of what is shown").shows(exit_not_shown),
    Canary::new("I1", "rest-not-shown", "what remains is shown as it was at the beginning").shows(rest_not_shown),
    Canary::new("I11", "float-rounding", "profits go through single-precision fractions").shows(float_rounding),
    Canary::new("I11", "fees-to-the-cent", "fees are shown to the cent").shows(fees_to_the_cent),
    Canary::new("I11", "value-forgotten", "profits are points, whatever a point is worth").shows(value_forgotten),
    Canary::new("I11", "value-twice", "what a point is worth counts twice").shows(value_twice),
    Canary::new("I11", "funding-forgotten", "funding is in no record").shows(funding_forgotten),
    Canary::new("I11", "funding-as-a-cost", "what was realised counts funding with the other sign")
        .shows(funding_as_a_cost),
    Canary::new("I35", "no-alarm", "alarms are swallowed").tells(no_alarm),
    Canary::new("I35", "alarm-is-a-note", "alarms are told as notes").tells(alarm_is_a_note),
];

fn exit_not_shown(document: &mut PositionDocument) {
    if !document.partial_exits.is_empty() {
        document.partial_exits.remove(0);
    }
}

fn rest_not_shown(document: &mut PositionDocument) {
    if document.current_quantity > Quantity::ZERO {
        document.current_quantity = document.original_quantity;
    }
}

fn float_rounding(document: &mut PositionDocument) {
    for exit in &mut document.partial_exits {
        let rough = exit.profit.to_string().parse::<f32>().ok();
        let read = rough.and_then(|rough| format!("{rough}").parse::<Money>().ok());
        exit.profit = read.unwrap_or(exit.profit);
    }
}

fn fees_to_the_cent(document: &mut PositionDocument) {
    let text = document.fees.to_string();
    let cents = text.find('.').map_or(text.as_str(), |point| &text[..text.len().min(point + 3)]);
    document.fees = cents.parse().unwrap_or(document.fees);
}

fn value_forgotten(document: &mut PositionDocument) {
    let value = document.value_per_point.unwrap_or(Ratio::ONE);
    for exit in &mut document.partial_exits {
        exit.profit = exit.profit.in_points(value, Rounding::Nearest).unwrap_or(exit.profit);
    }
}

fn value_twice(document: &mut PositionDocument) {
    let value = document.value_per_point.unwrap_or(Ratio::ONE);
    for exit in &mut document.partial_exits {
        exit.profit = exit.profit.valued(value).unwrap_or(exit.profit);
    }
}

fn funding_forgotten(document: &mut PositionDocument) {
    document.realized_pnl = document.realized_pnl.minus(document.funding).unwrap_or(document.realized_pnl);
    document.funding = Money::ZERO;
}

fn funding_as_a_cost(document: &mut PositionDocument) {
    let twice = document.funding.plus(document.funding).unwrap_or(document.funding);
    document.realized_pnl = document.realized_pnl.minus(twice).unwrap_or(document.realized_pnl);
}

fn no_alarm(_: &mut Notes, _: &Scene, notice: Notice) -> Option<Notice> {
    (notice.severity != Severity::Alarm).then_some(notice)
}

fn alarm_is_a_note(_: &mut Notes, _: &Scene, notice: Notice) -> Option<Notice> {
    Some(Notice { severity: Severity::Note, ..notice })
}
