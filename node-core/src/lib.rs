//! The mix network protocol, without I/O, clock, threads or randomness of its own.
//!
//! A [`Mixnet`] is one node's whole protocol state. A driver tells it what happened (packets, timers, connections, what
//! the chain says, what its user wants) and when, and polls it for what to do: packets to send, events, and the time at
//! which it wants to be called again. The same seed and the same inputs give the same outputs.
//!
//! ```
//! # use mixnet_node_core::{Config, Mixnet, SessionPhase, SessionStatus, Time};
//! # use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
//! # let (now, local_peer_id, rng) = (Time::ZERO, [1; 32].into(), ChaChaRng::from_seed([0; 32]));
//! let mut mixnet = Mixnet::new(Config::default(), local_peer_id, rng, None)?;
//! mixnet.set_session_status(now, SessionStatus { current_index: 7, phase: SessionPhase::DisconnectFromPrev });
//! for session in mixnet.wanted_mixnodes() {
//!     // .. ask the chain, then mixnet.set_mixnodes(now, index, mixnodes)
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
//! Packets that came together are handed over together ([`Mixnet::handle_packets`]): the more, the less each costs. A
//! driver with threads to spare has them do nearly all of it, with an [`Unwrapper`], and [accepts](Mixnet::accept) what
//! they made of the packets, in order:
//!
//! ```
//! # use mixnet_node_core::{sphinx::{Backend, BatchUnwrapper}, Config, Mixnet, Packet, PeerId, Time};
//! # use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
//! # let (now, local_peer_id, rng) = (Time::ZERO, [1; 32].into(), ChaChaRng::from_seed([0; 32]));
//! # let mut mixnet = Mixnet::new(Config::default(), local_peer_id, rng, None)?;
//! # let packets: Vec<(PeerId, Packet)> = vec![([2; 32].into(), [0; 2252].into())];
//! // To be renewed when the session status or the mixnodes of a session were told.
//! let unwrapper = mixnet.unwrapper();
//! let worker = std::thread::spawn(move || {
//!     let (mut scratch, mut batch) = (BatchUnwrapper::new(Backend::best()), Vec::new());
//!     unwrapper.open(&mut scratch, packets, &mut batch);
//!     scratch.finish(&mut batch, |_| true);
//!     batch
//! });
//! for received in worker.join().unwrap() {
//!     mixnet.accept(now, received);
//! }
//! # Ok::<(), mixnet_node_core::ConfigError>(())
//! ```
//!
//! # Map
//!
//! - [`mixnet`](Mixnet): the state machine, which owns everything below.
//! - [`sphinx`]: the packet format: building, unwrapping, SURBs; one by one and in batches.
//! - [`replay`]: no packet is acted on twice.
//! - [`message`]: messages in fragments, and the keys of SURBs.
//! - `session`: keys, slots and phases.
//! - `topology`: gateways, routes and peers to stay connected to.
//! - `traffic`: Poisson clocks, cover and queues.
//! - [`loops`]: loop cover, accounted for: losses, and whose they are.
//! - [`request`]: what requests say, how they are repeated, and how replies are remembered.
//! - [`statistics`]: counters, and a reason for every drop.

#![cfg_attr(not(any(feature = "std", test)), no_std)]

extern crate alloc;

pub mod config;
pub mod loops;
mod memory;
pub mod message;
mod mixnet;
mod parameters;
pub mod replay;
pub mod request;
mod session;
pub mod sphinx;
pub mod statistics;
pub mod time;
mod topology;
mod traffic;

pub use config::{Config, ConfigError, LoopConfig, ReplyConfig, RequestConfig};
pub use loops::{Alarm, LoopReport};
pub use message::MessageId;
pub use mixnet::{
	AddressedPacket, Event, Mixnet, PostError, ReceivedPacket, ReplyError, ReservedPeer, Role, Unwrapper, MAX_BATCH,
};
pub use mixnet_primitives::{
	BadParameters, KxPublic, Mixnode, MixnodesError, Parameters, PeerId, PossessionProof, RelativeSession,
	SessionIndex, SessionPhase, SessionStatus,
};
pub use request::{HandlingDelay, ReplyTo, RequestError, RequestId};
pub use session::DisabledReason;
pub use sphinx::{KxSecret, MixnodeIndex, Packet};
pub use statistics::{DropReason, Statistics};
pub use time::Time;
