//! The benchmarks. Each pallet does the same work with n = 10^`e` mixnodes.
//!
//! - `apply_*`: a block applies the registration of the n-th mixnode, n - 1 being registered: its checks and signatures,
//!   the dispatch, and what frame-executive adds to every transaction.
//! - `dispatch_*`: the dispatch alone, as it follows on the checks.
//! - `rotate_*`: pallet-session rotates, while n mixnodes are registered for the next session and n are in each of the
//!   current and the previous one; n authorities are queued, the same as before, or others (`rotate_changed_*`).
//! - `current_mixnodes_*`: the n mixnodes of the current session, as the runtime API serves them.

pub use pallet::*;

/// A pallet without storage and calls, for its benchmarks.
#[frame_support::pallet]
pub mod pallet {
	#[pallet::pallet]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config {}
}

#[frame_benchmarking::v2::benchmarks]
mod benchmarks {
	use super::*;
	use crate::{peer, Executive};
	use frame_benchmarking::v2::*;

	#[benchmark]
	fn apply_peer(e: Linear<1, 4>) {
		let n = 10u32.pow(e);
		peer::fill(n);
		let extrinsic = peer::extrinsic(peer::registration(n));
		#[block]
		{
			Executive::apply_extrinsic(extrinsic).expect("it is valid; qed").expect("it succeeds; qed");
		}
		assert_eq!(peer::registered(), n);
	}

	#[benchmark]
	fn dispatch_peer(e: Linear<1, 4>) {
		let n = 10u32.pow(e);
		peer::fill(n);
		let registration = peer::registration(n);
		#[block]
		{
			peer::dispatch(registration);
		}
		assert_eq!(peer::registered(), n);
	}

	#[benchmark]
	fn rotate_peer(e: Linear<1, 4>) {
		let n = 10u32.pow(e);
		peer::fill(n);
		let queued = peer::authorities(0, n);
		#[block]
		{
			peer::rotate(false, &queued);
		}
		assert!(peer::rotated(&queued));
	}

	#[benchmark]
	fn rotate_changed_peer(e: Linear<1, 4>) {
		let n = 10u32.pow(e);
		peer::fill(n);
		let queued = peer::authorities(n, n);
		#[block]
		{
			peer::rotate(true, &queued);
		}
		assert!(peer::rotated(&queued));
	}

	#[benchmark]
	fn current_mixnodes_peer(e: Linear<1, 4>) {
		let n = 10u32.pow(e);
		peer::fill(n);
		let mixnodes;
		#[block]
		{
			mixnodes = peer::current_mixnodes();
		}
		assert_eq!(mixnodes.len(), n as usize);
	}
}
