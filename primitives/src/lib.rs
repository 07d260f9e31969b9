//! The words that a mixnet's chain and its nodes share.
//!
//! - [`session`]: mixnet sessions, their phases, and what each phase allows (PROTOCOL.md, section 7).
//! - [`mixnode`]: a mixnode as the chain publishes it: its key-exchange key, its peer ID and its addresses.
//! - [`registration`]: how a mixnode is registered for the next session: message, proofs, refusals, status.
//!
//! Everything here is SCALE-encoded where it crosses from chain to node, in a layout that the runtime API of the
//! Substrate Mix Network fixes (PROTOCOL.md, section 12).

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod mixnode;
pub mod parameters;
pub mod registration;
pub mod session;

pub use mixnode::{KxPublic, Mixnode, MixnodesError, MixnodesPage, PeerId, Registrant};
pub use parameters::{BadParameters, Parameter, Parameters, SessionParameters};
pub use registration::{
	RegisteredMixnode, Registration, RegistrationAdvice, RegistrationError, RegistrationProofs, RegistrationStatus,
	Standing, SubmitError,
};
pub use session::{RelativeSession, SessionForecast, SessionIndex, SessionPhase, SessionStatus};
