//! Chooses the registrant that registers this node.

use mixnet_primitives::{PeerId, Registrant, RegistrationAdvice, RegistrationStatus};

/// Has a registrant registered this node? Perhaps under a key-exchange key that a restart has lost.
pub fn is_ours(status: &RegistrationStatus, peer_id: &PeerId) -> bool {
	status.registered.as_ref().is_some_and(|registered| registered.peer_id == *peer_id)
}

/// The registrant in this node's keystore that is to register it now, and the least revision that the chain takes; `None` if
/// there is nothing to do.
///
/// A node is one mixnode. If a registrant has registered it, the others stay away, since the chain takes a peer ID from one
/// registrant only; that registrant replaces its registration if the key is lost. Otherwise it is the first registrant that
/// may register.
///
/// Two nodes with one keystore would replace each other's registrations until the chain takes no more. So a node that has
/// seen itself registered by a registrant (`was_registered`) does not replace another node's registration.
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
	let is_to_register = status.advice == RegistrationAdvice::Register && !(is_anothers && was_registered(registrant));
	is_to_register.then_some((*registrant, status.revision))
}
