//! A real store, one bit of which is another one: somebody notices, or it is of no consequence (I23).

use super::Seeded;
use backstop_model::{Event, Timestamp};
use backstop_sim::dice::Dice;
use backstop_store::{Journal, ReadOnly, Record, SqliteJournal, Step};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// In the order of what they break.
pub const SEEDED: &[Seeded] = &[
    Seeded {
        name: "damage-is-the-end",
        wrong: "a record that cannot be read is taken for the end of the journal",
        breaks: "I23",
        plays: |seed, bug| play(seed, flip, if bug { until_the_damage } else { read }),
    },
    Seeded {
        name: "sums-made-good",
        wrong: "what has been changed is written with the sums that fit it",
        breaks: "I23",
        plays: |seed, bug| play(seed, if bug { rewrite } else { flip }, read),
    },
];

/// Records of the store that is damaged.
const RECORDS: u64 = 60;

/// What somebody reads in a store; nothing when it is noticed that it is not what was written.
type Reads = fn(&Path) -> Option<Vec<Record>>;
/// What becomes of the bytes of a store on the disk, and how that is told.
type Damages = fn(&Path, &mut Dice) -> String;

fn play(seed: u64, damages: Damages, reads: Reads) -> Option<String> {
    let folder = Folder::new(seed);
    let path = folder.0.join("store.db");
    fs::write(&path, written()).expect("the folder for temporary files takes a store");
    let told = damages(&path, &mut Dice::new(seed, 23));
    let read = reads(&path)?;
    (read != records()).then(|| format!("{told}, and {} of {RECORDS} records are believed", read.len()))
}

/// The production reader, and its whole check.
fn read(path: &Path) -> Option<Vec<Record>> {
    let reader = ReadOnly::open(path).ok()?;
    let records = reader.records().ok()?;
    reader.verify().is_ok().then_some(records)
}

fn until_the_damage(path: &Path) -> Option<Vec<Record>> {
    ReadOnly::open(path).ok().map(|reader| reader.whole_records().0)
}

/// One bit, anywhere.
fn flip(path: &Path, dice: &mut Dice) -> String {
    let mut bytes = fs::read(path).expect("it was just written");
    let at = dice.below(u32::try_from(bytes.len()).unwrap_or(u32::MAX)) as usize;
    let bit = dice.below(8);
    bytes[at] ^= 1 << bit;
    fs::write(path, bytes).expect("it was just written");
    format!("bit {bit} of byte {at} is another one")
}

/// One bit of when something happened, in a store that is made anew around it.
fn rewrite(path: &Path, dice: &mut Dice) -> String {
    let (number, bit) = (dice.below(u32::try_from(RECORDS).unwrap_or(1)) as usize, dice.below(40));
    let mut changed = records();
    changed[number].at = Timestamp::from_nanos(changed[number].at.as_nanos() ^ (1 << bit));
    fs::remove_file(path).expect("it was just written");
    write(path, changed);
    format!("bit {bit} of the time of record {} is another one", number + 1)
}

fn records() -> Vec<Record> {
    let at = |sequence| Timestamp::from_nanos(1_700_000_000_000_000_000 + i64::try_from(sequence).unwrap_or(0));
    let record = |sequence| Record {
        sequence,
        at: at(sequence),
        event: Event::Wake,
        market: Vec::new(),
        commands: Vec::new(),
        notices: Vec::new(),
        fingerprint: None,
    };
    (1..=RECORDS).map(record).collect()
}

/// Everything is in one file when it is closed.
fn write(path: &Path, records: Vec<Record>) {
    let mut journal = SqliteJournal::open_with_ballast(path, 0).expect("the folder for temporary files takes a store");
    let steps: Vec<Step> = records.into_iter().map(|record| Step { record, reads: Vec::new() }).collect();
    journal.append(&steps).expect("the folder for temporary files takes a store");
}

/// Making it takes longer than looking at it, so it is made once.
fn written() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let folder = Folder::new(0);
        let path = folder.0.join("store.db");
        write(&path, records());
        fs::read(&path).expect("it was just written")
    })
}

/// A folder of its own, gone in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(seed: u64) -> Self {
        let thread = format!("{:?}", std::thread::current().id()).replace(|one: char| !one.is_ascii_digit(), "");
        let name = format!("backstop-flips-{}-{thread}-{seed}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("there is a folder for temporary files");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
