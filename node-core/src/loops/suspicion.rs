//! The test of every mixnode and link.
//!
//! A lost loop shows that something on its route loses packets, but not what. But routes are random, and we draw them. A
//! mixnode that has nothing to do with the losses is on a lost route as often as on any other. So each lost route is compared
//! with routes that might as well have been drawn. A mixnode that loses packets is on the lost ones too often.
//!
//! Links are compared in another way: with the other orders of the lost route's mixnodes. So a link is not suspected because
//! it leads to a mixnode that loses everything. A user cannot tell a gateway from the link to it, so it has no evidence on
//! those links.
//!
//! Take `k` such routes and the lost one, and let `s` of these `k + 1` visit a mixnode. The likelihood ratio of "lost routes
//! visit it with odds `a` times those of chance" against "it does not matter" is `a^x (k + 1) / (a s + k + 1 - s)`. Here `x` is
//! 1 if the lost route visits the mixnode, otherwise 0. If the mixnode does not matter, each of the `k + 1` routes is equally
//! likely to be the lost one. So the mean of the ratio is exactly 1 then, however the routes are drawn.
//!
//! The losses of one culprit must not accuse others that are often on the same routes. So a mixnode or link with half
//! of the evidence that raises an alarm explains the losses on its routes: they count against it alone. The others are
//! compared among routes without it.
//!
//! An attacker who wants an honest mixnode accused can drop packets to it and from it. Then all losses are between the mixnode
//! and the attacker, or a few attackers. A mixnode that loses packets by itself loses those of all its neighbours.
//! [`Neighbours`] tells the two cases apart if there are enough neighbours.

use super::{
	evidence::{threshold, Evidence, ALTERNATIVES},
	neighbours::Neighbours,
	report::Score,
};
use crate::{
	bytes::{sum, tree},
	MixnodeIndex,
};
use alloc::{collections::BTreeMap, vec::Vec};
use rand_core::RngCore;
use rand_distr::{Distribution, Uniform};

/// How many routes each lost one is compared with. More make the test sharper, up to a point, and take time.
const COMPARED: usize = 63;

/// The most routes that are drawn for the comparison: some may visit a mixnode or link that is suspected already.
const DRAWN: usize = 4 * COMPARED;

/// Suspicion of a mixnode or link ends once this many loops in a row came back by it.
const CLEARED_BY: u32 = 100;

/// The odds that are weighed against chance. The likelihood is highest for odds near the true ones. Three are enough: from a
/// tenth of the packets dropped to all of them, any share is found nearly as soon as possible.
const ODDS: [f64; ALTERNATIVES] = [3.0, 10.0, 40.0];

/// All links are scored in sessions that have at most this many. In larger sessions a link is used so rarely that a score
/// would mean little, so only links from and to ourselves are scored. Each takes about 100 bytes.
const MAX_LINKS: usize = 1 << 14;

/// The two ends of a link, in its direction. `None` stands for ourselves.
pub(super) type Link = (Option<MixnodeIndex>, Option<MixnodeIndex>);

/// The counts and the evidence of a mixnode or a link.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
	/// Loops judged whose route it was on.
	loops: u64,
	/// Loops among them that were lost.
	lost: u64,
	/// The number of lost loops that chance would explain.
	expected_lost: f64,
	/// Loops that came back by it since the last lost one.
	returned_since: u32,
	evidence: Evidence,
}

impl Tally {
	pub fn score(&self) -> Score {
		Score {
			loops: self.loops,
			lost: self.lost,
			expected_lost: self.expected_lost,
			evidence: self.evidence.digits(),
			suspected: self.evidence.alarmed(),
		}
	}

	/// Counts a route that it is on.
	fn count(&mut self, lost: bool) {
		self.loops += 1;
		if lost {
			self.lost += 1;
			self.returned_since = 0;
		} else {
			self.returned_since = self.returned_since.saturating_add(1);
			if self.returned_since >= CLEARED_BY {
				self.evidence = Evidence::default();
			}
		}
	}

	/// Weighs a lost route. Returns whether that raises an alarm.
	fn weigh(&mut self, weight: Weight, threshold: f64) -> bool {
		match weight {
			Weight::Explained { on_route } => {
				self.expected_lost += f64::from(u8::from(on_route));
				false
			},
			Weight::Compared { on_route, on, compared } => {
				self.expected_lost += on as f64 / compared.max(1) as f64;
				self.evidence.add(log_ratios(on_route, on + usize::from(on_route), compared + 1), threshold)
			},
		}
	}
}

