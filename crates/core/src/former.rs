//! Checkpoints of the former form, in which everything that a position, what is open of it, and a tranche have only now and
//! then stood among their own fields, and one field had another name. Nothing writes it any more.

use crate::Engine;
use serde_json::{Map, Value};

const OF_POSITION: [&str; 8] = ["annulled", "assumed", "drilled_at", "owed", "past", "unmatched", "unseen", "wishes"];
const OF_LIVE: [&str; 4] = ["foreign", "foreign_exits", "premium", "told_thin"];
const OF_TRANCHE: [&str; 12] = [
    "elsewhere",
    "end_of_day",
    "part",
    "part_reason",
    "premium_paid",
    "proposal",
    "resize_at",
    "sacrificed",
    "spacing",
    "stop_passed",
    "unproven",
    "weekend",
];

impl Engine {
    /// Reads a checkpoint, of this form or the former one.
    ///
    /// # Errors
    /// When it is no checkpoint of either form.
    pub fn read(saved: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(saved).or_else(|why| {
            let mut former: Value = serde_json::from_str(saved)?;
            let positions = former.get_mut("positions").and_then(Value::as_array_mut);
            positions.into_iter().flatten().filter_map(Value::as_object_mut).for_each(renew);
            serde_json::from_value(former).map_err(|_| why)
        })
    }
}

fn renew(position: &mut Map<String, Value>) {
    if let Some(at) = position.remove("newest_fill") {
        position.insert("as_of".to_owned(), at);
    }
    set_aside(position, &OF_POSITION);
    let Some(live) = position.get_mut("live").and_then(Value::as_object_mut) else { return };
    set_aside(live, &OF_LIVE);
    let tranches = live.get_mut("tranches").and_then(Value::as_array_mut).into_iter().flatten();
    tranches.filter_map(Value::as_object_mut).for_each(|tranche| set_aside(tranche, &OF_TRANCHE));
}

fn set_aside(written: &mut Map<String, Value>, names: &[&str]) {
    let found: Map<String, Value> = names.iter().filter_map(|name| written.remove_entry(*name)).collect();
    written.entry("aside").or_insert(Value::Object(found));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;
    use crate::exits::ladder::LevelState;

    const FORMER: &str = r#"{"accounts":{},"plans":{},"symbol_plans":[],"markets":[],"now":12,"positions":[POSITION]}"#;

    /// A position as it was written when every field stood in the position itself and a level knew when it was hit.
    const BEFORE: &str = r#"{"key":{"account":0,"instrument":0,"side":"long"},"scope":518759131,"epoch":1,"shown":0,"assigned":null,
        "live":{"tranches":[{"id":1,"opened_at":0,"window":1,"original":"0.1","remaining":"0.06","cost":"4990","cost_left":"2994",
        "entry_price":"49900","entry_fees":"0","fees":"0","funding":"0","funding_paid":"0","premium_paid":"1","main_order":"v",
        "initial_stop":"48902","levels":[{"number":1,"price":"51397","planned":"0.04","filled":"0.04","state":{"Hit":{"at":7}},
        "instant":{"Past":{"since":5}},"refusals":0}],"stop":{"price":"48902","basis":"Initial"},
        "proposal":{"price":"49900","basis":"BreakEven"},"trail":null,"trail_not_before":null,"exits":[{"level":1,
        "reason":"take_profit","quantity":"0.04","cash":"2055.88","cost":"1996","profit":"59.88","at":7,"complete":true,
        "new_stop":null}],"breakeven_at":"50500","soft_stop":null,"part":"0.01","part_reason":null,"unproven":"0.02","closing":null,
        "weekend":9,"end_of_day":null,"stop_passed":8,"trigger":null,"sacrificed":3,"resize_at":11,"was_protected":true,
        "revisions":[["Stop",1],[{"Target":1},2]],"retries":[["Close",{"at":3,"refusals":1,"in_row":1,"since":2}]]}],
        "last_tranche":1,"plan":null,"protection":{"unprotected_since":null,"longest":0,"alarmed":false,"was_protected":true},
        "mismatch":null,"liquidation":"45000","whole":{"revision":2,"retry":null},"premium":"1","adoption":"Managed",
        "foreign":[{"venue_id":"theirs","price":"48000","quantity":null}],"foreign_exits":[],"told_conflict":false,"told_own":false,
        "attached_at":0,"paused":false,"suspended":false,"told_worth":false,"told_thin":"2","read_until":null},"orders":[],
        "drilled_at":4,"entries":[],"wishes":["place stop"],"newest_fill":7,"known_fills":["entry-0"],
        "owed":[{"fill":"hit","epoch":1,"opens":false,"parts":[[1,"0.04"]]}],"annulled":["gone"]}"#;

    #[test]
    fn a_checkpoint_of_the_former_form_is_read_and_nothing_of_it_is_lost() {
        let engine = Engine::read(&FORMER.replace("POSITION", BEFORE)).unwrap();
        let tranche = &engine.positions[0].live.as_ref().unwrap().tranches[0];
        assert_eq!(tranche.levels[0].state, LevelState::Hit {});
        let mut before: Value = serde_json::from_str(BEFORE).unwrap();
        renew(before.as_object_mut().unwrap());
        before["live"]["tranches"][0]["levels"][0]["state"]["Hit"] = Value::Object(Map::new());
        assert_eq!(serde_json::to_value(&engine.positions[0]).unwrap(), before);
        let saved = serde_json::to_string(&engine).unwrap();
        assert_eq!(Engine::read(&saved).unwrap().positions, engine.positions);
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        assert!(Engine::read("{}").is_err());
        assert!(Engine::read(&FORMER.replace("POSITION", "7")).is_err());
    }
}
