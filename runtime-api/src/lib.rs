//! The runtime API by which nodes learn who mixes, when and with which keys.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

use alloc::vec::Vec;
use mixnet_primitives::{Mixnode, MixnodesError, SessionIndex, SessionStatus};

sp_api::decl_runtime_apis! {
	/// What a mixnet's nodes ask the chain (PROTOCOL.md, section 12).
	#[api_version(1)]
	pub trait MixnetApi {
		/// The current session and its phase. Nodes act on this as of the latest finalised block.
		fn session_status() -> SessionStatus;

		/// The mixnodes of the previous session, in the order by which packets address them; the same throughout the
		/// session.
		fn prev_mixnodes() -> Result<Vec<Mixnode>, MixnodesError>;

		/// The mixnodes of the current session, in the order by which packets address them; the same throughout the
		/// session.
		fn current_mixnodes() -> Result<Vec<Mixnode>, MixnodesError>;

		/// Tries to register a mixnode for the session after `session_index`, which must be the current one.
		///
		/// To be called at every new best block, with the keystore and transaction pool extensions registered. Returns
		/// `true` if a registration was sent: then wait a few blocks before the next call, so that it can be included.
		/// Returns `false` whenever there is nothing to do: not yet the time, registered already, or none of the
		/// keystore's keys is an authority of the next session.
		fn maybe_register(session_index: SessionIndex, mixnode: Mixnode) -> bool;
	}
}
