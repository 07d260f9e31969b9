//! Addresses: how many and how long they may be, and where they may lead. All of them are taken, or none.

use super::assert_mixnode_refused;
use crate::{mock::*, BoundedMixnode, OutOfBounds, PrivateAddresses};
use codec::{Decode, Encode};
use mixnet_primitives::{Mixnode, RegistrationError, MAX_HOSTS};

/// An address of exactly this many bytes.
fn address(size: u32) -> Vec<u8> {
	let (host, port) = ("/dns/", ".org/tcp/30333");
	let name = "a".repeat(size as usize - host.len() - port.len());
	[host, &name, port].concat().into_bytes()
}

#[test]
fn addresses_at_the_bounds_are_taken_and_kept_as_they_are() {
	ext().execute_with(|| {
		run_to_block(1);
		let mut most = mixnode(0);
		most.external_addresses = vec![address(MAX_ADDRESS_SIZE); MAX_ADDRESSES as usize];
		let most = registration(0, most);
		assert_eq!(apply_registration(most.clone(), prove(0, 0, &most)), Ok(Ok(())));
		let mut one = mixnode(1);
		one.external_addresses = vec![b"/dns/a.b".to_vec()];
		let one = registration(1, one);
		assert_eq!(apply_registration(one.clone(), prove(1, 1, &one)), Ok(Ok(())));
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![most.mixnode, one.mixnode]));
	});
}

/// Nobody could dial it, whatever network the chain is for.
#[test]
fn a_mixnode_without_addresses_is_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		for private in [false, true] {
			PrivateAddresses::<Runtime>::put(private);
			assert_mixnode_refused(0, |mixnode| mixnode.external_addresses.clear(), RegistrationError::NoAddress);
		}
	});
}

/// Hosts of every kind that cannot be reached. The rule's own tests are in `mixnet-primitives`.
const UNREACHABLE: [&[u8]; 8] = [
	b"/ip4/127.0.0.1/tcp/30333",
	b"/ip4/192.168.1.2/tcp/30333",
	b"/ip4/192.0.2.1/tcp/30333",
	b"/ip4/0.0.0.0/tcp/30333",
	b"/ip6/::1/tcp/30333",
	b"/ip6/::ffff:10.0.0.1/tcp/30333",
	b"/dns/localhost/tcp/30333",
	b"/dns/mix.internal/tcp/30333",
];

/// One unreachable address among several is enough to refuse them all.
#[test]
fn addresses_that_nobody_outside_can_reach_are_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		for address in UNREACHABLE {
			for place in [0, 1] {
				assert_mixnode_refused(
					0,
					|mixnode| mixnode.external_addresses.insert(place, address.to_vec()),
					RegistrationError::UnreachableAddress,
				);
			}
		}
		register(0, 0);
	});
}

#[test]
fn a_chain_on_a_private_network_takes_addresses_there() {
	MaxRevisions::set(UNREACHABLE.len() as u32);
	ext().execute_with(|| {
		run_to_block(1);
		PrivateAddresses::<Runtime>::put(true);
		for address in UNREACHABLE {
			let mut private = mixnode(0);
			private.external_addresses.push(address.to_vec());
			let private = registration(0, private);
			assert_eq!(apply_registration(private.clone(), prove(0, 0, &private)), Ok(Ok(())));
		}
		assert_mixnode_refused(
			0,
			|mixnode| mixnode.external_addresses.push(b"/ip4/127.0.0.256/tcp/30333".to_vec()),
			RegistrationError::BadAddress,
		);
	});
}

/// Registrations that need no leave are as cheap as if there were none to give.
#[test]
fn only_an_unreachable_address_makes_the_pallet_look_for_leave() {
	let mut ext = ext();
	ext.execute_with(|| PrivateAddresses::<Runtime>::put(true));
	ext.commit_all().expect("storage can be committed");
	let mut looks = |address: &[u8]| {
		let made = Mixnode { external_addresses: vec![address.to_vec()], ..mixnode(0) };
		let (result, proof) = ext.execute_and_prove(|| Mixnet::check_mixnode(&made));
		assert!(result.is_ok());
		!proof.is_empty()
	};
	assert!(!looks(b"/ip4/1.2.3.4/tcp/30333"));
	assert!(looks(b"/ip4/127.0.0.1/tcp/30333"));
}

