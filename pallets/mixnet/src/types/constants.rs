//! Numbers and names that are the same in every runtime.

use mixnet_primitives::{Place, MIXNODE_INDEX_LIMIT};

/// The first of the standbys' places: behind all that packets can address.
pub const STANDBY_BASE: Place = MIXNODE_INDEX_LIMIT;

/// How many authorities a page has at most.
pub const AUTHORITIES_PER_PAGE: u32 = 80;

/// The most authorities that a runtime can have. The bounds of what is stored are those of this file, not the
/// runtime's: what an upgrade lowers must not make anything undecodable that was stored before.
pub const AUTHORITIES_LIMIT: u32 = 80_000;

/// The most pages of authorities.
pub const AUTHORITY_PAGES_LIMIT: u32 = AUTHORITIES_LIMIT.div_ceil(AUTHORITIES_PER_PAGE);

/// The most external addresses that a runtime can allow to one mixnode.
pub const ADDRESSES_LIMIT: u32 = 32;

/// The longest external address that a runtime can allow, in bytes.
pub const ADDRESS_SIZE_LIMIT: u32 = 256;

/// The most parts of a bond that are being released at a time, each in a session of its own.
pub const MAX_UNBONDING_PARTS: u32 = 8;

/// The most keys that are pruned at once.
pub const MAX_PRUNED_AT_ONCE: u32 = 256;

/// The fewest keys that [`prune`](crate::Call::prune) must remove to be free. If removing a single key were free,
/// anybody could fill blocks with such calls for nothing.
pub const MIN_PRUNED_FOR_FREE: u32 = 64;

/// If this many sessions that are over are not pruned, or more, pruning falls behind. That is said when a session begins.
/// There is always one then: the session that has just ceased to be the previous one.
pub const MANY_SESSIONS_TO_PRUNE: u32 = 4;

/// What the tags of registrations in the transaction pool begin with.
pub const REGISTRATION_TAG: &str = "MixnetRegistration";

/// The domain of proofs of operator keys: separates them from everything else that the same keys may sign.
pub const OPERATOR_KEY_DOMAIN: &[u8; 22] = b"mixnet/operator-key/v1";
