//! The mix network protocol, without I/O, clock, threads or randomness of its own.
//!
//! A [`Mixnet`] is one node's whole protocol state. A driver tells it what happened (packets, timers, connections, what
//! the chain says, what its user wants) and when, and polls it for what to do: packets to send, events, and the time at
//! which it wants to be called again. The same seed and the same inputs give the same outputs.
//!
//! ```
//! # use mixnet_node_core::{ChainSession, Config, Mixnet, MixnodesError, RelativeSession, SessionPhase, SessionStatus, Time};
//! # use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
//! # let (now, local_peer_id, rng) = (Time::ZERO, [1; 32].into(), ChaChaRng::from_seed([0; 32]));
//! # fn ask_the_chain(index: u32) -> ChainSession {
//! #     ChainSession::new(index, Err(MixnodesError::InsufficientRegistrations { num: 0, min: 4 }))
//! # }
//! let mut mixnet = Mixnet::new(Config::default(), local_peer_id, rng, None)?;
//! // At every finalised block: the status, and those sessions that are not known yet.
//! let status = SessionStatus { current_index: 7, phase: SessionPhase::DisconnectFromPrev };
//! mixnet.set_status(now, status);
//! for session in mixnet.wanted_mixnodes() {
//!     if let Some(index) = session.index(status.current_index) {
//!         mixnet.set_session(now, ask_the_chain(index));
//!     }
//! }
//! // After every call that takes `now`, in this order:
//! while let Some(packet) = mixnet.poll_transmit() {
//!     // .. send packet.packet to packet.peer_id
//! }
//! while let Some(event) = mixnet.poll_event() {
//!     // .. handle it
//! }
//! if let Some(at) = mixnet.poll_timeout() {
//!     // .. call mixnet.handle_timeout(at) then
//! }
//! # Ok::<(), mixnet_node_core::ConfigError>(())
//! ```
//!
//! # When to poll again
//!
//! | after | [`poll_transmit`](Mixnet::poll_transmit) | [`poll_event`](Mixnet::poll_event) | [`poll_timeout`](Mixnet::poll_timeout) |
//! |---|---|---|---|
//! | [`set_status`](Mixnet::set_status), [`set_session`](Mixnet::set_session) | yes | yes | yes |
//! | [`handle_timeout`](Mixnet::handle_timeout) | yes | yes | yes |
//! | [`handle_packet`](Mixnet::handle_packet), [`handle_packets`](Mixnet::handle_packets), [`accept`](Mixnet::accept) | yes | yes | yes |
//! | [`peer_connected`](Mixnet::peer_connected), [`peer_disconnected`](Mixnet::peer_disconnected) | yes | yes | yes |
//! | [`post_request`](Mixnet::post_request), [`cancel_request`](Mixnet::cancel_request), [`post_reply`](Mixnet::post_reply) | yes | yes | yes |
//! | [`poll_transmit`](Mixnet::poll_transmit) | until it returns `None` | yes | yes |
//! | [`poll_build`](Mixnet::poll_build) | | yes | yes |
//! | [`accept_built`](Mixnet::accept_built) | yes | yes | yes |
//! | [`poll_event`](Mixnet::poll_event) | | until it returns `None` | |
//! | [`abandon_request`](Mixnet::abandon_request), the keys, everything that takes `&self` | | | |
//!
//! "Yes" is for "there may be something new". Every call that takes `now` moves time forward, and with it whatever is due:
//! that is why they are all in the table. Polling for nothing does no harm.
//!
//! # Threads
//!
//! Packets that came together are handed over together ([`Mixnet::handle_packets`]): the more there are, the less each
//! costs. A driver with threads to spare lets them do nearly all of the work, in two steps. An [`Unwrapper`] opens a
//! [`Batch`]; the core [judges](Mixnet::judge_batch) which packets are worth finishing; the unwrapper finishes those; and
//! the core [accepts](Mixnet::accept) the batch:
//!
//! ```
//! # use mixnet_node_core::{Config, Mixnet, Packet, PeerId, Scratch, Time};
//! # use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
//! # let (now, local_peer_id, rng) = (Time::ZERO, [1; 32].into(), ChaChaRng::from_seed([0; 32]));
//! # let mut mixnet = Mixnet::new(Config::default(), local_peer_id, rng, None)?;
//! # let packets: Vec<(PeerId, Packet)> = vec![([2; 32].into(), [0; 2252].into())];
//! // To be renewed after `set_status` and `set_session`.
//! let unwrapper = mixnet.unwrapper();
//! // One for each thread.
//! let mut scratch = Scratch::new();
//! // On any thread:
//! let mut batch = unwrapper.open(&mut scratch, packets);
//! // On the thread that owns the core:
//! mixnet.judge_batch(&mut batch);
//! // On any thread:
//! unwrapper.finish(&mut scratch, &mut batch);
//! // On the thread that owns the core, batch by batch in the order in which they came:
//! mixnet.accept(now, batch);
//! # Ok::<(), mixnet_node_core::ConfigError>(())
//! ```
//!
//! Building takes time, too, and a packet that is late by it shows what was built. A driver that sets
//! [`driver_builds`](Config::driver_builds) builds on another thread. It asks for something to
//! be built whenever it polls. It gets one thing at a time:
//!
//! ```
//! # use mixnet_node_core::{Config, Mixnet, Time};
//! # use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
//! # let (now, local_peer_id, rng) = (Time::ZERO, [1; 32].into(), ChaChaRng::from_seed([0; 32]));
//! let config = Config { driver_builds: true, ..Config::default() };
//! let mut mixnet = Mixnet::new(config, local_peer_id, rng, None)?;
//! if let Some(build) = mixnet.poll_build() {
//!     // On any thread:
//!     let built = build.run();
//!     // On the thread that owns the core:
//!     mixnet.accept_built(now, built);
//! }
//! # Ok::<(), mixnet_node_core::ConfigError>(())
//! ```
//!
//! # Map
//!
//! From the bottom to the top; a module uses only those above it in this list.
//!
//! - `time`, `bytes`: points in time, and the sizes of collections.
//! - `sphinx`: the packet format: building, unwrapping, SURBs; one by one and in batches.
//! - `replay`: no packet is acted on twice.
//! - `message`: messages in fragments, and the keys of SURBs.
//! - `parameters`, `config`, `resting`, `statistics`: what the chain sets, what a node may choose, why the mixnet rests, and
//!   counters with a reason for every drop.
//! - [`request`]: what requests say, how they are repeated, and how replies are remembered.
//! - `traffic`: Poisson clocks, cover and queues.
//! - `topology`: gateways, routes and peers to stay connected to.
//! - `loops`: loop cover accounted for: losses, and who causes them.
//! - `session`: keys, slots and phases.
//! - `mixnet`: the state machine, which owns all of these. `memory` adds up what they take.
//!
//! # The feature `unstable`
//!
//! The public API is [`Mixnet`], [`Config`], [`Event`], the errors, [`Unwrapper`], and what these mention. With the feature
//! `unstable` the crate also shows `sphinx`, `replay`, `message`, `traffic` and `loops`, and a few methods for measurements. **Anything
//! behind it may change at any time.** It is for fuzzers, benchmarks and the simulation, which are workspaces of their own:
//! in the workspace of a node, cargo would unify the feature into the node.

