//! One thread that writes: many steps share one sync (group commit), and deciding never waits for the disk.
//!
//! After a failure it takes nothing more (F-M04). What may leave without a journal, and when to reopen it, is decided by
//! the caller.

use crate::{Checkpoint, Journal, Step, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

/// Steps waiting at most. A disk that is so far behind is not slow, it has stopped (F-M10).
const WAITING: usize = 16_384;
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
        /// Why.
        error: StoreError,
    },
}

/// The writing thread.
///
/// It takes what is waiting, up to 256 steps, stores it with one sync and says so. Its queue is bounded and handing over
/// never waits. Dropping it stores what is waiting and ends it.
pub struct Writer {
    wishes: Option<SyncSender<Wish>>,
    thread: Option<JoinHandle<Option<StoreError>>>,
    shared: Arc<Shared>,
}

impl Writer {
    /// Starts the thread; `on_done` is called on it after every commit and for every failure.
    #[must_use]
    pub fn start(journal: Box<dyn Journal>, on_done: impl Fn(Done) + Send + 'static) -> Self {
        Self::start_with(journal, WAITING, on_done)
    }

    /// As [`Writer::start`], with room for so many waiting steps.
    #[must_use]
    pub fn start_with(journal: Box<dyn Journal>, waiting: usize, on_done: impl Fn(Done) + Send + 'static) -> Self {
        let (wishes, heard) = sync_channel(waiting);
        let shared = Arc::new(Shared { waiting, ..Shared::default() });
        let hand = Hand { journal, shared: Arc::clone(&shared), on_done, failed: None, through: 0 };
        Self { wishes: Some(wishes), thread: Some(std::thread::spawn(move || hand.run(&heard))), shared }
    }