/// A host may be named in several addresses, and written in several ways.
#[test]
fn more_than_four_hosts_are_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		let four: [&[u8]; MAX_ADDRESSES as usize] = [
			b"/ip4/1.2.3.4/tcp/30333",
			b"/ip4/1.2.3.4/tcp/30333/ws",
			b"/ip6/2a00::1/tcp/30333",
			b"/dns/mix.mixnet.org/tcp/30333",
			b"/dns4/MIX.mixnet.org/tcp/30334",
			b"/dns/other.mixnet.org/tcp/30333",
		];
		assert_eq!(MAX_HOSTS, 4);
		let of = |addresses: &[&[u8]]| addresses.iter().map(|address| address.to_vec()).collect::<Vec<_>>();
		let mut taken = mixnode(0);
		taken.external_addresses = of(&four);
		let taken = registration(0, taken);
		assert_eq!(apply_registration(taken.clone(), prove(0, 0, &taken)), Ok(Ok(())));
		for private in [false, true] {
			PrivateAddresses::<Runtime>::put(private);
			for place in [1, 4] {
				let mut five = four;
				five[place] = b"/ip4/1.2.3.5/tcp/30333";
				assert_mixnode_refused(
					0,
					|mixnode| mixnode.external_addresses = of(&five),
					RegistrationError::TooManyHosts,
				);
			}
		}
	});
}

#[test]
fn more_addresses_than_allowed_are_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		for count in [MAX_ADDRESSES + 1, 1000] {
			assert_mixnode_refused(
				0,
				|mixnode| mixnode.external_addresses = vec![address(20); count as usize],
				RegistrationError::TooManyAddresses,
			);
		}
	});
}

#[test]
fn a_longer_address_than_allowed_is_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		for size in [MAX_ADDRESS_SIZE + 1, 65] {
			assert_mixnode_refused(
				0,
				|mixnode| mixnode.external_addresses.push(address(size)),
				RegistrationError::AddressTooLong,
			);
		}
		assert_mixnode_refused(
			0,
			|mixnode| mixnode.external_addresses.push(vec![b'/'; 100_000]),
			RegistrationError::AddressTooLong,
		);
	});
}

/// One bad address among several is enough to refuse them all.
#[test]
fn an_address_that_leads_nowhere_is_refused() {
	ext().execute_with(|| {
		run_to_block(1);
		for address in [
			&b""[..],
			b"\xff\xfe",
			b"/ip4/\x80",
			b"192.0.2.1:30333",
			b"/tcp/30333",
			b"/ip4/192.0.2.256/tcp/30333",
			b"/ip4/192.0.2.1/tcp/65536",
			b"/ip4/192.0.2.1/tcp/30333/",
			b"/ip4/192.0.2.1/tcp/30333/p2p-circuit",
		] {
			for place in [0, 1] {
				assert_mixnode_refused(
					0,
					|mixnode| mixnode.external_addresses.insert(place, address.to_vec()),
					RegistrationError::BadAddress,
				);
			}
		}
	});
}

#[test]
fn an_address_may_name_the_mixnode_itself_but_no_other() {
	ext().execute_with(|| {
		run_to_block(1);
		// A longer name would not fit, and one of a single label leads nowhere.
		PrivateAddresses::<Runtime>::put(true);
		let of = |n: u64| [&b"/dns/a/p2p/"[..], &mixnode(n).peer_id.to_base58()].concat();
		assert_mixnode_refused(0, |mixnode| mixnode.external_addresses = vec![of(1)], RegistrationError::BadAddress);
		let mut own = mixnode(0);
		own.external_addresses = vec![of(0)];
		let own = registration(0, own);
		assert_eq!(apply_registration(own.clone(), prove(0, 0, &own)), Ok(Ok(())));
	});
}

#[test]
fn a_mixnode_is_bounded_whole_or_not_at_all() {
	let bound = |addresses: Vec<Vec<u8>>| {
		let mut mixnode = mixnode(0);
		mixnode.external_addresses = addresses;
		BoundedMixnode::try_from(mixnode.clone()).map(|bounded| {
			assert_eq!(bounded.encode(), mixnode.encode());
			assert_eq!(BoundedMixnode::decode(&mut &mixnode.encode()[..]), Ok(bounded.clone()));
			assert_eq!(Mixnode::from(bounded), mixnode);
		})
	};
	assert_eq!(bound(vec![]), Ok(()));
	assert_eq!(bound(vec![vec![b'a'; 256]; 32]), Ok(()));
	assert_eq!(bound(vec![vec![b'a'; 256]; 33]), Err(OutOfBounds::TooManyAddresses { found: 33, max: 32 }));
	let too_long = OutOfBounds::AddressTooLong { index: 1, size: 257, max: 256 };
	assert_eq!(bound(vec![vec![b'a'; 256], vec![b'a'; 257]]), Err(too_long));
}