#![cfg_attr(not(any(feature = "std", test)), no_std)]

extern crate alloc;

// Some of what is `pub` in these modules is used behind the feature only. Five are declared twice; `make mutants` is to see
// them once.

mod bytes;
mod config;
#[cfg(not(feature = "unstable"))]
#[allow(dead_code, unused_imports)]
mod loops;
#[cfg(feature = "unstable")]
#[cfg_attr(false, mutants::skip)]
pub mod loops;
mod memory;
#[cfg(not(feature = "unstable"))]
#[allow(dead_code, unused_imports)]
mod message;
#[cfg(feature = "unstable")]
#[cfg_attr(false, mutants::skip)]
pub mod message;
mod mixnet;
mod parameters;
#[cfg(not(feature = "unstable"))]
#[allow(dead_code, unused_imports)]
mod replay;
#[cfg(feature = "unstable")]
#[cfg_attr(false, mutants::skip)]
pub mod replay;
pub mod request;
mod resting;
mod session;
#[cfg(not(feature = "unstable"))]
#[allow(dead_code, unused_imports)]
mod sphinx;
#[cfg(feature = "unstable")]
#[cfg_attr(false, mutants::skip)]
pub mod sphinx;
mod statistics;
mod time;
mod topology;
#[cfg(not(feature = "unstable"))]
#[allow(dead_code, unused_imports)]
mod traffic;
#[cfg(feature = "unstable")]
#[cfg_attr(false, mutants::skip)]
pub mod traffic;

pub use config::{Config, ConfigError, LoopConfig, ReplyConfig, RequestConfig};
pub use loops::{Alarm, LinkScore, LoopReport, LossEstimate, MixnodeScore, RoundTrips, Score};
pub use message::{max_data, MessageId};
pub use mixnet::{
	Batch, Build, Built, ChainSession, Event, Mixnet, PostError, ReplyError, ReservedPeer, Role, Unwrapper, MAX_BATCH,
};
pub use mixnet_primitives::{
	BadParameters, KxPublic, Mixnode, MixnodesError, Parameters, PeerId, PossessionProof, RelativeSession,
	SessionIndex, SessionPhase, SessionStatus,
};
pub use request::{HandlingDelay, ReplyTo, RequestError, RequestId};
pub use resting::RestingReason;
pub use sphinx::{Backend, KxSecret, MixnodeIndex, Packet, Scratch, WrongSize, PACKET_SIZE};
pub use statistics::{DropReason, Statistics};
pub use time::Time;
pub use traffic::AddressedPacket;
