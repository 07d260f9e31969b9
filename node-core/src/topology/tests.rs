use super::*;
use crate::sphinx::{build_cover, build_request, build_surb, CoverId, KxSecret, SurbId};
use crate::{
	sphinx::{MixnodeIndex, Target},
	KxPublic, Mixnode, PeerId, RestingReason,
};
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};

const LOCAL: PeerId = PeerId([0xff; 32]);
const LOCAL_KEY: KxPublic = KxPublic([0xff; 32]);

fn rng(seed: u64) -> ChaChaRng {
	ChaChaRng::seed_from_u64(seed)
}

fn index(index: u16) -> MixnodeIndex {
	MixnodeIndex::new(index).unwrap()
}

fn other(number: u16) -> Mixnode {
	// No zeroes: they would be keys of low order, which no route visits.
	let mut id = [7; 32];
	id[..2].copy_from_slice(&number.to_le_bytes());
	Mixnode { kx_public: KxPublic(id), peer_id: PeerId(id), external_addresses: Vec::new() }
}

fn us() -> Mixnode {
	Mixnode { kx_public: LOCAL_KEY, peer_id: LOCAL, external_addresses: Vec::new() }
}

/// A session of `num` mixnodes. We are the one in the middle, or a user.
fn topology(seed: u64, num: u16, is_mixnode: bool) -> Topology {
	let mut mixnodes: Vec<_> = (0..num).map(other).collect();
	if is_mixnode {
		mixnodes[usize::from(num / 2)] = us();
	}
	Topology::new(&mut rng(seed), mixnodes, LOCAL, LOCAL_KEY, &mut Gateways::new(3)).unwrap()
}

fn gateways_of(topology: &Topology) -> Vec<MixnodeIndex> {
	let all = topology.reserved_peers().map(|mixnode| mixnode.peer_id).collect();
	topology.connected_gateways(&all)
}

/// The mixnodes that a packet visits, in order, both ends included. A user is `None`.
fn path(topology: &Topology, kind: RouteKind, route: &Route) -> Vec<Option<MixnodeIndex>> {
	let source = match kind {
		RouteKind::From(source) => Some(source),
		_ => topology.local_index(),
	};
	let hops = route.hops.iter().map(|hop| match hop.target {
		Target::Mixnode(index) => {
			assert_eq!(topology.mixnode(index).unwrap().kx_public, hop.kx_public);
			Some(index)
		},
		Target::Peer(peer_id) => {
			assert_eq!((peer_id, hop.kx_public), (LOCAL, LOCAL_KEY));
			None
		},
	});
	[source].into_iter().chain(hops).collect()
}

/// Checks what holds for every route, whatever the session's size.
fn check_route(topology: &Topology, gateways: &[MixnodeIndex], kind: RouteKind, hops: usize, route: &Route) {
	let what = format!("{kind:?}, {hops} hops, gateways {gateways:?}: {route:?}");
	let path = path(topology, kind, route);
	assert!((1..=6).contains(&route.hops.len()), "{what}");
	assert_eq!(path[1], Some(route.first), "{what}");
	assert_eq!(topology.mixnode_peer_id(route.first), Some(route.first_peer_id), "{what}");
	assert!(path.windows(2).all(|pair| pair[0] != pair[1]), "twice in a row: {what}");
	match kind {
		RouteKind::To(destination) => assert_eq!(path.last(), Some(&Some(destination)), "{what}"),
		RouteKind::From(_) | RouteKind::Loop => assert_eq!(path.last(), Some(&topology.local_index()), "{what}"),
	}
	if !topology.is_mixnode() {
		if !matches!(kind, RouteKind::From(_)) {
			assert!(gateways.contains(&route.first), "{what}");
		}
		if !matches!(kind, RouteKind::To(_)) {
			let last = path[path.len() - 2].unwrap();
			assert!(gateways.contains(&last), "{what}");
		}
	}
}

