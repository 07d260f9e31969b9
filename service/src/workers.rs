//! The threads that unwrap packets, and the one that builds some.
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
//!
//! One thread more builds cover and copies of requests, one thing at a time ([`Workers::build`]). Building takes milliseconds: in the event
//! loop, packets would leave late by that, and before packets of others in a worker's channel, these would. Whoever has a clock
//! would see what is built.

use mixnet_node_core::{Batch as Packets, Build, Built, Packet, PeerId, Scratch, Unwrapper};
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

/// A thread that unwraps or builds packets has panicked. What it had is lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a thread that unwraps or builds packets has panicked")]
pub struct WorkerDied;

/// A batch's number. Batches are counted as they come.
type Number = u64;

enum Job {
	Open(Number, Unwrapper, Vec<(PeerId, Packet)>),
	Finish(Number, Unwrapper, Packets),
	Build(Build),
}

enum Done {
	Opened(Number, Unwrapper, Packets),
	Finished(Number, Packets),
	Built(Built),
}

/// What a thread has done.
pub enum Ready {
	/// The core is to judge this batch.
	Opened(OpenedBatch),
	/// A batch is finished: see [`Workers::pop`].
	Finished,
	/// The core is to take this.
	Built(Built),
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
	/// To the thread that builds.
	builder: SyncSender<Job>,
	done: mpsc::Receiver<Result<Done, WorkerDied>>,
	/// The batches that are under way, and the finished ones that wait for an earlier one, in the order in which they came.
	batches: VecDeque<Batch>,
	/// The number of the first batch in `batches`.
	first: Number,
}

struct Worker {
	jobs: SyncSender<Job>,
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
	/// Starts this number of threads that unwrap, and the one that builds. They end when the `Workers` are dropped.
	///
	/// # Errors
	/// The operating system did not start one.
	pub fn start(threads: NonZeroUsize) -> io::Result<Self> {
		// There is room for all that can be under way, and for the last word of each thread: no thread waits to send.
		let (done_sender, done) = mpsc::channel((threads.get() + 1) * (MAX_UNDER_WAY + 1));
		let start = |name| -> io::Result<_> {
			let (jobs, receiver) = sync_channel(MAX_UNDER_WAY);
			let done = done_sender.clone();
			thread::Builder::new().name(name).spawn(move || work(receiver, &done))?;
			Ok(jobs)
		};
		let unwraps = |index| Ok(Worker { jobs: start(format!("mixnet-{index}"))?, batches: 0 });
		let workers = (0..threads.get()).map(unwraps).collect::<io::Result<_>>()?;
		let builder = start("mixnet-build".into())?;
		Ok(Self { workers, builder, done, batches: VecDeque::new(), first: 0 })
	}

	/// Has something built that the core wants. There is only one such thing at a time.
	///
	/// # Errors
	/// The thread has died.
	pub fn build(&self, build: Build) -> Result<(), WorkerDied> {
		self.builder.try_send(Job::Build(build)).map_err(|_| WorkerDied)
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
		worker.jobs.try_send(Job::Open(number, unwrapper, packets)).map_err(|_| WorkerDied)
	}

	/// Gives a batch, in which the wanted packets have been noted, back to the worker that opened it.
	///
	/// # Errors
	/// The thread has died.
	pub fn finish(&mut self, opened: OpenedBatch) -> Result<(), WorkerDied> {
		let OpenedBatch { number, packets, unwrapper } = opened;
		if packets.has_wanted() {
			let worker = self.batch(number).worker;
			return self.workers[worker].jobs.try_send(Job::Finish(number, unwrapper, packets)).map_err(|_| WorkerDied);
		}
		self.finished(number, packets);
		Ok(())
	}

	/// Waits until a thread has done something.
	///
	/// # Errors
	/// A thread has died.
	pub async fn next(&mut self) -> Result<Ready, WorkerDied> {
		// The channel is closed only when all threads have ended.
		Ok(match self.done.recv().await.unwrap_or(Err(WorkerDied))? {
			Done::Opened(number, unwrapper, packets) => Ready::Opened(OpenedBatch { number, packets, unwrapper }),
			Done::Finished(number, packets) => {
				self.finished(number, packets);
				Ready::Finished
			},
			Done::Built(built) => Ready::Built(built),
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
fn work(jobs: impl IntoIterator<Item = Job>, done: &mpsc::Sender<Result<Done, WorkerDied>>) {
	// The SDK's panic hook would end the process.
	let _unwinds = AbortGuard::force_unwind();
	let _last_word = LastWord(done);
	let mut scratch = Scratch::new();
	for job in jobs {
		let result = match job {
			Job::Open(number, unwrapper, packets) => {
				let packets = unwrapper.open(&mut scratch, packets);
				Done::Opened(number, unwrapper, packets)
			},
			Job::Finish(number, unwrapper, mut packets) => {
				unwrapper.finish(&mut scratch, &mut packets);
				Done::Finished(number, packets)
			},
			Job::Build(build) => Done::Built(build.run()),
		};
		// There is always room, so an error means that the event loop has ended.
		if done.try_send(Ok(result)).is_err() {
			return;
		}
	}
}

/// Tells the event loop if the thread panics: it would wait for ever otherwise.
struct LastWord<'a>(&'a mpsc::Sender<Result<Done, WorkerDied>>);

impl Drop for LastWord<'_> {
	fn drop(&mut self) {
		if thread::panicking() {
			let _ = self.0.try_send(Err(WorkerDied));
		}
	}
}

#[cfg(test)]
mod tests;
