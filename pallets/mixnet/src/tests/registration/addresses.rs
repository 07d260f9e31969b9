//! Addresses: how many and how long they may be, and where they may lead. All of them are taken, or none.

use super::assert_mixnode_refused;
use crate::{mock::*, BoundedMixnode, OutOfBounds};
use codec::{Decode, Encode};
use mixnet_primitives::{Mixnode, RegistrationError};

/// An address of exactly this many bytes.
fn address(size: u32) -> Vec<u8> {
	let (host, port) = ("/dns/", "/tcp/30333");
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
		let mut none = mixnode(1);
		none.external_addresses.clear();
		let none = registration(1, none);
		assert_eq!(apply_registration(none.clone(), prove(1, 1, &none)), Ok(Ok(())));
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Ok(vec![most.mixnode, none.mixnode]));
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
