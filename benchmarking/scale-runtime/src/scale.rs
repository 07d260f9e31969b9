//! The benchmarks. Each pallet does the same work with n = 10^`e` mixnodes.
//!
//! - `apply_*`: a block applies the registration of the n-th mixnode, while n - 1 are registered. This includes checks,
//!   signatures, the dispatch, and what frame-executive adds to every transaction.
//! - `dispatch_*`: the dispatch alone, which follows the checks.
//! - `rotate_*`: pallet-session rotates. n mixnodes are registered for the next session, and n are in each of the
//!   current and the previous one. n authorities are queued, the same as before, or others (`rotate_changed_*`).
//! - `current_mixnodes_*`: the n mixnodes of the current session, as the runtime API serves them.
//!
//! Of our pallet alone:
//!
//! - `rotate_operators_ours`: a rotation if all n mixnodes are operators', beside a fixed number of authorities;
//! - `prune_ours`: the idle time of one block removes what it can of a session of n mixnodes that is over;
//! - `mixnodes_page_ours`: a page of the current session's mixnodes.

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
	use crate::{ours, peer, Executive, Mixnet, Runtime};
	use frame_support::{traits::Hooks, weights::Weight};
	use pallet_mixnet::{Mixnodes, MAX_PRUNED_AT_ONCE};

	#[benchmark]
	fn apply_ours(e: Linear<1, 4>) {
		let n = 10u32.pow(e);
		let extrinsic = ours::extrinsic(ours::registration(n));

		#[block]
		{
			Executive::apply_extrinsic(extrinsic).expect("it is valid; qed").expect("it succeeds; qed");
		}

		assert_eq!(ours::registered(), n);
	}

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
	fn dispatch_ours(e: Linear<1, 4>) {
		let n = 10u32.pow(e);
		let registration = ours::registration(n);

		#[block]
		{
			ours::dispatch(registration);
		}

		assert_eq!(ours::registered(), n);
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
	fn rotate_ours(e: Linear<1, 4>) {
		let n = 10u32.pow(e);
		ours::fill(n);
		let queued = ours::authorities(0, n);

		#[block]
		{
			ours::rotate(false, &queued);
		}

		assert!(ours::rotated(n));
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
	fn rotate_changed_ours(e: Linear<1, 4>) {
		let n = 10u32.pow(e);
		ours::fill(n);
		let queued = ours::authorities(n, n);

		#[block]
		{
			ours::rotate(true, &queued);
		}

		assert!(ours::rotated(n));
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
	fn rotate_operators_ours(e: Linear<1, 4>) {
		let n = 10u32.pow(e);
		ours::fill_by_operators(n);
		let queued = ours::authorities(0, ours::AUTHORITIES_BESIDE_OPERATORS);

		#[block]
		{
			ours::rotate(false, &queued);
		}

		assert!(ours::rotated(n));
	}

	#[benchmark]
	fn prune_ours(e: Linear<1, 4>) {
		let n = 10u32.pow(e);
		ours::fill_for_pruning(n);

		#[block]
		{
			Mixnet::on_idle(1, Weight::MAX);
		}

		let left = Mixnodes::<Runtime>::iter_key_prefix(ours::PRUNED).count() as u32;
		assert_eq!(left, n.saturating_sub(MAX_PRUNED_AT_ONCE));
	}

	#[benchmark]
	fn current_mixnodes_ours(e: Linear<1, 4>) {
		let n = 10u32.pow(e);
		ours::fill(n);
		let mixnodes;

		#[block]
		{
			mixnodes = ours::current_mixnodes();
		}

		assert_eq!(mixnodes.len(), n as usize);
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

	#[benchmark]
	fn mixnodes_page_ours(e: Linear<1, 4>) {
		let n = 10u32.pow(e);
		ours::fill(n);
		let mixnodes;

		#[block]
		{
			mixnodes = ours::first_page(256);
		}

		assert_eq!(mixnodes.len(), n.min(256) as usize);
	}
}
