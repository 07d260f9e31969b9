//! Thins what one mixnode sends on to one next hop, if that is a flood.
//!
//! **Why.** We take as much from a mixnode as the next hop takes from us. So a mixnode that floods the next hop through us would fill
//! up all that is lent to us there, and have our other packets dropped. Where the flood enters it can be told: it comes from
//! one mixnode and goes on to one, where what is honest goes to all of them. So of the packets of such a pair only a share passes.
//!
//! **What it must not tell.** A mixnode that hands us somebody's packet may want to know where it goes on to. If its packets to
//! each next hop were bounded by their number, it could fill up all bounds but for one packet, hand us that packet, and see which
//! bound is reached. So numbers decide nothing while packets come. At the end of an epoch it is decided what share of a pair's packets
//! passes in the next one, by a limit that is drawn at random between a number and its double. One packet changes the share by less
//! than is unknown of it a hundred times over, and which packets pass is random again. The share falls at once, and rises
//! slowly, so that a flood in every other epoch is thinned as well.
//!
//! What is guaranteed to a neighbour ([`shares`](super::shares)) is not thinned.

use crate::{
	bytes::{sum, tree},
	time::Time,
	PeerId,
};
use alloc::collections::BTreeMap;
use core::time::Duration;
use rand_core::RngCore;

/// The length of an epoch, in mean delays.
const EPOCH: u32 = 4;
/// The least number of packets in an epoch that may be more than the limit.
const LEAST_LIMIT: usize = 64;
/// Of the packets that could come in an epoch beyond those that did, one in so many may go from one mixnode to another.
const LIMIT_ONE_IN: usize = 8;
/// What the share of a pair is multiplied with in an epoch without a flood.
const RISE: f64 = 1.05;
/// The least share.
const LEAST_SHARE: f64 = 1.0 / 1024.0;

/// The packets that come from one mixnode and go on to another.
#[derive(Debug)]
struct Pair {
	/// How many were taken in this epoch.
	taken: u32,
	/// To how many next hops the mixnode sends.
	hops: u32,
	/// The share of them that passes.
	share: f64,
}

/// Which packets pass.
#[derive(Debug, Default)]
pub(super) struct Thinning {
	epoch_ends: Time,
	/// How many packets were taken in this epoch, of all neighbours.
	taken: usize,
	/// Those that had packets in this epoch, and those that are thinned.
	pairs: BTreeMap<[PeerId; 2], Pair>,
}

impl Thinning {
	/// The most bytes of heap if so many packets are taken in a mean delay.
	pub fn max_bytes(capacity: usize) -> usize {
		sum([
			tree(Self::max_pairs(capacity), size_of::<([PeerId; 2], Pair)>()),
			tree(capacity, size_of::<(PeerId, usize)>()),
		])
	}

	/// An epoch's packets, and one mean delay's more: an epoch ends when something happens after its end.
	fn max_pairs(capacity: usize) -> usize {
		capacity.saturating_mul(EPOCH as usize + 1)
	}

	/// Does a packet of this pair pass? `random` is its own number, which its author does not know.
	pub fn passes(&self, pair: &[PeerId; 2], random: u16) -> bool {
		self.pairs.get(pair).is_none_or(|pair| f64::from(random) < pair.share * f64::from(1u32 << 16))
	}

	/// A packet was taken, of a mixnode that sends to so many next hops.
	pub fn count(&mut self, pair: [PeerId; 2], hops: usize, capacity: usize) {
		self.taken = self.taken.saturating_add(1);
		if self.pairs.len() >= Self::max_pairs(capacity) && !self.pairs.contains_key(&pair) {
			return;
		}
		let hops = u32::try_from(hops).unwrap_or(u32::MAX);
		let pair = self.pairs.entry(pair).or_insert(Pair { taken: 0, hops, share: 1.0 });
		pair.taken = pair.taken.saturating_add(1);
		pair.hops = pair.hops.min(hops);
	}

	/// A packet was taken that is not of a mixnode.
	pub fn count_other(&mut self) {
		self.taken = self.taken.saturating_add(1);
	}

	/// Ends the epoch if it is over. `capacity` is how many packets may come in a mean delay.
	pub fn advance(&mut self, now: Time, mean_delay: Duration, capacity: usize, rng: &mut impl RngCore) {
		if now < self.epoch_ends {
			return;
		}
		self.epoch_ends = now + mean_delay.saturating_mul(EPOCH);
		let lent = capacity.saturating_mul(EPOCH as usize).saturating_sub(self.taken);
		self.taken = 0;
		let mut of_neighbours = BTreeMap::new();
		for ([from, _], pair) in &self.pairs {
			*of_neighbours.entry(*from).or_insert(0usize) += pair.taken as usize;
		}
		self.pairs.retain(|[from, _], pair| {
			let by_chance = by_chance(of_neighbours.get(from).copied().unwrap_or(0), pair.hops as usize);
			pair.end_epoch((lent / LIMIT_ONE_IN).max(by_chance).max(LEAST_LIMIT), rng)
		});
	}
}

