//! The test of every mixnode and link.
//!
//! A lost loop tells that something on its path loses packets, and not what. But paths are random, and drawn by us: a
//! mixnode that has nothing to do with the losses sits on a lost path as often as on any. So each lost path is compared
//! with paths that might as well have been drawn. Those that lose packets are on the lost one too often.
//!
//! Links are compared in another way: among the orders in which the lost path's mixnodes might as well have come. Thus a
//! link is not suspected for leading to a mixnode that loses everything, wherever it comes from. (The other way round it
//! cannot be helped: a link that loses packets makes its ends sit on lost paths.)
//!
//! With `k` such paths and the lost one, `s` of all of which visit a mixnode, the likelihood ratio of "lost paths visit it
//! with odds `a` times those of chance" against "it does not matter" is `a^x (k + 1) / (a s + k + 1 - s)`, where `x` is 1
//! if the lost path visits it and else 0. Which of the `k + 1` paths is the lost one is equally likely under the latter,
//! so the mean of the ratio is 1 then, exactly, however the paths are drawn. Where several mixnodes lose packets, the
//! others sit on lost paths less often than chance has it, and less is suspected, not more.

use super::{
	evidence::{threshold, Evidence, Verdict, ALTERNATIVES},
	report::Score,
};
use crate::MixnodeIndex;
use alloc::{collections::BTreeMap, vec::Vec};
use rand_core::RngCore;
use rand_distr::{Distribution, Uniform};

/// Paths that each lost one is compared with. More make the test sharper, up to a point, and take time.
const COMPARED: u32 = 63;

/// The odds that are weighed against chance. The likelihood is highest for odds near the true ones; with three, all from
/// a tenth of the packets dropped to all of them are found about as soon as can be.
const ODDS: [f64; ALTERNATIVES] = [3.0, 10.0, 40.0];

/// Links are scored in sessions that have at most so many. In larger ones a link is used so rarely that a score would not
/// mean much; there only links from and to ourselves are scored. Each takes about 100 bytes.
const MAX_LINKS: usize = 1 << 14;

/// From where to where; `None`: ourselves.
pub(super) type Link = (Option<MixnodeIndex>, Option<MixnodeIndex>);

/// What is known of a mixnode or of a link.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
	/// Loops judged that it was on the path of.
	loops: u64,
	/// Those of them that were lost.
	lost: u64,
	/// How many that would be by chance.
	expected_lost: f64,
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

	/// Counts in a lost path. `on_path`: does it visit this? `compared`: how many of the compared ones do.
	fn add_lost(&mut self, on_path: bool, compared: u32, threshold: f64) -> Verdict {
		self.lost += u64::from(on_path);
		self.expected_lost += f64::from(compared) / f64::from(COMPARED);
		let all = f64::from(COMPARED + 1);
		let on = f64::from(compared + u32::from(on_path));
		self.evidence
			.add(ODDS.map(|odds| libm::log(if on_path { odds } else { 1.0 } * all / (odds * on + all - on))), threshold)
	}
}

/// Who is suspected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Suspect {
	Mixnode(MixnodeIndex),
	Link(Link),
}

/// The scores of a session's mixnodes and links. What was never on a path has none.
#[derive(Debug)]
pub(super) struct Suspicion {
	/// How many mixnodes the session has.
	num_mixnodes: usize,
	mixnodes: BTreeMap<MixnodeIndex, Tally>,
	links: BTreeMap<Link, Tally>,
}

impl Suspicion {
	pub fn new(num_mixnodes: usize) -> Self {
		Self { num_mixnodes, mixnodes: BTreeMap::new(), links: BTreeMap::new() }
	}

	pub fn mixnodes(&self) -> impl Iterator<Item = (MixnodeIndex, &Tally)> {
		self.mixnodes.iter().map(|(index, tally)| (*index, tally))
	}

