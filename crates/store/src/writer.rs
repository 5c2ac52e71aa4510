//! One thread that writes: many steps share one sync (group commit), and deciding never waits for the disk.

use crate::{Checkpoint, Journal, Step};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Steps waiting at most; beyond that the caller waits, so memory stays bounded.
const WAITING: usize = 4_096;
/// Steps in one transaction at most.
const TOGETHER: usize = 256;

/// Something to be stored.
pub enum Work {
    /// The engine's state.
    Checkpoint(Checkpoint),
    /// A record with its read models.
    Step(Box<Step>),
}

/// What became of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Done {
    /// Everything up to this record is durable.
    Durable {
        /// The last record.
        through: u64,
    },
    /// From this record on nothing is stored any more.
    Failed {
        /// The first record that is not stored.
        from: u64,
        /// Why, for people.
        error: String,
    },
}

/// The writing thread.
pub struct Writer {
    work: Option<SyncSender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread; `on_done` is called on it after every commit and for every failure.
    #[must_use]
    pub fn start(journal: Box<dyn Journal>, on_done: impl Fn(Done) + Send + 'static) -> Self {
        let (sender, receiver) = sync_channel(WAITING);
        let thread = std::thread::spawn(move || write(journal, &receiver, &on_done));
        Self { work: Some(sender), thread: Some(thread) }
    }

    /// Hands over something to be stored. False when the thread is gone: the journal has failed.
    pub fn submit(&self, work: Work) -> bool {
        self.work.as_ref().is_some_and(|sender| sender.send(work).is_ok())
    }
}

impl Drop for Writer {
    /// Stores what is waiting, then ends.
    fn drop(&mut self) {
        drop(self.work.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write(mut journal: Box<dyn Journal>, work: &Receiver<Work>, on_done: &(impl Fn(Done) + Send)) {
    let mut failed: Option<String> = None;
    while let Ok(first) = work.recv() {
        let mut steps = Vec::new();
        let mut checkpoints = Vec::new();
        let waiting = std::iter::once(first).chain(std::iter::from_fn(|| work.try_recv().ok())).take(TOGETHER);
        for work in waiting {
            match work {
                Work::Step(step) => steps.push(*step),
                Work::Checkpoint(checkpoint) => checkpoints.push(checkpoint),
            }
        }
        if failed.is_none() && !steps.is_empty() {
            failed = journal.append(&steps).err().map(|why| why.to_string());
        }
        if failed.is_none() {
            failed = checkpoints
                .iter()
                .find_map(|checkpoint| journal.save_checkpoint(checkpoint).err())
                .map(|why| why.to_string());
        }
        let (Some(from), Some(through)) =
            (steps.first().map(|step| step.record.sequence), steps.last().map(|step| step.record.sequence))
        else {
            continue;
        };
        on_done(match &failed {
            None => Done::Durable { through },
            Some(error) => Done::Failed { from, error: error.clone() },
        });
    }
}
