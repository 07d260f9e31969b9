//! The threads that unwrap packets.
//!
//! Unwrapping is nearly all of a mixnode's work, and needs nothing but keys and the packet. What is then done with a packet
//! depends on all packets before it. So threads of their own unwrap, in batches, on as many cores as there are to spare.
//! The event loop alone decides, in the order in which packets came:
//!
//! ```text
//! event loop        worker      event loop        worker        event loop
//!  packets -------> open ----> judge_batch -----> finish -----> accept, in order
//! ```
//!
//! Replays are found after the first half, so that the dearer second half is not spent on them. Packets are handed over by
//! channels: nobody holds a lock while cryptography is done. No more than [`MAX_UNDER_WAY`] batches for each worker are under
//! way. Until one of them is done, the event loop takes no more from the network's queue, which is bounded and counts the
//! packets that it has no room for. A packet that comes alone does not wait for others: a batch is whatever has come.

use mixnet_node_core::{Batch as Packets, Packet, PeerId, Scratch, Unwrapper};
use sp_panic_handler::AbortGuard;
use std::{
	collections::VecDeque,
	io,
	num::NonZeroUsize,
	sync::mpsc::{sync_channel, SyncSender},
	thread,
};
use tokio::sync::mpsc;

/// Batches that may be under way for each worker: it works at one while another waits.
pub const MAX_UNDER_WAY: usize = 2;

/// A thread that unwraps packets has panicked. The batches that it had are lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a thread that unwraps packets has panicked")]
pub struct WorkerDied;

/// A batch's number. Batches are counted as they come.
type Number = u64;

enum Job {
	Open(Unwrapper, Vec<(PeerId, Packet)>),
	Finish(Unwrapper, Packets),
}

enum Done {
	Opened(Unwrapper, Packets),
	Finished(Packets),
}

/// A batch whose packets are opened. The core is to note which of them are wanted.
pub struct OpenedBatch {
	number: Number,
	/// The packets, in the order in which they came.
	pub packets: Packets,
	unwrapper: Unwrapper,
}

/// The workers, as the event loop sees them.
pub struct Workers {
	workers: Vec<Worker>,
	done: mpsc::Receiver<Result<(Number, Done), WorkerDied>>,
	/// The batches that are under way, and the finished ones that wait for an earlier one, in the order in which they came.
	batches: VecDeque<Batch>,
	/// The number of the first batch in `batches`.
	first: Number,
}

struct Worker {
	jobs: SyncSender<(Number, Job)>,
	/// The number of batches that are under way.
	batches: usize,
}

struct Batch {
	/// The index of the worker that has it.
	worker: usize,
	/// Its packets, once they are finished.
	finished: Option<Packets>,
}

/// The default number of threads on this machine: one for each core, but one core is left to the event loop.
pub fn default_threads() -> NonZeroUsize {
	let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
	NonZeroUsize::new(cores - 1).unwrap_or(NonZeroUsize::MIN)
}

impl Workers {
	/// Starts this number of threads. They end when the `Workers` are dropped.
	///
	/// # Errors
	/// The operating system did not start one.
	pub fn start(threads: NonZeroUsize) -> io::Result<Self> {
		// There is room for all batches that can be under way, and for the last word of each thread: no thread waits to send.
		let (done_sender, done) = mpsc::channel(threads.get() * (MAX_UNDER_WAY + 1));
		let start = |index| {
			let (jobs, receiver) = sync_channel(MAX_UNDER_WAY);
			let done = done_sender.clone();
			thread::Builder::new().name(format!("mixnet-{index}")).spawn(move || work(receiver, &done))?;
			Ok(Worker { jobs, batches: 0 })
		};
		let workers = (0..threads.get()).map(start).collect::<io::Result<_>>()?;
		Ok(Self { workers, done, batches: VecDeque::new(), first: 0 })
	}

	/// Is there room for another batch?
	pub fn has_room(&self) -> bool {
		// Finished batches that wait for an earlier one count as well, since their packets are in memory.
		self.batches.len() < self.workers.len() * MAX_UNDER_WAY
	}

	/// Gives a batch to the worker that has the least to do. There must be [room](Self::has_room).
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

	/// Gives a batch, in which the wanted packets have been noted, back to the worker that opened it.
	///
	/// # Errors
	/// The thread has died.
	pub fn finish(&mut self, opened: OpenedBatch) -> Result<(), WorkerDied> {
		let OpenedBatch { number, packets, unwrapper } = opened;
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

	/// Waits until a batch is opened, and returns it, or until one is finished: see [`Self::pop`].
	///
	/// # Errors
	/// A thread has died.
	pub async fn next(&mut self) -> Result<Option<OpenedBatch>, WorkerDied> {
		// The channel is closed only when all threads have ended.
		let (number, done) = self.done.recv().await.unwrap_or(Err(WorkerDied))?;
		Ok(match done {
			Done::Opened(unwrapper, packets) => Some(OpenedBatch { number, packets, unwrapper }),
			Done::Finished(packets) => {
				self.finished(number, packets);
				None
			},
		})
	}

	/// The packets of the next batch, in the order in which batches came, if it is finished. They are to be accepted.
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

/// What a thread does until the `Workers` are dropped.
fn work(jobs: impl IntoIterator<Item = (Number, Job)>, done: &mpsc::Sender<Result<(Number, Done), WorkerDied>>) {
	// The SDK's panic hook would end the process.
	let _unwinds = AbortGuard::force_unwind();
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
		// There is always room, so an error means that the event loop has ended.
		if done.try_send(Ok((number, result))).is_err() {
			return;
		}
	}
}

/// Tells the event loop if the thread panics: it would wait for ever otherwise.
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