impl Pair {
	/// Draws the limit between `least` and its double, and sets the share for the next epoch. Returns whether it is thinned.
	fn end_epoch(&mut self, least: usize, rng: &mut impl RngCore) -> bool {
		let taken = core::mem::take(&mut self.taken) as usize;
		if self.share < 1.0 || taken > least {
			let limit = least as f64 * (1.0 + f64::from(rng.next_u32()) / f64::from(u32::MAX));
			// As many came as would have been taken without thinning.
			let came = taken.max(1) as f64 / self.share;
			self.share = (limit / came).clamp(LEAST_SHARE, self.share * RISE).min(1.0);
		}
		self.share < 1.0
	}
}

/// How many of so many packets go to one next hop, by chance, if all of `hops` are as likely: seldom more than five standard
/// deviations above the mean.
fn by_chance(packets: usize, hops: usize) -> usize {
	let hops = hops.max(1);
	packets.div_ceil(hops).saturating_add((packets.saturating_mul(25) / hops).isqrt())
}

#[cfg(test)]
mod tests {
	use super::*;
	use rand_chacha::{rand_core::SeedableRng, ChaChaRng};

	const MEAN_DELAY: Duration = Duration::from_secs(1);
	const CAPACITY: usize = 1000;

	fn id(number: usize) -> PeerId {
		PeerId([number as u8; 32])
	}

	fn at(epoch: u32) -> Time {
		Time::ZERO + MEAN_DELAY * EPOCH * epoch
	}

	/// Thinning in which so many packets of a pair are offered in each epoch, and the same number of others is taken. How many of
	/// the pair's pass in each.
	fn passed(offered: &[usize], others: usize, seed: u64) -> Vec<usize> {
		let mut rng = ChaChaRng::seed_from_u64(seed);
		let mut thinning = Thinning::default();
		let pair = [id(1), id(2)];
		let pass = |(epoch, offered): (usize, &usize)| {
			thinning.advance(at(epoch as u32), MEAN_DELAY, CAPACITY, &mut rng);
			(0..others).for_each(|_| thinning.count_other());
			let passing = (0..*offered).filter(|_| thinning.passes(&pair, rng.next_u32() as u16)).count();
			(0..passing).for_each(|_| thinning.count(pair, 28, CAPACITY));
			passing
		};
		offered.iter().enumerate().map(pass).collect()
	}

	#[test]
	fn a_flood_is_thinned_after_an_epoch_and_its_share_rises_slowly_when_it_is_over() {
		// 4,000 packets may come in an epoch, and 200 do. Of what does not, an eighth to a quarter may go on to one hop.
		let passed = passed(
			&[[3000].repeat(20), [0].repeat(10), [3000].repeat(1), [0].repeat(80), [300].repeat(1)].concat(),
			200,
			1,
		);
		assert_eq!(passed[0], 3000);
		assert!(passed[1..20].iter().all(|passed| (90..=1000).contains(passed)), "{passed:?}");
		// More as others lend more: (4,000 - 700) / 8 to its double, of which the lowest that was drawn lately counts.
		assert!(passed[15..20].iter().all(|passed| (350..=800).contains(passed)), "{passed:?}");
		// Ten epochs later it is 1.6 times as much, and not all.
		let ratio = passed[30] as f64 / passed[19] as f64;
		assert!((1.3..2.1).contains(&ratio), "{ratio}");
		assert_eq!(passed[111], 300);
	}

	#[test]
	fn a_flood_in_every_other_epoch_is_thinned_as_well() {
		let passed = passed(&[3000, 0].repeat(20), 200, 2);
		assert!(passed[2..].iter().step_by(2).all(|passed| *passed < 1000), "{passed:?}");
	}

	#[test]
	fn what_is_spread_evenly_is_never_thinned_however_much_it_is() {
		let mut rng = ChaChaRng::seed_from_u64(3);
		for (hops, packets) in [(1, 3900), (2, 3900), (3, 3000), (28, 3900), (28, 100), (198, 2000)] {
			let mut thinning = Thinning::default();
			for epoch in 0..500 {
				thinning.advance(at(epoch), MEAN_DELAY, CAPACITY, &mut rng);
				assert!(thinning.pairs.is_empty(), "{packets} packets to {hops} hops");
				for _ in 0..packets {
					thinning.count([id(255), id(rng.next_u32() as usize % hops)], hops, CAPACITY);
				}
			}
		}
	}

