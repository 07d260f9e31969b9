//! The words that a mixnet's chain and its nodes share.
//!
//! - [`session`]: mixnet sessions, their phases, and what each phase allows (PROTOCOL.md, section 7).
//! - [`mixnode`]: a mixnode as the chain publishes it: its key-exchange key, its peer ID and its addresses.
//! - [`registration`]: how a mixnode is registered for the next session: message, proofs, refusals, status.
//! - [`possession`]: the proof that a registrant holds the secret of its key-exchange key.
//! - [`kx_public`], [`peer_id`], [`address`]: which keys, peer IDs and addresses may be registered.
//!
//! Everything here is SCALE-encoded where it crosses from chain to node, in a layout that the runtime API of the
//! Substrate Mix Network fixes (PROTOCOL.md, section 12).

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod address;
pub mod kx_public;
pub mod mixnode;
pub mod parameters;
pub mod peer_id;
pub mod possession;
pub mod registration;
pub mod session;

pub use address::{check_address, BadAddress};
pub use kx_public::BadKxPublic;
pub use mixnode::{KxPublic, Mixnode, MixnodesError, MixnodesPage, PeerId, Registrant};
pub use parameters::{BadParameters, Parameter, Parameters, SessionParameters};
pub use peer_id::BadPeerId;
pub use possession::PossessionProof;
pub use registration::{
	RegisteredMixnode, Registration, RegistrationAdvice, RegistrationError, RegistrationProofs, RegistrationStatus,
	Standing, SubmitError,
};
pub use session::{RelativeSession, SessionForecast, SessionIndex, SessionPhase, SessionStatus};
