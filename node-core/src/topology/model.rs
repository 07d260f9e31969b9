//! Routes in sessions of any size, compared with what PROTOCOL.md, section 8, says of them.

use super::{mixnodes::draw, *};
use crate::sphinx::MAX_HOPS;
use crate::{
	sphinx::{MixnodeIndex, Target},
	KxPublic, Mixnode, PeerId,
};
use proptest::{prelude::*, test_runner::RngSeed};
use rand_chacha::{rand_core::SeedableRng, ChaChaRng};
use std::collections::BTreeMap;
use std::collections::BTreeSet;

const LOCAL: PeerId = PeerId([0xff; 32]);
const LOCAL_KEY: KxPublic = KxPublic([0xff; 32]);

/// A session, as one node sees it.
#[derive(Clone, Copy, Debug)]
struct Case {
	seed: u64,
	/// How many mixnodes it has.
	num: u16,
	/// Are we one of the mixnodes?
	is_mixnode: bool,
	/// How many others have our peer ID, but another key.
	impostors: u16,
	/// How many others have a key of low order.
	low_order: u16,
	gateways: usize,
	/// Which of our gateways are connected, by bits.
	connected: u8,
	hops: usize,
}

fn case() -> impl Strategy<Value = Case> {
	let num = prop_oneof![4 => 0u16..10, 1 => 10u16..40];
	let few = || prop_oneof![4 => Just(0u16), 1 => 1u16..4];
	(any::<u64>(), num, any::<bool>(), few(), few(), 1usize..5, any::<u8>(), 1..=MAX_HOPS).prop_map(
		|(seed, num, is_mixnode, impostors, low_order, gateways, connected, hops)| Case {
			seed,
			num,
			is_mixnode,
			impostors,
			low_order,
			gateways,
			connected,
			hops,
		},
	)
}

fn mixnode(number: u16) -> Mixnode {
	// No zeroes: they would be a key of low order.
	let mut id = [7; 32];
	id[..2].copy_from_slice(&number.to_le_bytes());
	Mixnode { kx_public: KxPublic(id), peer_id: PeerId(id), external_addresses: Vec::new() }
}

fn index(index: u16) -> MixnodeIndex {
	MixnodeIndex::new(index).unwrap()
}

/// The session, and the indices of its usable mixnodes but ourselves. The unusable ones are anywhere among them.
fn session(rng: &mut ChaChaRng, case: &Case) -> (Topology, Vec<MixnodeIndex>) {
	let mut mixnodes: Vec<_> = (0..case.num).map(mixnode).collect();
	let mut places: Vec<MixnodeIndex> = Vec::new();
	let local = u16::from(case.is_mixnode);
	for number in 0..local + case.impostors + case.low_order {
		let Some(place) = draw(rng, mixnodes.len(), &mut places.clone()) else { break };
		let mixnode = &mut mixnodes[usize::from(place.get())];
		match number {
			0 if case.is_mixnode => (mixnode.peer_id, mixnode.kx_public) = (LOCAL, LOCAL_KEY),
			_ if number < local + case.impostors => mixnode.peer_id = LOCAL,
			_ => mixnode.kx_public = KxPublic([0; 32]),
		}
		places.push(place);
	}
	let others = (0..case.num).map(index).filter(|index| !places.contains(index)).collect();
	(Topology::new(rng, mixnodes, LOCAL, LOCAL_KEY, &mut Gateways::new(case.gateways)).unwrap(), others)
}

/// A place on a route: a mixnode, or `None` for us as a user.
type Place = Option<MixnodeIndex>;

/// The places of a packet on its route, both ends included.
fn path(topology: &Topology, kind: RouteKind, route: &Route) -> Vec<Place> {
	let source = match kind {
		RouteKind::From(source) => Some(source),
		RouteKind::To(_) | RouteKind::Loop => topology.local_index(),
	};
	let place = |hop: &crate::sphinx::Hop| match hop.target {
		Target::Mixnode(index) => {
			assert_eq!(topology.mixnode(index).map(|mixnode| mixnode.kx_public), Some(hop.kx_public));
			Some(index)
		},
		Target::Peer(peer_id) => {
			assert_eq!((peer_id, hop.kx_public), (LOCAL, LOCAL_KEY));
			None
		},
	};
	[source].into_iter().chain(route.hops.iter().map(place)).collect()
}

