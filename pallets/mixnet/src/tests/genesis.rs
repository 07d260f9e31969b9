//! Session 0, as the chain specification has it.

use crate::{mock::*, GenesisConfig};
use mixnet_primitives::{KxPublic, Mixnode, MixnodesError, PeerId};
use sp_runtime::BuildStorage;

#[test]
fn genesis_mixnodes_are_those_of_session_0() {
	let mixnodes = vec![mixnode(3), mixnode(1), mixnode(2)];
	ext_with_genesis(mixnodes.clone()).execute_with(|| {
		check_invariants();
		assert_eq!(Mixnet::current_mixnodes(), Ok(mixnodes.clone()));
		assert_eq!(Mixnet::prev_mixnodes(), Err(MixnodesError::InsufficientRegistrations { num: 0, min: 2 }));
		run_to_next_session();
		assert_eq!(Mixnet::prev_mixnodes(), Ok(mixnodes));
		assert_eq!(Mixnet::current_mixnodes(), Err(MixnodesError::InsufficientRegistrations { num: 0, min: 2 }));
	});
}

#[test]
fn genesis_mixnodes_may_register_for_session_1() {
	ext_with_genesis(vec![mixnode(0), mixnode(1)]).execute_with(|| {
		run_to_block(1);
		register(0, mixnode(0));
		register(1, mixnode(1));
		run_to_next_session();
		assert_eq!(Mixnet::current_mixnodes(), Mixnet::prev_mixnodes());
	});
}

#[test]
fn session_0_may_rest() {
	ext_with_genesis(vec![mixnode(1)]).execute_with(|| {
		assert_eq!(Mixnet::current_mixnodes(), Err(MixnodesError::InsufficientRegistrations { num: 1, min: 2 }));
	});
}

#[test]
fn genesis_is_read_from_json() {
	let json = format!(
		r#"{{ "mixnodes": [{{ "kx_public": "{}", "peer_id": "{}", "external_addresses": [[47, 105]] }}] }}"#,
		"09".repeat(32),
		"0a".repeat(32)
	);
	let genesis: GenesisConfig<Runtime> = serde_json::from_str(&json).expect("it is one");
	let expected =
		Mixnode { kx_public: KxPublic([9; 32]), peer_id: PeerId([10; 32]), external_addresses: vec![b"/i".to_vec()] };
	assert_eq!(genesis.mixnodes, [expected]);
}

fn build(mixnodes: Vec<Mixnode>) {
	let genesis = GenesisConfig::<Runtime> { mixnodes, ..Default::default() };
	genesis.build_storage().expect("nothing else can go wrong");
}

#[test]
#[should_panic(expected = "genesis names 31 mixnodes, a session has at most 30")]
fn genesis_with_too_many_mixnodes_is_refused() {
	build((0..31).map(mixnode).collect());
}

#[test]
#[should_panic(expected = "genesis mixnode 1 is out of bounds: 5 external addresses, at most 4 fit")]
fn genesis_with_too_many_addresses_is_refused() {
	let mut bad = mixnode(1);
	bad.external_addresses = vec![b"/dns/example.com".to_vec(); 5];
	build(vec![mixnode(0), bad]);
}

#[test]
#[should_panic(expected = "genesis mixnode 0 cannot be used: BadKxPublic")]
fn genesis_with_a_useless_key_is_refused() {
	let mut bad = mixnode(1);
	bad.kx_public = KxPublic([0; 32]);
	build(vec![bad]);
}

#[test]
#[should_panic(expected = "genesis mixnode 1 has something in common with an earlier one: PeerIdTaken")]
fn genesis_with_a_peer_twice_is_refused() {
	let mut bad = mixnode(1);
	bad.peer_id = mixnode(0).peer_id;
	build(vec![mixnode(0), bad]);
}