	pub fn links(&self) -> impl Iterator<Item = (Link, &Tally)> {
		self.links.iter().map(|(link, tally)| (*link, tally))
	}

	/// Counts in the path of a loop, lost or not.
	pub fn count(&mut self, path: &[MixnodeIndex]) {
		for index in path {
			self.mixnodes.entry(*index).or_default().loops += 1;
		}
		for link in links_of(path).filter(|link| is_scored(self.num_mixnodes, link)) {
			self.links.entry(link).or_default().loops += 1;
		}
	}

	/// Weighs a lost path. `gateways_first`: its ends are gateways, the rest was drawn freely. `draw`: draws a path that
	/// might have been it.
	pub fn weigh_lost<R: RngCore + ?Sized>(
		&mut self,
		rng: &mut R,
		path: &[MixnodeIndex],
		has_gateways: bool,
		mut draw: impl FnMut(&mut R) -> Vec<MixnodeIndex>,
		mut suspect: impl FnMut(Suspect, &Tally),
	) {
		let mut visits = Visits::new(path.iter().copied());
		for _ in 0..COMPARED {
			visits.compare(draw(rng).into_iter());
		}
		let at_least = threshold(self.num_mixnodes);
		for (index, (on_path, compared)) in visits.0 {
			let tally = self.mixnodes.entry(index).or_default();
			if tally.add_lost(on_path, compared, at_least) == Verdict::Alarm {
				suspect(Suspect::Mixnode(index), tally);
			}
		}

		let mut order = path.to_vec();
		if !can_be_shuffled(path, has_gateways) {
			return;
		}
		let scored = |path: &[MixnodeIndex]| {
			let num_mixnodes = self.num_mixnodes;
			links_of(path).filter(move |link| is_scored(num_mixnodes, link)).collect::<Vec<_>>()
		};
		let mut visits = Visits::new(scored(path).into_iter());
		for _ in 0..COMPARED {
			shuffle(rng, &mut order, has_gateways);
			visits.compare(scored(&order).into_iter());
		}
		let at_least = threshold(num_links(self.num_mixnodes));
		for (link, (on_path, compared)) in visits.0 {
			let tally = self.links.entry(link).or_default();
			if tally.add_lost(on_path, compared, at_least) == Verdict::Alarm {
				suspect(Suspect::Link(link), tally);
			}
		}
	}
}

/// For everything that the lost path or a compared one visits: does the lost one, and how many of the compared do?
struct Visits<T>(BTreeMap<T, (bool, u32)>);

impl<T: Ord + Copy> Visits<T> {
	fn new(lost: impl Iterator<Item = T>) -> Self {
		Self(lost.map(|visited| (visited, (true, 0))).collect())
	}

	/// Counts a path in, everything that it visits once. (Paths visit a mixnode twice only where there are few.)
	fn compare(&mut self, path: impl Iterator<Item = T>) {
		let mut seen = Vec::with_capacity(8);
		for visited in path {
			if !seen.contains(&visited) {
				seen.push(visited);
				self.0.entry(visited).or_default().1 += 1;
			}
		}
	}
}

/// Ourselves, the first mixnode; the first, the second; .. the last, ourselves.
pub(super) fn links_of(path: &[MixnodeIndex]) -> impl Iterator<Item = Link> + '_ {
	let from = core::iter::once(None).chain(path.iter().copied().map(Some));
	let to = path.iter().copied().map(Some).chain(core::iter::once(None));
	from.zip(to)
}

fn num_links(num_mixnodes: usize) -> usize {
	num_mixnodes.saturating_mul(num_mixnodes + 1)
}

fn is_scored(num_mixnodes: usize, (from, to): &Link) -> bool {
	num_links(num_mixnodes) <= MAX_LINKS || from.is_none() || to.is_none()
}

/// The mixnodes that are drawn freely: all but the gateways at the ends.
fn free(path_len: usize, has_gateways: bool) -> core::ops::Range<usize> {
	if has_gateways {
		1..path_len.saturating_sub(1).max(1)
	} else {
		0..path_len
	}
}

