//! A mixnode in its session's list, as it is stored now and as version 1 of the storage had it.

use codec::{Decode, Encode, EncodeLike, Error, Input, MaxEncodedLen, Output};
use mixnet_primitives::Registrant;
use scale_info::{Type, TypeInfo};

/// A mixnode in its session's list.
///
/// The migration to version 2 leaves the lists that live sessions have from version 1 to later steps. Nodes read them
/// meanwhile. So entries of both versions are read. One of version 1 names no account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedMixnode<AccountId, Mixnode> {
	/// The account whose mixnode it is; `None` for the mixnodes that genesis names. An account answers for its mixnode
	/// by its stake or its bond. Its key could be another account's tomorrow.
	pub account: Option<AccountId>,
	/// The mixnode's key, peer ID and addresses.
	pub mixnode: Mixnode,
}

/// The encoding of a [`ListedMixnode`].
#[derive(Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct StoredMixnode<AccountId, Mixnode> {
	/// Whose mixnode it is.
	pub owner: MixnodeOwner<AccountId>,
	/// The mixnode's key, peer ID and addresses.
	pub mixnode: Mixnode,
}

/// Whose a listed mixnode is.
#[derive(Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum MixnodeOwner<AccountId> {
	/// Genesis named it.
	#[codec(index = 0)]
	Genesis,
	/// Version 1 of the storage wrote the entry. It knew the key by which the mixnode was registered.
	#[codec(index = 1)]
	KeyOfVersion1(Registrant),
	/// This account's.
	#[codec(index = 2)]
	Account(AccountId),
}

impl<AccountId: Encode, Mixnode: Encode> Encode for ListedMixnode<AccountId, Mixnode> {
	fn encode_to<O: Output + ?Sized>(&self, output: &mut O) {
		let owner = self.account.as_ref().map_or(MixnodeOwner::Genesis, MixnodeOwner::Account);
		StoredMixnode { owner, mixnode: &self.mixnode }.encode_to(output);
	}
}

impl<AccountId: Encode, Mixnode: Encode> EncodeLike for ListedMixnode<AccountId, Mixnode> {}

impl<AccountId: Decode, Mixnode: Decode> Decode for ListedMixnode<AccountId, Mixnode> {
	fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
		let StoredMixnode { owner, mixnode } = StoredMixnode::decode(input)?;
		let account = match owner {
			MixnodeOwner::Genesis | MixnodeOwner::KeyOfVersion1(_) => None,
			MixnodeOwner::Account(account) => Some(account),
		};
		Ok(Self { account, mixnode })
	}
}

impl<AccountId: MaxEncodedLen, Mixnode: MaxEncodedLen> MaxEncodedLen for ListedMixnode<AccountId, Mixnode> {
	fn max_encoded_len() -> usize {
		StoredMixnode::<AccountId, Mixnode>::max_encoded_len()
	}
}

impl<AccountId: TypeInfo + 'static, Mixnode: TypeInfo + 'static> TypeInfo for ListedMixnode<AccountId, Mixnode> {
	type Identity = StoredMixnode<AccountId, Mixnode>;

	fn type_info() -> Type {
		StoredMixnode::<AccountId, Mixnode>::type_info()
	}
}
