//! The crash matrix, enumerated: every point × kind of command × world × venue of faults.md, none sampled.
//!
//! * [`Cell`] is one of the 3,240; here they are counted out, named, and taken back from their names.
//! * [`script`] makes lives of a cell: a plan, prices and acts that bring its command about, and the traps in which the
//!   process dies over it, once, and once more at every point of its recovery.
//! * [`verdict`] plays them: the promises of the storm hold to the end, and what the table says of a restart holds too.
//! * [`report`] counts what passed, what is not there and why, and what failed.

pub mod report;
pub mod script;
pub mod verdict;

use super::life::VenueKind;
use super::trap::{Fate, Point, Reach};
use std::fmt;
use std::str::FromStr;

/// Where the process dies first: k0 to k7, or k8 for "while it recovers".
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Place {
    /// At this point of the command.
    At(Point),
    /// k8: in the middle of sending the command, and then at every point of the recovery from that.
    Recovery,
}

/// What kind of command it dies over.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// The first stop of a position.
    PlaceStop,
    /// A stop moved in place.
    AmendStop,
    /// A resting order taken back.
    Cancel,
    /// The order of a level.
    PlaceTarget,
    /// Everything closed at market.
    MarketExit,
    /// An order that takes the place of another one: both halves.
    Replace,
}

impl Kind {
    /// All of them, in the order of the catalogue.
    pub const ALL: [Self; 6] =
        [Self::PlaceStop, Self::AmendStop, Self::Cancel, Self::PlaceTarget, Self::MarketExit, Self::Replace];

    /// Its name in a table and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PlaceStop => "place-stop",
            Self::AmendStop => "amend-stop",
            Self::Cancel => "cancel",
            Self::PlaceTarget => "place-tp",
            Self::MarketExit => "market-exit",
            Self::Replace => "replace",
        }
    }
}

const REACHES: [(Reach, &str); 3] = [(Reach::Reached, "reached"), (Reach::Lost, "lost"), (Reach::Late, "late")];
const FATES: [(Fate, &str); 4] =
    [(Fate::Open, "open"), (Fate::Partial, "partial"), (Fate::Filled, "filled"), (Fate::Rejected, "rejected")];
const VENUES: [(VenueKind, &str); 5] = [
    (VenueKind::Aster, "aster"),
    (VenueKind::Binance, "binance"),
    (VenueKind::BitgetClassic, "bitget"),
    (VenueKind::BitgetUnified, "bitget-unified"),
    (VenueKind::Ig, "ig"),
];

/// One cell of the matrix.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Cell {
    /// Where.
    pub venue: VenueKind,
    /// Over which command.
    pub kind: Kind,
    /// At which point.
    pub place: Place,
    /// What became of the request.
    pub reach: Reach,
    /// What becomes of the order.
    pub fate: Fate,
}

impl Cell {
    /// All 3,240.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let places: Vec<Place> = Point::ALL.into_iter().map(Place::At).chain([Place::Recovery]).collect();
        let mut cells = Vec::new();
        for (venue, _) in VENUES {
            for kind in Kind::ALL {
                for place in &places {
                    for (reach, _) in REACHES {
                        cells.extend(FATES.map(|(fate, _)| Self { venue, kind, place: *place, reach, fate }));
                    }
                }
            }
        }
        cells
    }

    /// Its number among all, which is also where its chances come from.
    #[must_use]
    pub fn number(self) -> u64 {
        let place = match self.place {
            Place::At(point) => point as u64,
            Place::Recovery => 8,
        };
        let of = |digits: [(u64, u64); 5]| digits.iter().fold(0, |sum, (digit, base)| sum * base + digit);
        let (venue, kind) = (self.venue as u64, self.kind as u64);
        of([(venue, 5), (kind, 6), (place, 9), (self.reach as u64, 3), (self.fate as u64, 4)])
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            Place::At(point) => point.to_string(),
            Place::Recovery => "k8".to_owned(),
        };
        let venue = name_of(&VENUES, self.venue);
        let (reach, fate) = (name_of(&REACHES, self.reach), name_of(&FATES, self.fate));
        write!(f, "{venue}/{}/{place}/{reach}/{fate}", self.kind.name())
    }
}

impl FromStr for Cell {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::all().into_iter().find(|cell| cell.to_string() == text);
        found.ok_or_else(|| {
            format!("{text} is no cell; they are named VENUE/KIND/POINT/REACH/FATE, for example binance/place-stop/k4/late/open")
        })
    }
}

fn name_of<T: Copy + PartialEq>(names: &[(T, &'static str)], one: T) -> &'static str {
    names.iter().find(|(other, _)| *other == one).map_or("", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_3240_cells_and_each_is_told_by_its_name_and_its_number() {
        let cells = Cell::all();
        assert_eq!(cells.len(), 3_240);
        let numbers: BTreeSet<u64> = cells.iter().map(|cell| cell.number()).collect();
        assert_eq!(numbers.len(), 3_240);
        for cell in cells.into_iter().step_by(97) {
            assert_eq!(cell.to_string().parse(), Ok(cell));
        }
    }
}
