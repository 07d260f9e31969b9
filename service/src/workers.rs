//! The threads that unwrap.
//!
//! Unwrapping is nearly all of a mixnode's work, and needs nothing but keys and the packet; what is then done with a packet
//! depends on all that came before it. So threads of their own unwrap, in batches, as many as there are cores to spare,
//! and the event loop alone decides, in the order in which packets came:
//!
//! ```text
//! event loop        worker      event loop        worker        event loop
//!  packets -------> open ----> judge_batch -----> finish -----> accept, in order
//! ```
//!
//! Replays are found in between, so that they do not get the dearer half of unwrapping. All is handed over by channels:
//! nobody holds a lock while cryptography is done. No more than [`MAX_UNDER_WAY`] batches for each worker are under way;
//! until one of them is done, the event loop takes no more from the network's queue, which is bounded and counts what it
//! has no room for. A packet that comes alone does not wait for others: a batch is what has come.

use mixnet_node_core::{Batch as Packets, Packet, PeerId, Scratch, Unwrapper};
use std::{
	collections::VecDeque,
	io,
	num::NonZeroUsize,
	sync::mpsc::{sync_channel, Receiver, SyncSender},
	thread,
};
use tokio::sync::mpsc;

/// Batches that may be under way for each worker: while one is worked at, another waits.
pub const MAX_UNDER_WAY: usize = 2;

/// A thread that unwraps has panicked; what it was given is lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a thread that unwraps packets has panicked")]
pub struct WorkerDied;

/// The number of a batch: they are counted as they come.
type Number = u64;

enum Job {
	Open(Unwrapper, Vec<(PeerId, Packet)>),
	Finish(Unwrapper, Packets),
}

enum Done {
	Opened(Unwrapper, Packets),
	Finished(Packets),
}

/// A batch whose packets are opened: those that are wanted are to be noted.
pub struct Opened {
	number: Number,
	/// The packets, in the order in which they came.
	pub packets: Packets,
	unwrapper: Unwrapper,
}

/// The event loop's end.
pub struct Workers {
	workers: Vec<Worker>,
	done: mpsc::Receiver<Result<(Number, Done), WorkerDied>>,
	/// The batches that are under way and those that wait for them, in the order in which they came.
	batches: VecDeque<Batch>,
	/// The number of the first of them.
	first: Number,
}

struct Worker {
	jobs: SyncSender<(Number, Job)>,
	/// Batches that are under way.
	batches: usize,
}

struct Batch {
	/// Who works at it.
	worker: usize,
	/// The packets, once they are finished.
	finished: Option<Packets>,
}

/// How many threads make sense on this machine: one for each core but the event loop's.
pub fn default_threads() -> NonZeroUsize {
	let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
	NonZeroUsize::new(cores - 1).unwrap_or(NonZeroUsize::MIN)
}

impl Workers {
	/// Starts so many threads. They end when this is dropped.
	///
	/// # Errors
	/// The operating system gives no threads.
	pub fn start(threads: NonZeroUsize) -> io::Result<Self> {
		// Room for all that can be under way, and for the last word of each thread: nobody ever waits to send.
		let (done_sender, done) = mpsc::channel(threads.get() * (MAX_UNDER_WAY + 1));
		let start = |index| {
			let (jobs, receiver) = sync_channel(MAX_UNDER_WAY);
			let done = done_sender.clone();
			thread::Builder::new().name(format!("mixnet-{index}")).spawn(move || work(&receiver, &done))?;
			Ok(Worker { jobs, batches: 0 })
		};
		let workers = (0..threads.get()).map(start).collect::<io::Result<_>>()?;
		Ok(Self { workers, done, batches: VecDeque::new(), first: 0 })
	}

	/// May another batch come?
	pub fn has_room(&self) -> bool {
		// Those that wait for an earlier one count as well: the packets are in memory.
		self.batches.len() < self.workers.len() * MAX_UNDER_WAY
	}

	/// Gives a batch to the thread that has the least to do. There must be [room](Self::has_room).
	///
	/// # Errors
	/// The thread has died.
	pub fn open(&mut self, unwrapper: Unwrapper, packets: Vec<(PeerId, Packet)>) -> Result<(), WorkerDied> {
		let number = self.first + self.batches.len() as Number;
		let (index, worker) =
			self.workers.iter_mut().enumerate().min_by_key(|(_, worker)| worker.batches).ok_or(WorkerDied)?;
		worker.batches += 1;
		self.batches.push_back(Batch { worker: index, finished: None });
		worker.jobs.try_send((number, Job::Open(unwrapper, packets))).map_err(|_| WorkerDied)
	}

	/// Gives a batch back to the thread that opened it, in which the wanted packets have been noted.
	///
	/// # Errors
	/// The thread has died.
	pub fn finish(&mut self, opened: Opened) -> Result<(), WorkerDied> {
		let Opened { number, packets, unwrapper } = opened;
		if packets.has_wanted() {
			let worker = self.batch(number).worker;
			return self.workers[worker]
				.jobs
				.try_send((number, Job::Finish(unwrapper, packets)))
				.map_err(|_| WorkerDied);
		}
		self.finished(number, packets);
		Ok(())
	}

	/// Waits until a batch is opened, which is returned, or finished: see [`Self::pop`].
	///
	/// # Errors
	/// A thread has died.
	pub async fn next(&mut self) -> Result<Option<Opened>, WorkerDied> {
		// Only when there are no threads any more is there nothing to come.
		let (number, done) = self.done.recv().await.unwrap_or(Err(WorkerDied))?;
		Ok(match done {
			Done::Opened(unwrapper, packets) => Some(Opened { number, packets, unwrapper }),
			Done::Finished(packets) => {
				self.finished(number, packets);
				None
			},
		})
	}

	/// The packets of the next batch, in the order in which batches came, if it is finished: to be accepted.
	pub fn pop(&mut self) -> Option<Packets> {
		let packets = self.batches.front_mut()?.finished.take()?;
		self.batches.pop_front();
		self.first += 1;
		Some(packets)
	}

	fn finished(&mut self, number: Number, packets: Packets) {
		let batch = self.batch(number);
		batch.finished = Some(packets);
		let worker = batch.worker;
		self.workers[worker].batches -= 1;
	}

	fn batch(&mut self, number: Number) -> &mut Batch {
		&mut self.batches[(number - self.first) as usize]
	}
}

/// What a thread does until nobody has jobs for it any more.
fn work(jobs: &Receiver<(Number, Job)>, done: &mpsc::Sender<Result<(Number, Done), WorkerDied>>) {
	let _last_word = LastWord(done);
	let mut scratch = Scratch::new();
	for (number, job) in jobs {
		let result = match job {
			Job::Open(unwrapper, packets) => {
				let packets = unwrapper.open(&mut scratch, packets);
				Done::Opened(unwrapper, packets)
			},
			Job::Finish(unwrapper, mut packets) => {
				unwrapper.finish(&mut scratch, &mut packets);
				Done::Finished(packets)
			},
		};
		// There is room, so the event loop is gone.
		if done.try_send(Ok((number, result))).is_err() {
			return;
		}
	}
}

/// Says so if its thread panics: the event loop would wait for ever.
struct LastWord<'a>(&'a mpsc::Sender<Result<(Number, Done), WorkerDied>>);

impl Drop for LastWord<'_> {
	fn drop(&mut self) {
		if thread::panicking() {
			let _ = self.0.try_send(Err(WorkerDied));
		}
	}
}

#[cfg(test)]
mod tests;