/// Is there a walk from `from` to `to` of this many steps through `places`, each to another place?
fn is_walk(places: &[Place], from: Place, to: Place, steps: usize) -> bool {
	let mut at = vec![from];
	for _ in 1..steps {
		at = places.iter().copied().filter(|place| at.iter().any(|before| before != place)).collect();
	}
	match steps {
		0 => from == to,
		_ => at.iter().any(|before| *before != to),
	}
}

/// Checks all rules for a route.
fn check(
	case: &Case,
	topology: &Topology,
	others: &[MixnodeIndex],
	connected: &[MixnodeIndex],
	kind: RouteKind,
	route: &Route,
) -> Result<(), TestCaseError> {
	let local = topology.local_index();
	let path = path(topology, kind, route);
	prop_assert!((1..=MAX_HOPS).contains(&route.hops.len()));
	prop_assert_eq!(path[1], Some(route.first));
	prop_assert_eq!(topology.mixnode_peer_id(route.first), Some(route.first_peer_id));
	prop_assert!(path.windows(2).all(|pair| pair[0] != pair[1]), "twice in a row");
	let end = match kind {
		RouteKind::To(destination) => Some(destination),
		RouteKind::From(_) | RouteKind::Loop => local,
	};
	prop_assert_eq!(*path.last().unwrap(), end);

	// If we are a user, the places next to us are connected gateways.
	let needs_first = local.is_none() && !matches!(kind, RouteKind::From(_));
	let needs_last = local.is_none() && !matches!(kind, RouteKind::To(_));
	let (from, to) = (usize::from(needs_first), path.len() - 1 - usize::from(needs_last));
	for place in [needs_first.then_some(path[from]), needs_last.then_some(path[to])].into_iter().flatten() {
		prop_assert!(connected.contains(&place.unwrap()), "not a gateway");
	}

	// In between, no mixnode comes twice, and we do not come at all, while another is unused. Unusable ones never come.
	let inner = path.get(from + 1..to).unwrap_or(&[]);
	let mut seen: Vec<Place> = vec![path[0], path[from], path[to], *path.last().unwrap()];
	let everybody_used = others.iter().all(|other| path.contains(&Some(*other))) || inner.is_empty();
	for place in inner {
		let is_ours = !place.is_some_and(|index| others.contains(&index));
		prop_assert!(!is_ours || *place == local, "an unusable mixnode");
		prop_assert!(everybody_used || !(is_ours || seen.contains(place)), "a mixnode twice while others are left");
		seen.push(*place);
	}
	// The two gateways of a loop differ if more than one is connected. No gateway is the route's far end.
	if needs_first && needs_last && connected.len() > 1 {
		prop_assert_ne!(path[from], path[to]);
	}
	match kind {
		RouteKind::To(destination) if needs_first => prop_assert_ne!(path[from], Some(destination)),
		RouteKind::From(source) if needs_last && connected != [source] => prop_assert_ne!(path[to], Some(source)),
		_ => (),
	}

	// The route has the wanted length, or the length that gateways demand, if such a walk exists; else the longest there is.
	let fixed = usize::from(needs_first) + usize::from(needs_last);
	let least = fixed + 1 + usize::from(path[from] == path[to]);
	let wanted = case.hops.max(least) - fixed;
	let places: Vec<Place> = others.iter().copied().map(Some).chain(local.map(Some)).collect();
	let longest = (0..=wanted).rev().find(|steps| is_walk(&places, path[from], path[to], *steps));
	prop_assert_eq!(Some(to - from), longest, "not the longest there is");
	Ok(())
}