#[test]
fn routes_obey_their_rules_in_sessions_of_any_size() {
	for seed in 0..300 {
		for num in [1, 2, 3, 4, 5, 7, 8, 9, 30] {
			for is_mixnode in [true, false] {
				let topology = topology(seed, num, is_mixnode);
				let mut rng = rng(seed + 1_000_000);
				let mut connected = gateways_of(&topology);
				connected.truncate(1 + seed as usize % 3);
				let hops = 1 + seed as usize % 6;
				let mut kinds = vec![RouteKind::Loop];
				match topology.draw_destination(&mut rng, &connected) {
					Ok(destination) => {
						assert_ne!(Some(destination), topology.local_index());
						assert_ne!(connected, [destination]);
						kinds.extend([RouteKind::To(destination), RouteKind::From(destination)]);
					},
					Err(error) => {
						assert_eq!(error, RouteError::TooFewMixnodes);
						assert_eq!(num, 1);
					},
				}
				for kind in kinds {
					match topology.draw_route(&mut rng, &connected, kind, hops) {
						Ok(route) => check_route(&topology, &connected, kind, hops, &route),
						Err(error) => {
							// We are the only mixnode.
							assert_eq!((error, num, is_mixnode), (RouteError::TooFewMixnodes, 1, true));
						},
					}
				}
			}
		}
	}
}

#[test]
fn routes_have_the_wanted_length_and_no_mixnode_twice_where_there_are_enough() {
	for seed in 0..500 {
		for is_mixnode in [true, false] {
			let topology = topology(seed, 9, is_mixnode);
			let connected = gateways_of(&topology);
			let mut rng = rng(seed);
			let destination = topology.draw_destination(&mut rng, &connected).unwrap();
			for kind in [RouteKind::To(destination), RouteKind::From(destination), RouteKind::Loop] {
				let route = topology.draw_route(&mut rng, &connected, kind, 6).unwrap();
				assert_eq!(route.hops.len(), 6);
				let mut path = path(&topology, kind, &route);
				if kind == RouteKind::Loop {
					path.pop();
				}
				let len = path.len();
				path.sort();
				path.dedup();
				assert_eq!(path.len(), len, "twice: {kind:?} {route:?}");
			}
		}
	}
}

/// Six mixnodes are the fewest with which a user finds routes of six hops that visit no mixnode twice.
#[test]
fn six_mixnodes_suffice_for_six_hops_from_and_to_a_user() {
	let keys = |number: u8| KxSecret::from_bytes([number + 1; 32]).public();
	let mixnodes = || (0..6).map(|number| Mixnode { kx_public: keys(number as u8), ..other(number) }).collect();
	for seed in 0..500 {
		let mut rng = rng(seed);
		let topology = Topology::new(&mut rng, mixnodes(), LOCAL, LOCAL_KEY, &mut Gateways::new(3)).unwrap();
		let all = gateways_of(&topology);
		assert_eq!(all.len(), 3);
		for connected in 1..=3 {
			let connected = &all[..connected];
			let end = topology.draw_destination(&mut rng, connected).unwrap();
			for kind in [RouteKind::To(end), RouteKind::From(end), RouteKind::Loop] {
				// With one gateway, a loop visits it twice.
				if kind == RouteKind::Loop && connected.len() == 1 {
					continue;
				}
				let route = topology.draw_route(&mut rng, connected, kind, 6).unwrap();
				let what = format!("{kind:?}, gateways {connected:?}: {route:?}");
				check_route(&topology, connected, kind, 6, &route);
				assert_eq!(route.hops.len(), 6, "{what}");
				let mut path = path(&topology, kind, &route);
				// With us at one end, a route visits all six mixnodes and us. A loop has us at both ends, and leaves one
				// mixnode out.
				path.sort();
				path.dedup();
				assert_eq!(path.len(), if kind == RouteKind::Loop { 6 } else { 7 }, "{what}");
				// The route fits into a packet.
				match kind {
					RouteKind::To(_) => drop(build_request(&mut rng, &route.hops, &[0; 2048]).unwrap()),
					RouteKind::From(_) => {
						drop(build_surb(&mut rng, route.first, &route.hops, SurbId([0; 16])).unwrap());
					},
					RouteKind::Loop => drop(build_cover(&mut rng, &route.hops, Some(CoverId([0; 16]))).unwrap()),
				}
			}
		}
	}
}

