//! Which addresses may be registered.
//!
//! An address is a multiaddr, as text: a path of protocols, some with a value. The chain cannot know which protocols
//! nodes can dial, nor whether anybody listens there. But it refuses what is no multiaddr, and what leads to another
//! peer. The table has what libp2p and litep2p nodes publish for connections over the Internet:
//!
//! | protocol | value | |
//! |---|---|---|
//! | `ip4` | an IPv4 address | host |
//! | `ip6` | an IPv6 address, without a zone | host |
//! | `dns`, `dns4`, `dns6`, `dnsaddr` | a name | host |
//! | `tcp`, `udp` | a port, 0 to 65535 | |
//! | `quic`, `quic-v1`, `ws`, `wss`, `tls`, `noise`, `http`, `https`, `webtransport`, `webrtc-direct` | none | |
//! | `sni` | a name | |
//! | `certhash` | a SHA-256 multihash, in base64url with its multibase prefix `u` | may be repeated |
//! | `p2p` | the mixnode's own peer ID: its Ed25519 key in an identity multihash, in base58btc | last, if at all |
//!
//! A host comes first and nowhere else. A name consists of letters, digits, hyphens and underscores. It has at most 253
//! bytes, in labels of 1 to 63 that neither begin nor end with a hyphen, without a dot at the end. The other protocols
//! may come in any order.
//!
//! Every address that is taken here is ASCII, and the crate `multiaddr` parses it. Some that it parses are refused
//! here: other protocols (among them relayed addresses, which contain another peer's ID), the aliases `ipfs` and
//! `x-parity-ws`, names of any other form, and hashes of other kinds or in other bases.
//!
//! - [`Host`] says which hosts are the same, and [`Hosts`] counts them.
//! - [`reach`] knows which hosts can be reached from the Internet. A chain takes no others, unless it is for a private
//!   network.

mod host;
pub mod reach;
#[cfg(test)]
mod tests;

pub use host::{Host, Hosts, MAX_HOSTS};

use crate::peer_id::PeerId;
use core::{
	fmt,
	str::{from_utf8, Split},
};

/// Why an address may not be registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadAddress {
	/// The address has no bytes.
	Empty,
	/// The address is not UTF-8.
	NotUtf8,
	/// The address does not begin with a slash.
	NoSlash,
	/// The first protocol is not a host.
	NoHost,
	/// The host's IP address or name is missing or malformed.
	BadHost,
	/// There is a second host.
	SecondHost,
	/// A protocol is not in the table. A slash at the end counts as one whose name is empty.
	UnknownProtocol,
	/// A port is missing, or no number below 65536.
	BadPort,
	/// The name for TLS is missing or malformed.
	BadServerName,
	/// A certificate's hash is missing, malformed or of another kind.
	BadCertHash,
	/// The peer ID is not the mixnode's, or is not written in its usual form.
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

/// Is `address` one that may be registered for the mixnode with this peer ID? The [module](self) has the rules. Returns
/// the host that it leads to. Whether that host can be reached is another question.
///
/// Allocates nothing. Takes time in proportion to the address's length, which the caller bounds.
pub fn check_address<'a>(address: &'a [u8], peer_id: &PeerId) -> Result<Host<'a>, BadAddress> {
	if address.is_empty() {
		return Err(BadAddress::Empty);
	}
	let text = from_utf8(address).map_err(|_| BadAddress::NotUtf8)?;
	let mut parts = text.strip_prefix('/').ok_or(BadAddress::NoSlash)?.split('/');
	let parse = host(parts.next().unwrap_or_default()).ok_or(BadAddress::NoHost)?;
	let leads_to = parse(parts.next().unwrap_or_default()).ok_or(BadAddress::BadHost)?;
	while let Some(protocol) = parts.next() {
		match protocol {
			"quic" | "quic-v1" | "ws" | "wss" | "tls" | "noise" | "http" | "https" | "webtransport"
			| "webrtc-direct" => (),
			"tcp" | "udp" => value(&mut parts, |port| port.parse::<u16>().is_ok(), BadAddress::BadPort)?,
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
	Ok(leads_to)
}

/// Takes a protocol's value from `parts`. A missing value counts as an empty one, which is never valid.
fn value(parts: &mut Split<char>, is_valid: impl Fn(&str) -> bool, error: BadAddress) -> Result<(), BadAddress> {
	match is_valid(parts.next().unwrap_or_default()) {
		true => Ok(()),
		false => Err(error),
	}
}

/// How to read the value of the host protocol `protocol`; `None` if that is no host protocol.
fn host(protocol: &str) -> Option<fn(&str) -> Option<Host<'_>>> {
	match protocol {
		"ip4" => Some(Host::ip4),
		"ip6" => Some(Host::ip6),
		"dns" | "dns4" | "dns6" | "dnsaddr" => Some(Host::name),
		_ => None,
	}
}

/// Is `value` a name as the [module](self) defines it, which is a host name of RFC 1123 with underscores allowed?
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
/// It has 46 digits of six bits. The first two are always the same, and so are four bits of the third. The last one
/// carries two bits, and its other four must be zero.
fn is_cert_hash(value: &str) -> bool {
	let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
	match value.as_bytes() {
		[b'u', b'E', b'i', b'A'..=b'D', middle @ .., b'A' | b'Q' | b'g' | b'w'] => {
			middle.len() == 42 && middle.iter().all(is_digit)
		},
		_ => false,
	}
}