/// Is every order of the path as likely as any? Not if some mixnode comes twice: then not all orders are allowed. (Unless
/// it is the only connected gateway, at both ends.)
fn can_be_shuffled(path: &[MixnodeIndex], has_gateways: bool) -> bool {
	let free = free(path.len(), has_gateways);
	path.len() > 1
		&& path.get(free.clone()).is_some_and(|drawn| {
			drawn
				.iter()
				.zip(free)
				.all(|(index, at)| path.iter().enumerate().all(|(other, it)| other == at || it != index))
		})
}

/// Draws one of the orders, all of which are equally likely.
fn shuffle<R: RngCore + ?Sized>(rng: &mut R, path: &mut [MixnodeIndex], has_gateways: bool) {
	let free = free(path.len(), has_gateways);
	for i in free.clone().skip(1) {
		path.swap(i, Uniform::new_inclusive(free.start, i).sample(rng));
	}
	if has_gateways && rng.next_u32() & 1 == 1 {
		let last = path.len() - 1;
		path.swap(0, last);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use rand_chacha::{rand_core::SeedableRng, ChaChaRng};

	fn path(indices: &[u16]) -> Vec<MixnodeIndex> {
		indices.iter().map(|index| MixnodeIndex::new(*index).unwrap()).collect()
	}

	#[test]
	fn links_lead_from_us_back_to_us() {
		let [a, b] = [0, 1].map(MixnodeIndex::new);
		assert_eq!(links_of(&path(&[0, 1])).collect::<Vec<_>>(), [(None, a), (a, b), (b, None)]);
		assert_eq!(links_of(&path(&[0])).count(), 2);
	}

	#[test]
	fn orders_are_equally_likely_and_gateways_stay_at_the_ends() {
		let mut rng = ChaChaRng::seed_from_u64(1);
		for (has_gateways, orders) in [(false, 120), (true, 12)] {
			let start = path(&[0, 1, 2, 3, 4]);
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
				let ends: Vec<_> = counts.keys().map(|order| order[0].get() + order[4].get()).collect();
				assert!(ends.iter().all(|sum| *sum == 4));
			}
		}
	}

	#[test]
	fn paths_that_come_by_a_mixnode_twice_tell_nothing_of_links() {
		assert!(!can_be_shuffled(&path(&[0, 1, 0]), false));
		assert!(can_be_shuffled(&path(&[0, 1, 0]), true));
		assert!(!can_be_shuffled(&path(&[0, 1, 2, 1, 3]), true));
		assert!(!can_be_shuffled(&path(&[0, 1, 2, 0, 3]), true));
		for len in 0..3 {
			let short: Vec<u16> = (0..len).collect();
			can_be_shuffled(&path(&short), true);
			assert!(!can_be_shuffled(&path(&short[..short.len().min(1)]), false));
		}
	}

	#[test]
	fn the_mean_likelihood_ratio_is_one_under_chance() {
		for compared in 0..=COMPARED + 1 {
			let all = f64::from(COMPARED + 1);
			let on = f64::from(compared);
			for odds in ODDS {
				let ratio = |on_path: bool| if on_path { odds } else { 1.0 } * all / (odds * on + all - on);
				let mean = ratio(true) * on / all + ratio(false) * (all - on) / all;
				assert!((mean - 1.0).abs() < 1e-12);
			}
		}
	}

	#[test]
	fn large_sessions_score_their_own_links_alone() {
		let ours = (None, MixnodeIndex::new(3));
		let theirs = (MixnodeIndex::new(4), MixnodeIndex::new(3));
		assert!(is_scored(127, &theirs) && !is_scored(128, &theirs));
		assert!(is_scored(60_000, &ours) && is_scored(60_000, &(ours.1, None)));
	}
}
