//! Authorities: the entries of version 1, which have keys, get accounts and weights.

use super::v1;
use crate::{
	authorities::Generation, migrations::AccountsOfKeys, session::handler::registrant, AuthorityEntry, Config,
	CurrentSession, Pallet, RegistrantWeights,
};
use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::traits::Get;
use mixnet_primitives::Registrant;

/// A validator with its key, and since when it has been queued without a gap.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Validator<AccountId> {
	account: AccountId,
	registrant: Registrant,
	validator_index: u32,
	since: u32,
}

/// Migrates both generations of authorities. Returns how many there are in the larger one.
pub(super) fn migrate<T: Config, Accounts: AccountsOfKeys<T::AccountId>>() -> u32 {
	let count = CurrentSession::<T>::get().last_rotation.count;
	let queued_parity = (count % 2) as u8;
	let queued_before = read::<T>(queued_parity);
	let active_before = read::<T>(1 - queued_parity);
	let queued: Vec<_> =
		Accounts::queued().into_iter().map(|(account, authority)| (account, registrant(&authority))).collect();
	if queued_before.is_empty() && active_before.is_empty() {
		// pallet-session has not rotated since the pallet was added.
		return 0;
	}
	let active = active_validators(&Accounts::active(), &queued, &active_before, count);
	let queued = queued_validators(queued, &active, count);
	let numbers = [(Generation::Active, active), (Generation::Queued, queued)].map(|(generation, validators)| {
		let entries = entries::<T>(validators);
		Pallet::<T>::write_authorities(generation, &entries);
		entries.len() as u32
	});
	numbers.into_iter().max().unwrap_or_default()
}

/// All entries of version 1 under a parity.
fn read<T: Config>(parity: u8) -> Vec<v1::AuthorityEntry> {
	(0..v1::AuthorityDirectory::<T>::get(parity).len() as u32)
		.flat_map(|page| v1::AuthorityPages::<T>::get(parity, page))
		.collect()
}

/// The validators at work. pallet-session has their accounts; version 1 knows which had which key, unless it has not
/// lasted for a rotation. Then they have the keys of now.
fn active_validators<AccountId: Ord + Clone>(
	validators: &[AccountId],
	queued: &[(AccountId, Registrant)],
	before: &[v1::AuthorityEntry],
	count: u32,
) -> Vec<Validator<AccountId>> {
	let by_index: BTreeMap<_, _> = before.iter().map(|entry| (entry.validator_index, entry)).collect();
	let by_account: BTreeMap<_, _> = queued.iter().map(|(account, registrant)| (account, registrant)).collect();
	(0..)
		.zip(validators)
		.filter_map(|(validator_index, account)| {
			let (registrant, since) = match by_index.get(&validator_index) {
				Some(entry) => (entry.registrant, entry.since),
				None => (**by_account.get(account)?, count),
			};
			Some(Validator { account: account.clone(), registrant, validator_index, since })
		})
		.collect()
}

/// The queued validators. One that is at work was queued before as well, maybe by another key.
fn queued_validators<AccountId: Ord>(
	queued: Vec<(AccountId, Registrant)>,
	active: &[Validator<AccountId>],
	count: u32,
) -> Vec<Validator<AccountId>> {
	let by_account: BTreeMap<_, _> = active.iter().map(|validator| (&validator.account, validator.since)).collect();
	(0..)
		.zip(queued)
		.map(|(validator_index, (account, registrant))| {
			let since = by_account.get(&account).copied().unwrap_or(count);
			Validator { account, registrant, validator_index, since }
		})
		.collect()
}

/// The entries of validators, in ascending order of their keys, with the weights that they have now.
fn entries<T: Config>(mut validators: Vec<Validator<T::AccountId>>) -> Vec<AuthorityEntry<T::AccountId>> {
	validators.truncate(T::MaxAuthorities::get() as usize);
	validators.retain(|validator| validator.registrant.check().is_ok());
	// The sort is stable, so that of two validators with one key the first counts.
	validators.sort_by_key(|validator| validator.registrant);
	validators.dedup_by_key(|validator| validator.registrant);
	validators
		.into_iter()
		.map(|Validator { account, registrant, validator_index, since }| {
			let weight = T::Weights::validator(&account);
			AuthorityEntry { registrant, account, validator_index, since, weight, committed_weight: weight }
		})
		.collect()
}

#[cfg(test)]
mod tests {
	use super::*;

	const COUNT: u32 = 9;

	fn key(n: u8) -> Registrant {
		Registrant([n; 32])
	}

	fn before(n: u8, validator_index: u32, since: u32) -> v1::AuthorityEntry {
		v1::AuthorityEntry { registrant: key(n), validator_index, since }
	}

	fn validator(account: u64, n: u8, validator_index: u32, since: u32) -> Validator<u64> {
		Validator { account, registrant: key(n), validator_index, since }
	}

	#[test]
	fn an_active_validator_has_the_key_of_its_index_in_version_1() {
		let active =
			active_validators(&[30, 10], &[(10, key(1)), (30, key(3))], &[before(2, 1, 4), before(7, 0, 5)], COUNT);
		assert_eq!(active, [validator(30, 7, 0, 5), validator(10, 2, 1, 4)]);
	}

	#[test]
	fn where_version_1_has_no_active_key_it_is_the_queued_one() {
		let active = active_validators(&[30, 10, 20], &[(10, key(1)), (30, key(3))], &[], COUNT);
		assert_eq!(active, [validator(30, 3, 0, COUNT), validator(10, 1, 1, COUNT)]);
	}

	#[test]
	fn who_is_at_work_has_been_queued_since_before_whatever_its_key() {
		let active = [validator(10, 1, 0, 3), validator(20, 2, 1, 6), validator(30, 3, 2, 2)];
		// Somebody who is new, with a key that another one had; the same key as before; and two other ones.
		let queued = vec![(40, key(3)), (10, key(1)), (20, key(5)), (30, key(2))];
		let expected =
			[validator(40, 3, 0, COUNT), validator(10, 1, 1, 3), validator(20, 5, 2, 6), validator(30, 2, 3, 2)];
		assert_eq!(queued_validators(queued, &active, COUNT), expected);
	}
}