	#[test]
	fn numbers_decide_nothing_before_the_epoch_is_over() {
		let mut rng = ChaChaRng::seed_from_u64(4);
		let mut thinning = Thinning::default();
		let pair = [id(1), id(2)];
		thinning.advance(at(0), MEAN_DELAY, CAPACITY, &mut rng);
		(0..2000).for_each(|_| thinning.count(pair, 28, CAPACITY));
		thinning.advance(at(1), MEAN_DELAY, CAPACITY, &mut rng);
		let passing = |thinning: &Thinning| (0..=u16::MAX).filter(|random| thinning.passes(&pair, *random)).count();
		let share = passing(&thinning);
		assert!((1000..60_000).contains(&share), "{share}");
		(0..2000).for_each(|_| thinning.count(pair, 28, CAPACITY));
		let just_before = at(2).since_epoch() - Duration::from_nanos(1);
		thinning.advance(Time::from_duration(just_before), MEAN_DELAY, CAPACITY, &mut rng);
		assert_eq!(passing(&thinning), share);
		thinning.advance(at(2), MEAN_DELAY, CAPACITY, &mut rng);
		assert!(passing(&thinning) < share);
	}

	/// What a mixnode sees that has handed us so many packets to one next hop, and nothing else: which share of its next ones passes. The
	/// largest difference between the distributions of that share for two numbers: how much more often than half of the time
	/// the best guess is right, times two.
	fn advantage(one: usize, other: usize) -> f64 {
		const RUNS: u64 = 20_000;
		let share = |packets: usize, seed| {
			let mut rng = ChaChaRng::seed_from_u64(seed);
			let mut thinning = Thinning::default();
			thinning.advance(at(0), MEAN_DELAY, CAPACITY, &mut rng);
			// Others have used up nearly all that may be lent.
			(0..4000 - packets).for_each(|_| thinning.count_other());
			(0..packets).for_each(|_| thinning.count([id(1), id(2)], 28, CAPACITY));
			thinning.advance(at(1), MEAN_DELAY, CAPACITY, &mut rng);
			thinning.pairs.get(&[id(1), id(2)]).map_or(1.0, |pair| pair.share)
		};
		let mut shares: Vec<_> =
			(0..RUNS).flat_map(|seed| [(share(one, 2 * seed), 1.0), (share(other, 2 * seed + 1), -1.0)]).collect();
		shares.sort_by(|one, other| one.0.total_cmp(&other.0));
		let (mut sum, mut most) = (0.0f64, 0.0f64);
		for these in shares.chunk_by(|one, other| one.0 == other.0) {
			sum += these.iter().map(|(_, sign)| sign).sum::<f64>();
			most = most.max(sum.abs());
		}
		most / RUNS as f64
	}

	#[test]
	fn one_packet_more_to_a_next_hop_cannot_be_seen() {
		for packets in [64, 80, 127, 200, 1000] {
			let advantage = advantage(packets, packets + 1);
			println!("{packets} packets or one more: {advantage:.4}");
			assert!(advantage < 0.035, "{packets}: {advantage}");
		}
		assert!(advantage(100, 200) > 0.5);
	}

	#[test]
	fn no_more_pairs_are_remembered_than_packets_that_may_come() {
		let mut rng = ChaChaRng::seed_from_u64(5);
		let mut thinning = Thinning::default();
		thinning.advance(at(0), MEAN_DELAY, 3, &mut rng);
		for number in 0..100 {
			thinning.count([id(number), id(0)], 28, 3);
		}
		assert_eq!(thinning.pairs.len(), 15);
		assert_eq!(thinning.taken, 100);
		// Those that are not floods are forgotten.
		thinning.advance(at(1), MEAN_DELAY, 3, &mut rng);
		assert!(thinning.pairs.is_empty());
	}

	#[test]
	fn where_there_is_no_session_and_no_delay_nothing_breaks() {
		let mut rng = ChaChaRng::seed_from_u64(6);
		let mut thinning = Thinning::default();
		for (delay, capacity) in [(Duration::ZERO, 0), (Duration::MAX, usize::MAX), (MEAN_DELAY, 1)] {
			for _ in 0..200 {
				thinning.count([id(1), id(2)], usize::MAX, capacity);
				thinning.advance(Time::from_duration(Duration::MAX), delay, capacity, &mut rng);
				thinning.passes(&[id(1), id(2)], 0);
			}
		}
	}
}
