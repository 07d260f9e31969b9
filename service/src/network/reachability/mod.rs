//! Can others reach this node? Mixnodes try it for each other. (PROTOCOL.md, section 11)
//!
//! A mixnode that nobody can connect to loses packets. So a node that is about to register asks three mixnodes, and each tries
//! to connect to the addresses that the node is going to register. This is advice for the operator, and never keeps a node from
//! registering: any of the three may lie.
//!
//! Two things must not become of it:
//!
//! - **An attack on somebody else.** A mixnode tries only hosts with which its process has a TCP connection at that moment. The network
//!   (litep2p, as the SDK has it) does not say where a peer is, but the operating system knows whom we are connected with.
//! - **A way to find out who is connected with whom**, and so who uses which gateway. Hence an answer is about nobody but who
//!   asks: the node at the address has to prove the peer ID of the asker. A host that is not connected, one that does not answer and
//!   one that is somebody else get the same answer, after the same time.
//!
//! - [`asker`]: asks, and makes one result of the answers.
//! - [`checker`]: answers others.
//! - [`rates`]: how often others may ask.
//! - [`connections`]: with whom this process is connected.
//! - [`dial`]: whether a peer is to be found at an address.

pub mod asker;
pub mod checker;
pub mod connections;
pub mod dial;
pub mod rates;
#[cfg(test)]
mod tests;

use codec::{Decode, DecodeAll, Encode};
use std::{
	net::{IpAddr, SocketAddr},
	time::Duration,
};

/// Most addresses of a question.
pub const MAX_ADDRESSES: usize = 4;

/// Size of the longest question: the number of addresses, and for each a tag, 16 bytes and a port.
pub const MAX_QUESTION_SIZE: usize = 1 + MAX_ADDRESSES * (1 + 16 + 2);

/// Size of an answer.
pub const ANSWER_SIZE: usize = 1;

/// How long the network may take for a question: the time to connect, to ask, and to be answered.
pub const QUESTION_TIMEOUT: Duration = Duration::from_secs(13);

/// An IP address, as on the wire.
#[derive(Encode, Decode)]
enum Ip {
	#[codec(index = 4)]
	V4([u8; 4]),
	#[codec(index = 6)]
	V6([u8; 16]),
}

/// What a checker says. Nothing more, whatever the reason: see the module's description.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Answer {
	/// The asker has proved its peer ID at one of the addresses.
	#[codec(index = 0)]
	Reached,
	/// It has not. That takes the same time whatever the reason.
	#[codec(index = 1)]
	NotReached,
	/// Nothing was tried: too much is asked, the addresses are none that the checker dials, or its system does not tell it with whom it
	/// is connected.
	#[codec(index = 2)]
	NotTried,
}

/// A question: these addresses.
pub fn encode_question(addresses: &[SocketAddr]) -> Vec<u8> {
	let encoded: Vec<_> = addresses
		.iter()
		.map(|address| match address.ip() {
			IpAddr::V4(ip) => (Ip::V4(ip.octets()), address.port()),
			IpAddr::V6(ip) => (Ip::V6(ip.octets()), address.port()),
		})
		.collect();
	encoded.encode()
}

/// The addresses of a question, each once. `None` if it is malformed.
pub fn decode_question(question: &[u8]) -> Option<Vec<SocketAddr>> {
	if question.len() > MAX_QUESTION_SIZE {
		return None;
	}
	let encoded = Vec::<(Ip, u16)>::decode_all(&mut &question[..]).ok()?;
	if encoded.is_empty() || encoded.len() > MAX_ADDRESSES {
		return None;
	}
	let mut addresses = Vec::with_capacity(encoded.len());
	for (ip, port) in encoded {
		let ip = match ip {
			Ip::V4(octets) => IpAddr::from(octets),
			Ip::V6(octets) => IpAddr::from(octets),
		};
		let address = SocketAddr::new(ip.to_canonical(), port);
		if !addresses.contains(&address) {
			addresses.push(address);
		}
	}
	Some(addresses)
}
