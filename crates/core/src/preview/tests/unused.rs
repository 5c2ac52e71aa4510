//! Keys of a plan that have no effect where it is looked at.

use super::*;
use backstop_model::plan::{CloseAt, Merge, Weekday, Weekend};

#[test]
fn a_weekend_rule_that_cannot_be_kept_is_told_with_the_reason() {
    let told = |weekend, closes: bool| {
        let week_ends =
            closes.then(|| CloseAt { minute: 1320, zone: "Europe/London".to_owned(), weekday: Some(Weekday::Friday) });
        let warnings =
            shown(ExitPlanSpec { weekend, ..plan() }, InstrumentSpec { week_ends, ..spec() }, PositionSide::Long)
                .warnings;
        warnings.into_iter().find(|text| text.starts_with("weekend"))
    };
    let unknown = "weekend has no effect: the instrument does not say when its week ends (`week_ends`, `hours`)";
    assert_eq!(told(Weekend::Close, false).as_deref(), Some(unknown));
    assert_eq!(told(Weekend::Guarantee, false).as_deref(), Some(unknown));
    let ordinary = "weekend has no effect: no guaranteed stop can be had here, the ordinary one stays";
    assert_eq!(told(Weekend::Guarantee, true).as_deref(), Some(ordinary));
    assert_eq!(told(Weekend::Close, true), None);
    assert_eq!((told(Weekend::Hold, true), told(Weekend::Hold, false)), (None, None));
}

#[test]
fn a_key_about_levels_trails_or_tranches_is_told_where_there_are_none() {
    let told = |plan: ExitPlanSpec| shown(plan, spec(), PositionSide::Long).warnings;
    let bare = || ExitPlanSpec {
        take_profits: TakeProfits::default(),
        stop_ladder: StopLadder::None,
        only_stops: true,
        ..plan()
    };
    let (single_take_profit, target_order) = (Some(Distance::Percent(percent("4"))), TargetOrder::Market);
    let none = Vec::<String>::new();
    assert_eq!(told(bare()), none);
    assert_eq!(told(ExitPlanSpec { target_order, single_take_profit, ..plan() }), none);
    assert_eq!(
        told(ExitPlanSpec { target_order, single_take_profit, ..bare() }),
        [
            "target_order has no effect: there are no take_profits",
            "single_take_profit has no effect: there are no take_profits"
        ]
    );
    assert_eq!(
        told(ExitPlanSpec { single_take_profit, fallback_to_single: false, ..plan() }),
        ["single_take_profit has no effect: fallback_to_single is false"]
    );
    assert_eq!(told(ExitPlanSpec { fallback_to_single: false, ..plan() }), none);
    assert_eq!(
        told(ExitPlanSpec { allow_loss: true, merge: Merge::Never, ..plan() }),
        ["allow_loss has no effect: there is no trailing", "merge has no effect: tranches is off"]
    );
}

#[test]
fn a_time_limit_that_the_end_of_every_day_comes_before_is_told() {
    let told = |hours: i64| {
        let close_at = Some(CloseAt { minute: 1320, zone: "Europe/London".to_owned(), weekday: None });
        let time_limit = Some(Span::from_secs(hours * 3600));
        let warnings = shown(ExitPlanSpec { close_at, time_limit, ..plan() }, spec(), PositionSide::Long).warnings;
        warnings.into_iter().find(|text| text.contains("comes first every day"))
    };
    // A day may have 25 hours.
    assert_eq!((told(24), told(25)), (None, None));
    assert!(told(26).is_some_and(|text| text.starts_with("time_limit ")));
}
