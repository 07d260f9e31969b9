//! The field that Curve25519 and Ed25519 share: integers modulo the prime 2^255 - 19.

/// Is the number that the lower 255 bits of `bytes` encode, little-endian, at least the prime?
///
/// Such an encoding is not canonical: a smaller number encodes the same element of the field.
pub(crate) fn is_at_least_prime(bytes: &[u8; 32]) -> bool {
	// The prime is 0x7fff..ed. If all the other bytes are as in the prime, the lowest one decides.
	bytes[31] & 0x7f == 0x7f && bytes[1..31].iter().all(|byte| *byte == 0xff) && bytes[0] >= 0xed
}