/// Logarithms of the likelihood ratios if `on` of `all` routes, the lost one included, visit the mixnode or link tested.
fn log_ratios(on_route: bool, on: usize, all: usize) -> [f64; ALTERNATIVES] {
	let (on, all) = (on as f64, all as f64);
	ODDS.map(|odds| libm::log(if on_route { odds } else { 1.0 } * all / (odds * on + all - on)))
}

/// A mixnode or a link that is suspected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Suspect {
	Mixnode(MixnodeIndex),
	Link(Link),
}

impl Suspect {
	fn is_on(self, route: &[MixnodeIndex]) -> bool {
		match self {
			Self::Mixnode(index) => route.contains(&index),
			Self::Link(link) => links_of(route).any(|other| other == link),
		}
	}
}

/// The scores of a session's mixnodes and links. Those that were never on a route have none.
#[derive(Debug)]
pub(super) struct Suspicion {
	/// Number of mixnodes in the session.
	num_mixnodes: usize,
	mixnodes: BTreeMap<MixnodeIndex, Tally>,
	links: BTreeMap<Link, Tally>,
	neighbours: Neighbours,
}

impl Suspicion {
	/// The most bytes of heap of the scores in a session of this many mixnodes.
	pub fn max_bytes(num_mixnodes: usize) -> usize {
		let scores = num_mixnodes.saturating_add(Self::max_links(num_mixnodes));
		sum([tree(scores, size_of::<(Link, Tally)>()), Neighbours::max_bytes(num_mixnodes)])
	}

	/// The most links that are scored in a session of this many mixnodes.
	fn max_links(num_mixnodes: usize) -> usize {
		let all = num_links(num_mixnodes);
		if all <= MAX_LINKS {
			all
		} else {
			num_mixnodes.saturating_mul(2)
		}
	}

	pub fn new(num_mixnodes: usize) -> Self {
		Self { num_mixnodes, mixnodes: BTreeMap::new(), links: BTreeMap::new(), neighbours: Neighbours::default() }
	}

	pub fn mixnodes(&self) -> impl Iterator<Item = (MixnodeIndex, &Tally)> {
		self.mixnodes.iter().map(|(index, tally)| (*index, tally))
	}

	pub fn links(&self) -> impl Iterator<Item = (Link, &Tally)> {
		self.links.iter().map(|(link, tally)| (*link, tally))
	}

	/// The few neighbours that share nearly all of a mixnode's losses. Empty if the losses are spread.
	pub fn few_neighbours(&self, mixnode: MixnodeIndex) -> Vec<MixnodeIndex> {
		self.neighbours.few(mixnode)
	}

	/// Adds the route of a loop.
	pub fn count(&mut self, route: &[MixnodeIndex], lost: bool) {
		for (at, index) in route.iter().enumerate() {
			if !route[..at].contains(index) {
				self.mixnodes.entry(*index).or_default().count(lost);
			}
		}
		for link in links_of(route).filter(|link| is_scored(self.num_mixnodes, link)) {
			self.links.entry(link).or_default().count(lost);
		}
	}

	/// Weighs a lost route. `has_gateways` says that its ends are gateways; the rest was drawn freely. `draw` draws a route that
	/// might have been it.
	pub fn weigh_lost<R: RngCore + ?Sized>(
		&mut self,
		rng: &mut R,
		route: &[MixnodeIndex],
		has_gateways: bool,
		mut draw: impl FnMut(&mut R) -> Vec<MixnodeIndex>,
		mut suspect: impl FnMut(Suspect),
	) {
		for (index, tally) in &self.mixnodes {
			if !tally.evidence.reaches(f64::MIN_POSITIVE) {
				self.neighbours.forget(*index);
			}
		}
		self.neighbours.count(route);

		let known = self.known();
		let draws = if known.is_empty() { COMPARED } else { DRAWN };
		let drawn: Vec<_> = (0..draws).map(|_| draw(rng)).collect();
		let at_least = threshold(self.num_mixnodes);
		for (index, weight) in weights(route, &drawn, &known, Suspect::Mixnode, |route| route.to_vec()) {
			if self.mixnodes.entry(index).or_default().weigh(weight, at_least) {
				suspect(Suspect::Mixnode(index));
			}
		}

		if !can_be_shuffled(route, has_gateways) {
			return;
		}
		let mut order = route.to_vec();
		let drawn: Vec<_> = (0..draws)
			.map(|_| {
				shuffle(rng, &mut order, has_gateways);
				order.clone()
			})
			.collect();
		let at_least = threshold(num_links(self.num_mixnodes));
		let num_mixnodes = self.num_mixnodes;
		let visited = |route: &[MixnodeIndex]| {
			let is_weighed = |(from, to): &Link| !has_gateways || (from.is_some() && to.is_some());
			links_of(route).filter(|link| is_scored(num_mixnodes, link) && is_weighed(link)).collect()
		};
		for (link, weight) in weights(route, &drawn, &known, Suspect::Link, visited) {
			if self.links.entry(link).or_default().weigh(weight, at_least) {
				suspect(Suspect::Link(link));
			}
		}
	}

