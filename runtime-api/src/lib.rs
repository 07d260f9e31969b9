//! The runtime API by which nodes learn who mixes, when and with which keys, and by which they register.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

use alloc::vec::Vec;
use mixnet_primitives::{
	KxPublic, Mixnode, MixnodesError, MixnodesPage, RegisteredMixnode, Registrant, Registration, RegistrationProofs,
	RegistrationStatus, SessionForecast, SessionIndex, SessionParameters, SessionStatus, SubmitError,
};
use sp_api::__private::NumberFor;

sp_api::decl_runtime_apis! {
	/// What a mixnet's nodes ask the chain (PROTOCOL.md, section 12).
	///
	/// The first three are version 1's reads, as nodes of the Substrate Mix Network call them; the rest came with version 2.
	/// Version 1's `maybe_register` is gone: the chain cannot prove that a node holds its secrets, only the node can.
	#[api_version(2)]
	pub trait MixnetApi {
		/// The current session and its phase. Nodes act on this as of the latest finalised block.
		fn session_status() -> SessionStatus;

		/// The mixnodes of the previous session, in the order by which packets address them; the same throughout the
		/// session.
		fn prev_mixnodes() -> Result<Vec<Mixnode>, MixnodesError>;

		/// The mixnodes of the current session, in the order by which packets address them; the same throughout the
		/// session.
		fn current_mixnodes() -> Result<Vec<Mixnode>, MixnodesError>;

		/// At most `count` mixnodes of the current or the previous session, from place `start` of its list on; `None` for
		/// other sessions. For lists that are too large for one answer.
		fn mixnodes_page(session_index: SessionIndex, start: u32, count: u32) -> Option<MixnodesPage>;

		/// What all nodes must agree on, in the previous, the current and the next session. The first two are the same
		/// throughout the session.
		fn parameters() -> SessionParameters;

		/// The blocks in which the next phase and the next session are expected to begin.
		fn session_forecast() -> SessionForecast<NumberFor<Block>>;

		/// The registrations for the next session in the order of their ranks, the best first, standbys behind the
		/// elected; at most `count` from place `start` of this order on.
		fn next_registrations(start: u32, count: u32) -> Vec<RegisteredMixnode>;

		/// What a registrant has registered for the next session, and what it should do now if `kx_public` is its key for
		/// that session: register, wait for its turn, or see to what is missing.
		///
		/// To be called at every new best block.
		fn registration_status(registrant: Registrant, kx_public: KxPublic) -> RegistrationStatus;

		/// Sends a registration to the transaction pool, whose extension must be registered. After it has been sent, wait a
		/// few blocks for it to be included before sending another.
		fn submit_registration(registration: Registration, proofs: RegistrationProofs) -> Result<(), SubmitError>;
	}
}
