//! What a node knows of its addresses changes before and after it has registered.

use super::*;

/// The chain where this node is to register.
fn asking(node: &Node) -> Chain {
	Chain::new([(node.keys[0], status(RegistrationAdvice::Register, 0, None))])
}

/// The chain where this node is registered, and where the next revision is this one.
fn registered(node: &Node, revision: u8) -> Chain {
	let ours = node.ours(node.keys[0], Standing::Elected(3), false);
	Chain::new([(node.keys[0], status(RegistrationAdvice::Registered, revision, Some(ours)))])
}

/// The revision and the addresses of what was sent, if something was.
fn sent(chain: &Chain) -> Option<(u8, Vec<String>)> {
	let mut sent = chain.take_sent();
	assert!(sent.len() <= 1, "{sent:?}");
	let (Registration { revision, mixnode, .. }, _) = sent.pop()?;
	let text = |address| String::from_utf8(address).expect("ASCII; qed");
	Some((revision, mixnode.external_addresses.into_iter().map(text).collect()))
}

fn replaced(revision: u8, addresses: &[&str]) -> Option<(u8, Vec<String>)> {
	Some((revision, addresses.iter().map(ToString::to_string).collect()))
}

const FIRST: &str = "/ip4/1.2.3.4/tcp/30333";
const SECOND: &str = "/ip4/1.2.3.5/tcp/30333";
const THIRD: &str = "/dns/a.b/tcp/30333";
const FOURTH: &str = "/ip4/1.2.3.6/tcp/30333";

/// It learns its address from others, perhaps after its point in the session.
#[tokio::test]
async fn an_address_that_becomes_known_later_is_registered_at_once() {
	let mut node = Node::new(1);
	let chain = asking(&node);
	node.find_addresses(&[]);
	for _ in 0..3 {
		assert!(!node.step(&chain).await, "that was no try, so that the next block may be one");
		assert_eq!(sent(&chain), None);
	}
	let key = node.keys[0];
	assert_eq!(node.registrar.journal.note_no_address(NEXT, key), None, "it was told in the first step");
	let note = node.registrar.journal.note_no_address(NEXT + 1, key).expect("it is told in each session");
	assert_eq!(note.level, Level::Warn);
	assert!(note.words.contains("--public-addr"), "{}", note.words);

	node.find_addresses(&[FIRST]);
	assert!(node.step(&chain).await);
	assert_eq!(sent(&chain), replaced(0, &[FIRST]));
}

#[tokio::test]
async fn a_registration_is_replaced_when_addresses_change_and_not_too_often() {
	let mut node = Node::new(1);
	let chain = asking(&node);
	node.find_addresses(&[FIRST]);
	node.step(&chain).await;
	assert_eq!(sent(&chain), replaced(0, &[FIRST]));

	let chain = registered(&node, 1);
	assert!(!node.step(&chain).await);
	// Another one.
	node.find_addresses(&[SECOND]);
	assert!(node.step(&chain).await);
	assert_eq!(sent(&chain), replaced(1, &[SECOND]));
	let chain = registered(&node, 2);
	assert!(!node.step(&chain).await);
	// One more.
	node.find_addresses(&[THIRD, SECOND]);
	assert!(node.step(&chain).await);
	assert_eq!(sent(&chain), replaced(2, &[THIRD, SECOND]));
	// Others can tell a node wrong addresses, and must not have it register without end.
	let chain = registered(&node, 3);
	for addresses in [[FIRST, FOURTH], [SECOND, THIRD]] {
		node.find_addresses(&addresses);
		assert!(!node.step(&chain).await);
		assert_eq!(sent(&chain), None);
	}
}

#[tokio::test]
async fn what_makes_no_address_better_replaces_nothing() {
	let mut node = Node::new(1);
	let chain = asking(&node);
	node.find_addresses(&[FIRST, SECOND]);
	node.step(&chain).await;
	assert!(sent(&chain).is_some());
	let chain = registered(&node, 1);
	for addresses in [&[SECOND, FIRST][..], &[SECOND, FIRST, "/memory/7"], &[], &["/memory/7"]] {
		node.find_addresses(addresses);
		assert!(!node.step(&chain).await, "{addresses:?}");
		assert_eq!(sent(&chain), None, "{addresses:?}");
	}
	// A private one is better than none, but not where the chain has refused such before.
	let mut node = Node::new(1);
	let chain = asking(&node);
	node.find_addresses(&["/ip4/10.0.0.1/tcp/30333", FIRST]);
	node.step(&chain).await;
	assert_eq!(chain.take_sent().len(), 2);
	let chain = registered(&node, 1);
	node.find_addresses(&["/ip4/10.0.0.1/tcp/30333", "/ip4/10.0.0.2/tcp/30333", FIRST]);
	assert!(!node.step(&chain).await);
}