	/// The mixnodes and links with half of an alarm's evidence, which explain losses.
	fn known(&self) -> Vec<Suspect> {
		let enough = threshold(self.num_mixnodes) / 2.0;
		let mixnodes = self.mixnodes.iter().filter(|(_, tally)| tally.evidence.reaches(enough));
		let enough = threshold(num_links(self.num_mixnodes)) / 2.0;
		let links = self.links.iter().filter(|(_, tally)| tally.evidence.reaches(enough));
		mixnodes.map(|(index, _)| Suspect::Mixnode(*index)).chain(links.map(|(link, _)| Suspect::Link(*link))).collect()
	}
}

/// What a lost route says about a mixnode or link.
#[derive(Clone, Copy)]
enum Weight {
	/// Nothing: another suspect explains the loss. `on_route`: is the mixnode or link tested on the route?
	Explained { on_route: bool },
	/// `on` of `compared` routes visit it. `on_route`: does the lost route?
	Compared { on_route: bool, on: usize, compared: usize },
}

/// What a lost route says of every mixnode, or link, on it or on a compared route. Each is compared among the routes without
/// other known culprits.
fn weights<T: Ord + Copy>(
	lost: &[MixnodeIndex],
	drawn: &[Vec<MixnodeIndex>],
	known: &[Suspect],
	suspect: impl Fn(T) -> Suspect,
	visited: impl Fn(&[MixnodeIndex]) -> Vec<T>,
) -> Vec<(T, Weight)> {
	let without = |other: Option<Suspect>, route: &[MixnodeIndex]| {
		known.iter().filter(|known| Some(**known) != other).all(|known| !known.is_on(route))
	};
	let on_lost = visited(lost);
	let compare = |except: Option<Suspect>| -> Vec<Vec<T>> {
		let routes = drawn.iter().filter(|route| without(except, route)).take(COMPARED);
		routes.map(|route| visited(route)).collect()
	};

	// All but the suspects themselves are compared with the same routes.
	let compared = compare(None);
	let mut all: Vec<T> = on_lost.iter().chain(compared.iter().flatten()).copied().collect();
	let is_known = |of: T| known.contains(&suspect(of));
	all.extend(drawn.iter().flat_map(|route| visited(route)).filter(|visited| is_known(*visited)));
	all.sort_unstable();
	all.dedup();

	let is_explained = !without(None, lost);
	all.into_iter()
		.map(|of| {
			let on_route = on_lost.contains(&of);
			let own = Some(suspect(of)).filter(|own| known.contains(own));
			let is_explained = if own.is_some() { !without(own, lost) } else { is_explained };
			if is_explained {
				return (of, Weight::Explained { on_route });
			}
			let count = |compared: &[Vec<T>]| {
				let on = compared.iter().filter(|visited| visited.contains(&of)).count();
				Weight::Compared { on_route, on, compared: compared.len() }
			};
			(of, if own.is_some() { count(&compare(own)) } else { count(&compared) })
		})
		.collect()
}

/// The links of a route: from ourselves to the first mixnode, from the first to the second, .. from the last to ourselves.
pub(super) fn links_of(route: &[MixnodeIndex]) -> impl Iterator<Item = Link> + '_ {
	let from = core::iter::once(None).chain(route.iter().copied().map(Some));
	let to = route.iter().copied().map(Some).chain(core::iter::once(None));
	// (In a session of two mixnodes, of which we are one, the other may follow itself: there is no link then.)
	from.zip(to).filter(|(from, to)| from != to)
}

