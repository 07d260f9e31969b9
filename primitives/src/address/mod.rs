//! Which addresses may be registered.
//!
//! Where to connect to a mixnode is a multiaddr, as text: a path of protocols, some with a value. Which of them nodes can
//! dial is theirs to know, and whether somebody is there nobody can check; but what is no multiaddr at all, or leads to
//! another peer, is not taken. The table is what libp2p and litep2p nodes publish for connections over the Internet:
//!
//! | protocol | value | |
//! |---|---|---|
//! | `ip4` | an IPv4 address | host |
//! | `ip6` | an IPv6 address, without a zone | host |
//! | `dns`, `dns4`, `dns6`, `dnsaddr` | a name | host |
//! | `tcp`, `udp` | a port, 0 to 65535 | |
//! | `quic`, `quic-v1`, `ws`, `wss`, `tls`, `noise`, `http`, `https`, `webtransport`, `webrtc-direct` | none | |
//! | `sni` | a name | |
//! | `certhash` | a SHA-256 multihash, in base64url with its multibase prefix `u` | any number of them |
//! | `p2p` | the mixnode's own peer ID: its Ed25519 key in an identity multihash, in base58btc | last, if at all |
//!
//! A host comes first and nowhere else. A name is of letters, digits, hyphens and underscores: at most 253 bytes, in
//! labels of 1 to 63 that neither begin nor end with a hyphen, without a dot at the end. Everything else is in the order
//! in which it was written. What is taken here parses wherever the crate `multiaddr` parses it, and is ASCII. Not taken,
//! though it would parse there: other protocols (among them relayed addresses, which contain another peer's ID), the
//! aliases `ipfs` and `x-parity-ws`, names of any other form, and hashes of other kinds or in other bases.

#[cfg(test)]
mod tests;

use crate::PeerId;
use core::{
	fmt,
	net::{Ipv4Addr, Ipv6Addr},
	str::{from_utf8, FromStr, Split},
};

/// Why an address may not be registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadAddress {
	/// There is nothing in it.
	Empty,
	/// Not UTF-8.
	NotUtf8,
	/// It does not begin with a slash.
	NoSlash,
	/// It does not begin with a host.
	NoHost,
	/// The host's IP address or name is missing or malformed.
	BadHost,
	/// A second host.
	SecondHost,
	/// A protocol that is not in the table. A slash at the end, too, is followed by one, whose name is empty.
	UnknownProtocol,
	/// The port is missing or no number below 65536.
	BadPort,
	/// The name for TLS is missing or malformed.
	BadServerName,
	/// A certificate's hash is missing, malformed or of another kind.
	BadCertHash,
	/// It leads to another peer than the mixnode; or says so of the mixnode itself, but not in the usual form.
	OtherPeer,
	/// Something follows the peer ID.
	PeerNotLast,
}

impl fmt::Display for BadAddress {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		f.write_str(match self {
			Self::Empty => "an empty address",
			Self::NotUtf8 => "an address that is not UTF-8",
			Self::NoSlash => "no multiaddr: it does not begin with a slash",
			Self::NoHost => "an address that does not begin with a host",
			Self::BadHost => "an address whose host is missing or malformed",
			Self::SecondHost => "an address with two hosts",
			Self::UnknownProtocol => "an address with a protocol that mixnodes have no use for",
			Self::BadPort => "an address whose port is missing or malformed",
			Self::BadServerName => "an address whose server name is missing or malformed",
			Self::BadCertHash => "an address with a certificate hash that is missing, malformed or not of SHA-256",
			Self::OtherPeer => "an address with a peer ID that is not the mixnode's",
			Self::PeerNotLast => "an address in which something follows the peer ID",
		})
	}
}

/// May `address` be registered for the mixnode with this peer ID? See the [module](self) for what may.
///
/// Allocates nothing; takes time in proportion to the address's length, which the caller bounds.
pub fn check_address(address: &[u8], peer_id: &PeerId) -> Result<(), BadAddress> {
	if address.is_empty() {
		return Err(BadAddress::Empty);
	}
	let text = from_utf8(address).map_err(|_| BadAddress::NotUtf8)?;
	let mut parts = text.strip_prefix('/').ok_or(BadAddress::NoSlash)?.split('/');
	let is_host = host(parts.next().unwrap_or_default()).ok_or(BadAddress::NoHost)?;
	value(&mut parts, is_host, BadAddress::BadHost)?;
	while let Some(protocol) = parts.next() {
		match protocol {
			"quic" | "quic-v1" | "ws" | "wss" | "tls" | "noise" | "http" | "https" | "webtransport"
			| "webrtc-direct" => (),
			"tcp" | "udp" => value(&mut parts, is::<u16>, BadAddress::BadPort)?,
			"sni" => value(&mut parts, is_name, BadAddress::BadServerName)?,
			"certhash" => value(&mut parts, is_cert_hash, BadAddress::BadCertHash)?,
			"p2p" => {
				value(&mut parts, |id| id.as_bytes() == peer_id.to_base58(), BadAddress::OtherPeer)?;
				if parts.next().is_some() {
					return Err(BadAddress::PeerNotLast);
				}
			},
			_ if host(protocol).is_some() => return Err(BadAddress::SecondHost),
			_ => return Err(BadAddress::UnknownProtocol),
		}
	}
	Ok(())
}

/// Takes a protocol's value from `parts`. One that is missing is as malformed as an empty one.
fn value(parts: &mut Split<char>, is_valid: impl Fn(&str) -> bool, error: BadAddress) -> Result<(), BadAddress> {
	match is_valid(parts.next().unwrap_or_default()) {
		true => Ok(()),
		false => Err(error),
	}
}

/// What the value of the host protocol `protocol` must be; `None` if that is no host protocol.
fn host(protocol: &str) -> Option<fn(&str) -> bool> {
	match protocol {
		"ip4" => Some(is::<Ipv4Addr>),
		"ip6" => Some(is::<Ipv6Addr>),
		"dns" | "dns4" | "dns6" | "dnsaddr" => Some(is_name),
		_ => None,
	}
}

fn is<T: FromStr>(value: &str) -> bool {
	value.parse::<T>().is_ok()
}

/// Is `value` a name as in the [module](self)'s documentation: a host name of RFC 1123, but for underscores?
fn is_name(value: &str) -> bool {
	let is_label = |label: &str| {
		(1..=63).contains(&label.len())
			&& !label.starts_with('-')
			&& !label.ends_with('-')
			&& label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
	};
	value.len() <= 253 && value.split('.').all(is_label)
}

/// Is `value` the multihash of a SHA-256 digest, 0x12 ++ 0x20 ++ 32 bytes, in base64url?
///
/// Of its 46 digits, the first two and a third of the next are always the same; the last stands for two bits, and the four
/// behind them must be zero.
fn is_cert_hash(value: &str) -> bool {
	let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
	match value.as_bytes() {
		[b'u', b'E', b'i', b'A'..=b'D', middle @ .., b'A' | b'Q' | b'g' | b'w'] => {
			middle.len() == 42 && middle.iter().all(is_digit)
		},
		_ => false,
	}
}
