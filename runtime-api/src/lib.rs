//! The runtime API of the mixnet: nodes ask it for sessions, mixnodes and parameters, and register through it.
//!
//! A runtime implements [`MixnetApi`] with the functions of the same names of `pallet-mixnet`. docs/INTEGRATION.md has
//! the block of code.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

use alloc::vec::Vec;
use mixnet_primitives::{
	KxPublic, Mixnode, MixnodesError, MixnodesPage, RegisteredMixnode, Registrant, Registration, RegistrationProofs,
	RegistrationStatus, SessionForecast, SessionIndex, SessionParameters, SessionStatus, SubmitError,
};
use sp_runtime::traits::NumberFor;

sp_api::decl_runtime_apis! {
	/// What a mixnet's nodes ask the chain (PROTOCOL.md, section 12).
	///
	/// The first three functions are the reads of version 1, as nodes of the Substrate Mix Network call them. The
	/// others came with version 2. Version 1's `maybe_register` is gone: only a node can prove that it holds its
	/// secrets, the chain cannot.
	#[api_version(2)]
	pub trait MixnetApi {
		/// The current session and its phase. Nodes act on this as of the latest finalised block.
		fn session_status() -> SessionStatus;

		/// The mixnodes of the previous session, in the order of their indices. They are the same throughout the
		/// session.
		fn prev_mixnodes() -> Result<Vec<Mixnode>, MixnodesError>;

		/// The mixnodes of the current session, in the order of their indices. They are the same throughout the
		/// session.
		fn current_mixnodes() -> Result<Vec<Mixnode>, MixnodesError>;

		/// At most `count` mixnodes of the current or the previous session, from place `start` of its list on; `None`
		/// for other sessions. Nodes read lists with this, since a list may be too large for one answer.
		/// [`ListReader`](mixnet_primitives::list_reader::ListReader) says which page is next.
		fn mixnodes_page(session_index: SessionIndex, start: u32, count: u32) -> Option<MixnodesPage>;

		/// The parameters of the previous, the current and the next session. The first two are the same throughout the
		/// session.
		fn parameters() -> SessionParameters;

		/// The blocks in which the next phase and the next session are expected to begin.
		fn session_forecast() -> SessionForecast<NumberFor<Block>>;

		/// The registrations for the next session in the order of their ranks, the best first, standbys behind the
		/// elected. At most `count` of them, without the best `start`.
		fn next_registrations(start: u32, count: u32) -> Vec<RegisteredMixnode>;

		/// What a registrant has registered for the next session, and what it should do now if `kx_public` is its key
		/// for that session: register, wait for its turn, or see to what is missing.
		///
		/// A node that may register should ask at every new best block.
		fn registration_status(registrant: Registrant, kx_public: KxPublic) -> RegistrationStatus;

		/// Sends a registration to the transaction pool, whose extension must be registered. After sending one, a node
		/// should wait a few blocks for it to be included before it sends another.
		fn submit_registration(registration: Registration, proofs: RegistrationProofs) -> Result<(), SubmitError>;
	}
}