fn num_links(num_mixnodes: usize) -> usize {
	num_mixnodes.saturating_mul(num_mixnodes.saturating_add(1))
}

fn is_scored(num_mixnodes: usize, (from, to): &Link) -> bool {
	num_links(num_mixnodes) <= MAX_LINKS || from.is_none() || to.is_none()
}

/// The places of a route that are drawn freely: all but those of the gateways at the ends.
fn free(route_len: usize, has_gateways: bool) -> core::ops::Range<usize> {
	if has_gateways {
		1..route_len.saturating_sub(1).max(1)
	} else {
		0..route_len
	}
}

/// Are all orders of the route equally likely? They are not if a mixnode comes twice, since then not all orders are allowed.
/// (It may come twice if it is the only connected gateway, at both ends.)
fn can_be_shuffled(route: &[MixnodeIndex], has_gateways: bool) -> bool {
	let free = free(route.len(), has_gateways);
	route.len() > 1
		&& route.get(free.clone()).is_some_and(|drawn| {
			drawn
				.iter()
				.zip(free)
				.all(|(index, at)| route.iter().enumerate().all(|(other, it)| other == at || it != index))
		})
}

/// Draws one of the orders, all equally likely. Gateways keep their places.
fn shuffle<R: RngCore + ?Sized>(rng: &mut R, route: &mut [MixnodeIndex], has_gateways: bool) {
	let free = free(route.len(), has_gateways);
	for i in free.clone().skip(1) {
		route.swap(i, Uniform::new_inclusive(free.start, i).sample(rng));
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use rand_chacha::{rand_core::SeedableRng, ChaChaRng};

	fn route(indices: &[u16]) -> Vec<MixnodeIndex> {
		indices.iter().map(|index| MixnodeIndex::new(*index).unwrap()).collect()
	}

	#[test]
	fn links_lead_from_us_back_to_us() {
		let [a, b] = [0, 1].map(MixnodeIndex::new);
		assert_eq!(links_of(&route(&[0, 1])).collect::<Vec<_>>(), [(None, a), (a, b), (b, None)]);
		assert_eq!(links_of(&route(&[0])).count(), 2);
	}

	#[test]
	fn orders_are_equally_likely_and_gateways_stay_at_the_ends() {
		let mut rng = ChaChaRng::seed_from_u64(1);
		for (has_gateways, orders) in [(false, 120), (true, 6)] {
			let start = route(&[0, 1, 2, 3, 4]);
			assert!(can_be_shuffled(&start, has_gateways));
			let mut order = start.clone();
			let mut counts = BTreeMap::new();
			for _ in 0..orders * 500 {
				shuffle(&mut rng, &mut order, has_gateways);
				*counts.entry(order.clone()).or_insert(0u32) += 1;
			}
			assert_eq!(counts.len(), orders);
			// Six standard deviations.
			assert!(counts.values().all(|count| (366..=634).contains(count)), "{counts:?}");
			if has_gateways {
				assert!(counts.keys().all(|order| (order[0], order[4]) == (start[0], start[4])));
			}
		}
	}

	#[test]
	fn routes_that_visit_a_mixnode_twice_tell_nothing_of_links() {
		assert!(!can_be_shuffled(&route(&[0, 1, 0]), false));
		assert!(can_be_shuffled(&route(&[0, 1, 0]), true));
		assert!(!can_be_shuffled(&route(&[0, 1, 2, 1, 3]), true));
		assert!(!can_be_shuffled(&route(&[0, 1, 2, 0, 3]), true));
		for len in 0..3 {
			let short: Vec<u16> = (0..len).collect();
			can_be_shuffled(&route(&short), true);
			assert!(!can_be_shuffled(&route(&short[..short.len().min(1)]), false));
		}
	}

	#[test]
	fn the_mean_likelihood_ratio_is_one_under_chance() {
		for all in [1, 2, 17, COMPARED + 1] {
			for on in 0..=all {
				let share = on as f64 / all as f64;
				let [on_route, off_route] = [true, false].map(|on_route| log_ratios(on_route, on, all).map(f64::exp));
				for (on_route, off_route) in on_route.into_iter().zip(off_route) {
					// Not visited by the lost route at all, or by all of them: only one of the two can be.
					let on_route = if on == 0 { 0.0 } else { on_route * share };
					let off_route = if on == all { 0.0 } else { off_route * (1.0 - share) };
					assert!((on_route + off_route - 1.0).abs() < 1e-12);
				}
			}
		}
	}

	#[test]
	fn losses_on_a_suspected_link_count_against_nobody_else() {
		let rng = &mut ChaChaRng::seed_from_u64(1);
		let link = (MixnodeIndex::new(0), MixnodeIndex::new(1));
		// All five mixnodes are on every route: the losses can only be a link's.
		let draw = |rng: &mut ChaChaRng| {
			let mut order = route(&[0, 1, 2, 3, 4]);
			shuffle(rng, &mut order, false);
			order
		};
		let lose = |suspicion: &mut Suspicion, rng: &mut ChaChaRng| {
			let lost = core::iter::repeat_with(|| draw(rng)).find(|route| Suspect::Link(link).is_on(route)).unwrap();
			suspicion.weigh_lost(rng, &lost, false, draw, |_| ());
		};
		let mut suspicion = Suspicion::new(5);
		let half = threshold(num_links(5)) / 2.0;
		for losses in 0.. {
			assert!(losses < 50);
			if suspicion.links.get(&link).is_some_and(|tally| tally.evidence.reaches(half)) {
				break;
			}
			assert_eq!(suspicion.known(), []);
			lose(&mut suspicion, rng);
		}
		assert_eq!(suspicion.known(), [Suspect::Link(link)]);
		let against_others = |suspicion: &Suspicion| -> f64 {
			let others = suspicion.links().filter(|(other, _)| *other != link).map(|(_, tally)| tally);
			others.chain(suspicion.mixnodes().map(|(_, tally)| tally)).map(|tally| tally.evidence.digits()).sum()
		};
		let before = against_others(&suspicion);
		for _ in 0..50 {
			lose(&mut suspicion, rng);
		}
		assert!(suspicion.links[&link].evidence.alarmed());
		assert_eq!(against_others(&suspicion), before);
	}

	#[test]
	fn losses_at_a_suspected_mixnode_count_against_nobody_else() {
		let rng = &mut ChaChaRng::seed_from_u64(1);
		let [culprit, companion] = [0, 1].map(|index| MixnodeIndex::new(index).unwrap());
		let draw = |rng: &mut ChaChaRng| {
			let mut order = route(&(0..20).collect::<Vec<_>>());
			shuffle(rng, &mut order, false);
			order.truncate(4);
			order
		};
		// One mixnode loses everything. Others are on its routes.
		let lose = |suspicion: &mut Suspicion, rng: &mut ChaChaRng, companion: MixnodeIndex| {
			let both = |route: &Vec<_>| route.contains(&culprit) && route.contains(&companion);
			let lost = core::iter::repeat_with(|| draw(rng)).find(both).unwrap();
			suspicion.weigh_lost(rng, &lost, false, draw, |_| ());
		};
		let evidence = |suspicion: &Suspicion, index| {
			suspicion.mixnodes.get(&index).map_or(0.0, |tally: &Tally| tally.evidence.digits())
		};
		let mut suspicion = Suspicion::new(20);
		while suspicion.known().is_empty() {
			let any = draw(rng).into_iter().find(|index| *index != culprit).unwrap();
			assert!(evidence(&suspicion, culprit) < 7.0);
			lose(&mut suspicion, rng, any);
		}
		assert_eq!(suspicion.known(), [Suspect::Mixnode(culprit)]);
		let before = evidence(&suspicion, companion);
		for _ in 0..50 {
			lose(&mut suspicion, rng, companion);
		}
		assert!(suspicion.mixnodes[&culprit].evidence.alarmed());
		assert_eq!(evidence(&suspicion, companion), before);
	}

	#[test]
	fn large_sessions_score_their_own_links_alone() {
		let ours = (None, MixnodeIndex::new(3));
		let theirs = (MixnodeIndex::new(4), MixnodeIndex::new(3));
		assert!(is_scored(127, &theirs) && !is_scored(128, &theirs));
		assert!(is_scored(60_000, &ours) && is_scored(60_000, &(ours.1, None)));
	}
}