/// Checks that counts are uniform. If they are, this fails with probability 1e-4 at most.
fn assert_uniform(counts: &BTreeMap<Vec<u16>, u32>, cells: usize, what: &str) {
	let draws: u32 = counts.values().sum();
	let expected = f64::from(draws) / cells as f64;
	assert!(expected > 10.0 && counts.len() <= cells, "{what}: {} cells of {cells}", counts.len());
	let empty = (cells - counts.len()) as f64 * expected;
	let chi_squared: f64 =
		counts.values().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum::<f64>() + empty;
	// Chi-squared is close to the cube of a normal variate (Wilson and Hilferty); 3.719 is that one's quantile.
	let degrees = cells as f64 - 1.0;
	let variance = 2.0 / (9.0 * degrees);
	let bound = degrees * (1.0 - variance + 3.719 * variance.sqrt()).powi(3);
	assert!(chi_squared < bound, "{what}: {chi_squared} of {bound}, {counts:?}");
}

/// Counts which mixnodes come at these places of many routes.
fn count(
	topology: &Topology,
	connected: &[MixnodeIndex],
	kind: RouteKind,
	hops: usize,
	seed: u64,
	places: &[usize],
) -> BTreeMap<Vec<u16>, u32> {
	let mut rng = ChaChaRng::seed_from_u64(seed);
	let mut counts = BTreeMap::new();
	for _ in 0..20_000 {
		let route = topology.draw_route(&mut rng, connected, kind, hops).unwrap();
		let path = path(topology, kind, &route);
		let drawn = places.iter().map(|place| path[*place].unwrap().get()).collect();
		*counts.entry(drawn).or_default() += 1;
	}
	counts
}

#[test]
fn every_place_and_pair_of_places_on_a_mixnodes_routes_is_uniform() {
	let mut rng = ChaChaRng::seed_from_u64(1);
	let case = Case {
		seed: 0,
		num: 10,
		is_mixnode: true,
		impostors: 1,
		low_order: 0,
		gateways: 3,
		connected: 0,
		hops: MAX_HOPS,
	};
	let (topology, others) = session(&mut rng, &case);
	// All but ourselves, the mixnode with our peer ID, and the other end.
	for (kind, choices) in [(RouteKind::To(others[3]), 7), (RouteKind::From(others[3]), 7), (RouteKind::Loop, 8)] {
		for first in 1..MAX_HOPS {
			let counts = count(&topology, &[], kind, MAX_HOPS, 7, &[first]);
			assert_uniform(&counts, choices, &format!("{kind:?}, place {first}"));
			for second in first + 1..MAX_HOPS {
				let counts = count(&topology, &[], kind, MAX_HOPS, 8, &[first, second]);
				assert_uniform(&counts, choices * (choices - 1), &format!("{kind:?}, places {first} and {second}"));
			}
		}
	}
}

#[test]
fn every_place_on_a_users_routes_is_uniform() {
	let mut rng = ChaChaRng::seed_from_u64(2);
	let case = Case {
		seed: 0,
		num: 12,
		is_mixnode: false,
		impostors: 1,
		low_order: 0,
		gateways: 4,
		connected: 0,
		hops: MAX_HOPS,
	};
	let (topology, others) = session(&mut rng, &case);
	let reserved = topology.reserved_peers().map(|mixnode| mixnode.peer_id).collect();
	let connected = topology.connected_gateways(&reserved);
	assert_eq!(connected.len(), 4);
	let far = *others.iter().find(|index| !connected.contains(index)).unwrap();
	let near = connected[0];
	// There are 11 others. The gateways and the far end cannot be chosen for the places between them.
	for (kind, gateway_places, choices) in [
		(RouteKind::To(far), vec![1], 4),
		(RouteKind::To(near), vec![1], 3),
		(RouteKind::From(far), vec![5], 4),
		(RouteKind::From(near), vec![5], 3),
		(RouteKind::Loop, vec![1, 5], 12),
	] {
		let counts = count(&topology, &connected, kind, MAX_HOPS, 9, &gateway_places);
		assert_uniform(&counts, choices, &format!("{kind:?}, gateways"));
		let between = match kind {
			RouteKind::To(_) => 2..6,
			RouteKind::From(_) => 1..5,
			RouteKind::Loop => 2..5,
		};
		for place in between {
			// One gateway of several is used up, whichever it is. So the others are uniform given the gateways.
			let mut places = gateway_places.clone();
			places.push(place);
			let counts = count(&topology, &connected, kind, MAX_HOPS, 10, &places);
			assert_uniform(&counts, choices * 9, &format!("{kind:?}, place {place}"));
		}
	}
}

