//! Which registrant registers this node.

use mixnet_primitives::{PeerId, Registrant, RegistrationAdvice, RegistrationStatus};

/// Is what a registrant has registered this node, maybe under a key-exchange key that a restart has lost?
pub fn is_ours(status: &RegistrationStatus, peer_id: &PeerId) -> bool {
	status.registered.as_ref().is_some_and(|registered| registered.peer_id == *peer_id)
}

/// Who of the registrants in this node's keystore shall register it now, and by which number; `None` if there is nothing
/// to do.
///
/// A node is one mixnode. Has one of them registered it, then that one will replace its registration when its key is lost, and
/// the others have to stay away: the chain takes a peer ID from one registrant only. Else it is the first one that may register.
///
/// Two nodes with one keystore would replace each other's registrations until the chain has had enough. So who has seen itself
/// registered (`was_registered`) leaves it to the other.
pub fn choose(
	statuses: &[(Registrant, RegistrationStatus)],
	peer_id: &PeerId,
	was_registered: impl Fn(&Registrant) -> bool,
) -> Option<(Registrant, u8)> {
	let may_register = |status: &RegistrationStatus| !matches!(status.advice, RegistrationAdvice::Missing(_));
	let (registrant, status) = statuses
		.iter()
		.find(|(_, status)| is_ours(status, peer_id))
		.or_else(|| statuses.iter().find(|(_, status)| may_register(status)))?;
	let is_anothers = status.registered.is_some() && !is_ours(status, peer_id);
	let shall = status.advice == RegistrationAdvice::Register && !(is_anothers && was_registered(registrant));
	shall.then_some((*registrant, status.revision))
}
