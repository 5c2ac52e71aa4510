//! A journal with followers: whoever keeps files beside the store hears of every step once it is durable, and not before.
//!
//! Files that others read (the trade log, state files) follow the journal; they never lead it, and a start makes up for
//! what a crash kept from them. Deciding and journal do not wait for them: [`Background`] writes on a thread of its own.

use backstop_store::{Checkpoint, Journal, Loaded, ReadUpdate, Step, StoreError};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Steps that wait for a follower in the background at most.
const WAITING: usize = 4_096;

/// Hears of what has become durable.
pub trait Follower: Send {
    /// Takes note of how tranches stand now, in the order of their records. A follower tells of its own failures.
    fn follow(&mut self, reads: &[ReadUpdate]);
}

/// A journal, and those who follow it.
pub struct Followed {
    journal: Box<dyn Journal>,
    followers: Vec<Box<dyn Follower>>,
}

impl Followed {
    /// Lets these follow `journal`.
    #[must_use]
    pub fn new(journal: Box<dyn Journal>, followers: Vec<Box<dyn Follower>>) -> Self {
        Self { journal, followers }
    }
}

impl Journal for Followed {
    fn append(&mut self, steps: &[Step]) -> Result<(), StoreError> {
        self.journal.append(steps)?;
        for step in steps.iter().filter(|step| !step.reads.is_empty()) {
            self.followers.iter_mut().for_each(|follower| follower.follow(&step.reads));
        }
        Ok(())
    }

    fn save_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        self.journal.save_checkpoint(checkpoint)
    }

    fn load(&self) -> Result<Loaded, StoreError> {
        self.journal.load()
    }

    fn reopen(&mut self) -> Result<u64, StoreError> {
        self.journal.reopen()
    }

    fn is_on_reserve(&self) -> bool {
        self.journal.is_on_reserve()
    }
}

/// A follower on a thread of its own. Dropping it lets it finish what waits.
pub struct Background {
    waiting: Option<SyncSender<Vec<ReadUpdate>>>,
    thread: Option<JoinHandle<()>>,
    behind: Box<dyn Fn() + Send>,
    is_behind: bool,
}

impl Background {
    /// Starts the thread. `behind` is called once when the follower is so far behind that it misses steps; it makes up for
    /// them at the next start.
    #[must_use]
    pub fn start(follower: impl Follower + 'static, behind: impl Fn() + Send + 'static) -> Self {
        Self::start_with(follower, WAITING, behind)
    }

    fn start_with(mut follower: impl Follower + 'static, waiting: usize, behind: impl Fn() + Send + 'static) -> Self {
        let (sender, heard): (SyncSender<Vec<ReadUpdate>>, Receiver<Vec<ReadUpdate>>) = sync_channel(waiting);
        let thread = std::thread::spawn(move || heard.iter().for_each(|reads| follower.follow(&reads)));
        Self { waiting: Some(sender), thread: Some(thread), behind: Box::new(behind), is_behind: false }
    }
}

impl Follower for Background {
    fn follow(&mut self, reads: &[ReadUpdate]) {
        let taken = self.waiting.as_ref().is_some_and(|waiting| waiting.try_send(reads.to_vec()).is_ok());
        if !taken && !std::mem::replace(&mut self.is_behind, true) {
            (self.behind)();
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.waiting.take());
        if let Some(thread) = self.thread.take() {
            // A thread that broke off has told why; nothing of it is needed.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;
    use backstop_model::{Event, Timestamp};
    use backstop_store::{MemoryJournal, Record};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    /// Counts what it hears of, and waits at a door before it does.
    struct Counting {
        heard: Arc<AtomicUsize>,
        door: Arc<Mutex<()>>,
    }

    impl Follower for Counting {
        fn follow(&mut self, reads: &[ReadUpdate]) {
            drop(self.door.lock().unwrap());
            self.heard.fetch_add(reads.len(), Ordering::SeqCst);
        }
    }

    fn step(sequence: u64) -> Step {
        let (at, event) = (Timestamp::EPOCH, Event::Wake);
        let record =
            Record { sequence, at, event, market: vec![], commands: vec![], notices: vec![], fingerprint: None };
        Step { record, reads: vec![crate::state_files::tests::read("BTCUSDT", "1")] }
    }

    #[test]
    fn followers_hear_only_of_what_is_durable() {
        let heard = Arc::new(AtomicUsize::new(0));
        let counting = Counting { heard: Arc::clone(&heard), door: Arc::default() };
        let mut journal = Followed::new(Box::new(MemoryJournal::full_from(2)), vec![Box::new(counting)]);
        journal.append(&[step(1)]).unwrap();
        assert!(journal.append(&[step(2)]).is_err());
        assert_eq!(heard.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn in_the_background_nothing_waits_and_being_behind_is_told_once() {
        let (heard, told, door) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::default());
        let counting = Counting { heard: Arc::clone(&heard), door: Arc::clone(&door) };
        let told_by = Arc::clone(&told);
        let mut background = Background::start_with(counting, 2, move || {
            told_by.fetch_add(1, Ordering::SeqCst);
        });
        let closed = door.lock().unwrap();
        for sequence in 1..=9 {
            background.follow(&step(sequence).reads);
        }
        drop(closed);
        drop(background);
        let heard = heard.load(Ordering::SeqCst);
        assert!((2..=3).contains(&heard), "{heard}");
        assert_eq!(told.load(Ordering::SeqCst), 1);
    }
}