    /// Hands over something to be stored, without waiting. False when it is not taken: the journal has failed, or so much
    /// is waiting that it counts as failed from this step on. A checkpoint that finds no room is only dropped.
    pub fn submit(&self, work: Work) -> bool {
        let Some(wishes) = self.wishes.as_ref().filter(|_| !self.shared.refuses.load(Ordering::Acquire)) else {
            return false;
        };
        match wishes.try_send(Wish::Store(work)) {
            Ok(()) => true,
            Err(TrySendError::Full(Wish::Store(Work::Step(step)))) => {
                self.shared.behind_from.store(step.record.sequence, Ordering::Release);
                self.shared.refuses.store(true, Ordering::Release);
                // Wakes the thread if it has emptied the queue since. If this finds no room either, it has yet to do so.
                let _ = wishes.try_send(Wish::Look);
                false
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// Waits until everything handed over so far is stored or refused.
    pub fn flush(&self) {
        let (answer, answered) = sync_channel(1);
        if self.wishes.as_ref().is_some_and(|wishes| wishes.send(Wish::Flush(answer)).is_ok()) {
            // When the thread is gone nothing is waiting any more, and this returns at once.
            let _ = answered.recv();
        }
    }

    /// Begins anew after a failure, waiting for it. Returns the number of the last record that is there: what came after
    /// has to be handed over again, in order.
    ///
    /// # Errors
    /// [`StoreError`] when the journal still cannot be used; nothing is taken, as before.
    pub fn reopen(&self) -> Result<u64, StoreError> {
        let (answer, answered) = sync_channel(1);
        let gone = || StoreError::Other { file: "the journal".to_owned(), why: "its thread has ended".to_owned() };
        let wishes = self.wishes.as_ref().ok_or_else(gone)?;
        wishes.send(Wish::Reopen(answer)).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }

    /// Whether the room kept for a full disk is being used up: time to refuse new plans and to alarm (F-M05).
    #[must_use]
    pub fn is_on_reserve(&self) -> bool {
        self.shared.on_reserve.load(Ordering::Acquire)
    }

    /// Stores what is waiting and ends the thread.
    ///
    /// # Errors
    /// The failure it ended in.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.end().map_or(Ok(()), Err)
    }

    fn end(&mut self) -> Option<StoreError> {
        drop(self.wishes.take());
        let ended = self.thread.take()?.join();
        ended.unwrap_or_else(|_| {
            Some(StoreError::Other { file: "the journal".to_owned(), why: "its thread broke off".to_owned() })
        })
    }
}

impl Drop for Writer {
    /// Stores what is waiting, then ends.
    fn drop(&mut self) {
        self.end();
    }
}

/// What the thread is asked for.
enum Wish {
    /// To say when everything before is done.
    Flush(SyncSender<()>),
    /// To look at what is shared.
    Look,
    /// To begin anew.
    Reopen(SyncSender<Result<u64, StoreError>>),
    /// To store something.
    Store(Work),
}

/// What both sides see.
#[derive(Default)]
struct Shared {
    /// The first step that found no room; 0 when there is none.
    behind_from: AtomicU64,
    on_reserve: AtomicBool,
    refuses: AtomicBool,
    waiting: usize,
}

/// What is done with one sync.
#[derive(Default)]
struct Batch {
    steps: Vec<Step>,
    checkpoints: Vec<Checkpoint>,
    last: Option<Wish>,
}

impl Batch {
    /// Takes what is waiting: up to the most that goes together, or to a wish that needs all before it done.
    fn take(first: Wish, heard: &Receiver<Wish>) -> Self {
        let mut batch = Self::default();
        let mut next = Some(first);
        while let Some(wish) = next {
            match wish {
                Wish::Store(Work::Step(step)) => batch.steps.push(*step),
                Wish::Store(Work::Checkpoint(checkpoint)) => batch.checkpoints.push(checkpoint),
                Wish::Look => {}
                Wish::Flush(_) | Wish::Reopen(_) => {
                    batch.last = Some(wish);
                    return batch;
                }
            }
            if batch.steps.len() >= TOGETHER {
                return batch;
            }
            next = heard.try_recv().ok();
        }
        batch
    }
}

/// The thread's own side.
struct Hand<F> {
    journal: Box<dyn Journal>,
    shared: Arc<Shared>,
    on_done: F,
    failed: Option<StoreError>,
    through: u64,
}

impl<F: Fn(Done)> Hand<F> {
    fn run(mut self, heard: &Receiver<Wish>) -> Option<StoreError> {
        self.shared.on_reserve.store(self.journal.is_on_reserve(), Ordering::Release);
        while let Some(first) = self.next(heard) {
            let batch = Batch::take(first, heard);
            self.store(&batch.steps);
            batch.checkpoints.iter().for_each(|checkpoint| self.save(checkpoint));
            self.shared.on_reserve.store(self.journal.is_on_reserve(), Ordering::Release);
            // Who asked may have gone; the answer is then for nobody.
            match batch.last {
                Some(Wish::Flush(answer)) => drop(answer.send(())),
                Some(Wish::Reopen(answer)) => drop(answer.send(self.reopen())),
                Some(Wish::Look | Wish::Store(_)) | None => {}
            }
        }
        self.failed
    }

    /// The next wish. When a step has found no room, everything taken before it is stored first; then it counts as failed.
    fn next(&mut self, heard: &Receiver<Wish>) -> Option<Wish> {
        // Looked at before the queue: an empty one then holds nothing that was taken earlier than that step.
        let behind_from = self.shared.behind_from.load(Ordering::Acquire);
        if behind_from > 0 && self.failed.is_none() {
            if let Ok(wish) = heard.try_recv() {
                return Some(wish);
            }
            let why = StoreError::Behind { file: "the journal".to_owned(), waiting: self.shared.waiting };
            self.fail(behind_from, why);
        }
        heard.recv().ok()
    }

    fn store(&mut self, steps: &[Step]) {
        let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return };
        let stored = match &self.failed {
            Some(why) => Err(why.clone()),
            None => self.journal.append(steps),
        };
        match stored {
            Ok(()) => {
                self.through = last.record.sequence;
                // Whoever is told that it is durable finds out on what.
                self.shared.on_reserve.store(self.journal.is_on_reserve(), Ordering::Release);
                (self.on_done)(Done::Durable { through: self.through });
            }
            Err(why) => self.fail(first.record.sequence, why),
        }
    }

    fn save(&mut self, checkpoint: &Checkpoint) {
        if self.failed.is_some() {
            return;
        }
        match self.journal.save_checkpoint(checkpoint) {
            // Without it a start takes a little longer, nothing else.
            Ok(()) | Err(StoreError::Full { .. } | StoreError::OutOfOrder { .. }) => {}
            Err(why) => self.fail(self.through.max(checkpoint.sequence) + 1, why),
        }
    }

    fn fail(&mut self, from: u64, error: StoreError) {
        self.shared.refuses.store(true, Ordering::Release);
        self.failed = Some(error.clone());
        (self.on_done)(Done::Failed { from, error });
    }

    fn reopen(&mut self) -> Result<u64, StoreError> {
        let last = self.journal.reopen()?;
        self.failed = None;
        self.through = last;
        self.shared.behind_from.store(0, Ordering::Release);
        self.shared.refuses.store(false, Ordering::Release);
        Ok(last)
    }
}