/// A mixnode among six has only five others, so a route of six hops visits one of them twice.
#[test]
fn routes_among_six_mixnodes_have_six_hops() {
	for seed in 0..500 {
		let topology = topology(seed, 6, true);
		let mut rng = rng(seed);
		let end = topology.draw_destination(&mut rng, &[]).unwrap();
		for kind in [RouteKind::To(end), RouteKind::From(end), RouteKind::Loop] {
			let route = topology.draw_route(&mut rng, &[], kind, 6).unwrap();
			check_route(&topology, &[], kind, 6, &route);
			assert_eq!(route.hops.len(), 6, "{kind:?}: {route:?}");
		}
	}
}

#[test]
fn small_sessions_get_the_longest_routes_possible() {
	let mut rng = rng(3);
	// There is only one other mixnode, B. The longest route goes B, we, B, we, B.
	let topology = topology(0, 2, true);
	let route = topology.draw_route(&mut rng, &[], RouteKind::To(index(0)), 6).unwrap();
	assert_eq!(route.hops.len(), 5);
	let route = topology.draw_route(&mut rng, &[], RouteKind::Loop, 6).unwrap();
	assert_eq!(route.hops.len(), 6);
	let route = topology.draw_route(&mut rng, &[], RouteKind::From(index(0)), 6).unwrap();
	assert_eq!(route.hops.len(), 5);
}

#[test]
fn hops_and_destinations_are_uniform() {
	const ROUTES: usize = 14_000;
	let topology = topology(0, 8, true);
	let mut rng = rng(5);
	let mut hops = [[0usize; 8]; 5];
	let mut destinations = [0usize; 8];
	for _ in 0..ROUTES {
		let destination = topology.draw_destination(&mut rng, &[]).unwrap();
		destinations[usize::from(destination.get())] += 1;
		let route = topology.draw_route(&mut rng, &[], RouteKind::Loop, 6).unwrap();
		for (position, counts) in hops.iter_mut().enumerate() {
			let Target::Mixnode(index) = route.hops[position].target else { panic!("a mixnode's index") };
			counts[usize::from(index.get())] += 1;
		}
	}
	for counts in hops.iter().chain([&destinations]) {
		assert_eq!(counts[4], 0, "never ourselves");
		// 2,000 each expected; chi-squared with 6 degrees of freedom is above 27.9 with probability 1e-4.
		let expected = (ROUTES / 7) as f64;
		let others = counts.iter().enumerate().filter(|(index, _)| *index != 4);
		let chi_squared: f64 = others.map(|(_, count)| (*count as f64 - expected).powi(2) / expected).sum();
		assert!(chi_squared < 27.9, "{counts:?}");
	}
}

#[test]
fn gateways_are_uniform_distinct_and_never_ourselves() {
	let mut counts = [0usize; 10];
	for seed in 0..3000 {
		// Mixnode 9 has our peer ID, but a key that we no longer have.
		let mut mixnodes: Vec<_> = (0..10).map(other).collect();
		mixnodes[9].peer_id = LOCAL;
		let topology = Topology::new(&mut rng(seed), mixnodes, LOCAL, LOCAL_KEY, &mut Gateways::new(3)).unwrap();
		assert!(!topology.is_mixnode());
		let gateways = gateways_of(&topology);
		assert_eq!(gateways.len(), 3);
		for gateway in gateways {
			counts[usize::from(gateway.get())] += 1;
		}
		let destination = topology.draw_destination(&mut rng(seed), &[index(0), index(1)]).unwrap();
		assert_ne!(destination, index(9));
	}
	assert_eq!(counts[9], 0);
	// 1,000 expected of each of 9; the standard deviation is 26.
	assert!(counts[..9].iter().all(|count| (890..1110).contains(count)), "{counts:?}");
}