#[test]
fn destinations_are_uniform_among_all_but_ourselves_and_an_only_gateway() {
	for (is_mixnode, gateways, choices) in [(true, 1, 8), (false, 1, 8), (false, 2, 9)] {
		let mut rng = ChaChaRng::seed_from_u64(3);
		let case =
			Case { seed: 0, num: 10, is_mixnode, impostors: 1, low_order: 0, gateways, connected: 0, hops: MAX_HOPS };
		let (topology, others) = session(&mut rng, &case);
		let reserved = topology.reserved_peers().map(|mixnode| mixnode.peer_id).collect();
		let connected = topology.connected_gateways(&reserved);
		let mut counts = BTreeMap::new();
		for _ in 0..20_000 {
			let destination = topology.draw_destination(&mut rng, &connected).unwrap();
			assert!(others.contains(&destination) && connected != [destination]);
			*counts.entry(vec![destination.get()]).or_default() += 1;
		}
		assert_uniform(&counts, choices, &format!("mixnode: {is_mixnode}, {gateways} gateways"));
	}
}

proptest! {
	#![proptest_config(ProptestConfig {
		cases: 4000,
		rng_seed: RngSeed::Fixed(6),
		failure_persistence: None,
		..ProptestConfig::default()
	})]

	#[test]
	fn routes_follow_the_protocol_in_any_session(case in case()) {
		let mut rng = ChaChaRng::seed_from_u64(case.seed);
		let (topology, others) = session(&mut rng, &case);
		let is_mixnode = case.is_mixnode && case.num > 0;
		prop_assert_eq!(topology.is_mixnode(), is_mixnode);
		let reserved: Vec<_> = topology.reserved_peers().map(|mixnode| mixnode.peer_id).collect();
		// Other nodes' packets may visit mixnodes that ours must not.
		let peers = topology.mixnodes.iter().filter(|mixnode| mixnode.peer_id != LOCAL).count();
		let wanted = if is_mixnode { peers } else { case.gateways.min(others.len()) };
		prop_assert_eq!(reserved.len(), wanted);
		let is_connected = |(place, peer_id): (usize, &PeerId)| (case.connected >> place & 1 != 0).then_some(*peer_id);
		let connected: BTreeSet<_> = reserved.iter().enumerate().take(8).filter_map(is_connected).collect();
		let gateways = topology.connected_gateways(&connected);
		prop_assert_eq!(gateways.len(), if is_mixnode { 0 } else { connected.len() });

		let has_way = is_mixnode || !gateways.is_empty();
		let mut kinds = vec![RouteKind::Loop];
		match topology.draw_destination(&mut rng, &gateways) {
			Ok(destination) => {
				prop_assert!(has_way && others.contains(&destination) && gateways != [destination]);
				kinds.extend([RouteKind::To(destination), RouteKind::From(destination)]);
			},
			Err(RouteError::NoConnectedGateways) => prop_assert!(!has_way),
			Err(RouteError::TooFewMixnodes) => {
				prop_assert!(has_way && others.len() == usize::from(gateways.len() == 1));
			},
		}
		for kind in kinds {
			match topology.draw_route(&mut rng, &gateways, kind, case.hops) {
				Ok(route) => check(&case, &topology, &others, &gateways, kind, &route)?,
				Err(RouteError::NoConnectedGateways) => prop_assert!(!has_way),
				Err(RouteError::TooFewMixnodes) => prop_assert!(is_mixnode && others.is_empty()),
			}
		}
	}
}
