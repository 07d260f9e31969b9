//! Definitions that a mixnet's chain and its nodes share.
//!
//! - [`session`]: mixnet sessions, their phases, and what each phase allows (PROTOCOL.md, section 7).
//! - [`parameters`]: what all nodes of a session must agree on, and the bounds that it is held to.
//! - [`kx_public`], [`peer_id`], [`address`]: a mixnode's key-exchange key, peer ID and addresses, and which of them
//!   may be registered: well formed, within reach, and of few hosts.
//! - [`mixnode`]: a mixnode as the chain publishes it, and a session's list of mixnodes.
//! - [`list_reader`]: reads such a list by page.
//! - [`registrant`]: who registers a mixnode.
//! - [`registration`]: how a mixnode is registered for the next session: message, proofs, refusals.
//! - [`registration_status`]: what a registrant is told about its registration.
//! - [`possession`]: the proof that a registrant holds the secret of its key-exchange key.
//!
//! What crosses from chain to node is SCALE-encoded, in the layout that the runtime API of the Substrate Mix Network
//! fixes (PROTOCOL.md, section 12).

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod address;
mod field;
pub mod kx_public;
pub mod list_reader;
pub mod mixnode;
pub mod parameters;
pub mod peer_id;
pub mod possession;
mod public_bytes;
pub mod registrant;
pub mod registration;
pub mod registration_status;
pub mod session;

pub use address::{check_address, BadAddress, Host, Hosts, MAX_HOSTS};
pub use kx_public::{BadKxPublic, KxPublic};
pub use mixnode::{Mixnode, MixnodesError, MixnodesPage, Place, MIXNODE_INDEX_LIMIT};
pub use parameters::{BadParameters, Parameter, Parameters, SessionParameters};
pub use peer_id::{BadPeerId, PeerId};
pub use possession::PossessionProof;
pub use registrant::{Registrant, KEY_TYPE};
pub use registration::{Registration, RegistrationError, RegistrationProofs};
pub use registration_status::{RegisteredMixnode, RegistrationAdvice, RegistrationStatus, Standing, SubmitError};
pub use session::{RelativeSession, SessionForecast, SessionIndex, SessionPhase, SessionStatus};