#[test]
fn we_are_the_mixnode_with_our_key_and_our_peer_id() {
	let mut mixnodes: Vec<_> = (0..4).map(other).collect();
	// Another peer ID claims our key.
	mixnodes[1].kx_public = LOCAL_KEY;
	let topology = Topology::new(&mut rng(0), mixnodes.clone(), LOCAL, LOCAL_KEY, &mut Gateways::new(3)).unwrap();
	assert_eq!(topology.local_index(), None);
	mixnodes[2] = us();
	let topology = Topology::new(&mut rng(0), mixnodes, LOCAL, LOCAL_KEY, &mut Gateways::new(3)).unwrap();
	assert_eq!(topology.local_index(), Some(index(2)));
	assert_eq!(topology.reserved_peers().count(), 3);
	assert_eq!(topology.next_hop(&Target::Mixnode(index(2))), None, "not to ourselves");
	assert_eq!(topology.next_hop(&Target::Mixnode(index(4))), None, "not to nobody");
	assert_eq!(topology.next_hop(&Target::Mixnode(index(0))), Some(other(0).peer_id));
	assert_eq!(topology.next_hop(&Target::Peer(PeerId([9; 32]))), Some(PeerId([9; 32])));
	assert_eq!(topology.next_hop(&Target::Peer(LOCAL)), None);
}

#[test]
fn sessions_with_no_mixnodes_or_too_many_are_handled() {
	let max = usize::from(MixnodeIndex::MAX.get()) + 1;
	let many = vec![other(0); max];
	assert!(Topology::new(&mut rng(0), many, LOCAL, LOCAL_KEY, &mut Gateways::new(3)).is_ok());
	let too_many = vec![other(0); max + 1];
	let error = Topology::new(&mut rng(0), too_many, LOCAL, LOCAL_KEY, &mut Gateways::new(3)).unwrap_err();
	assert_eq!(error, RestingReason::TooManyMixnodes { num: max + 1, max });
	let none = Topology::new(&mut rng(0), Vec::new(), LOCAL, LOCAL_KEY, &mut Gateways::new(3)).unwrap();
	assert_eq!(none.draw_destination(&mut rng(0), &[]), Err(RouteError::NoConnectedGateways));
	let route = none.draw_route(&mut rng(0), &[], RouteKind::Loop, 6);
	assert_eq!(route.map(|_| ()).unwrap_err(), RouteError::NoConnectedGateways);
}

#[test]
fn nobody_routes_by_a_key_of_low_order() {
	let mut mixnodes: Vec<_> = (0..8).map(other).collect();
	for bad in [2, 5] {
		mixnodes[bad].kx_public = KxPublic([0; 32]);
	}
	mixnodes[7] = us();
	for local in [LOCAL, PeerId([0xee; 32])] {
		let topology = Topology::new(&mut rng(1), mixnodes.clone(), local, LOCAL_KEY, &mut Gateways::new(10)).unwrap();
		let gateways = gateways_of(&topology);
		assert!(gateways.iter().all(|gateway| ![2, 5].contains(&gateway.get())));
		let mut rng = rng(2);
		for _ in 0..200 {
			let destination = topology.draw_destination(&mut rng, &gateways).unwrap();
			for kind in [RouteKind::To(destination), RouteKind::From(destination), RouteKind::Loop] {
				let path = topology.draw_path(&mut rng, &gateways, kind, 6).unwrap();
				assert!(path.iter().all(|index| ![2, 5].contains(&index.get())), "{kind:?}: {path:?}");
			}
		}
	}
}
