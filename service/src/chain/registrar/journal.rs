//! What the node's operator is told about its registrations: each thing once, when it changes, and what to do about it.

use super::choice::is_ours;
use crate::LOG_TARGET;
use log::Level;
use mixnet_primitives::{
	KxPublic, PeerId, Registrant, RegistrationAdvice, RegistrationError, RegistrationStatus, SessionIndex, Standing,
};
use std::collections::BTreeMap;

/// Something to be told.
#[derive(Debug, PartialEq, Eq)]
pub struct Note {
	/// `Warn` if somebody has to do something about it.
	pub level: Level,
	/// What it is.
	pub words: String,
}

impl Note {
	/// Writes it to the log.
	pub fn log(&self) {
		log::log!(target: LOG_TARGET, self.level, "{}", self.words);
	}
}

/// What was last told of a registrant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
	Elected,
	StandsBy,
	Missing(RegistrationError),
	Refused(RegistrationError),
	TakenOver,
}

/// Remembers what was told.
pub struct Journal {
	peer_id: PeerId,
	told: BTreeMap<Registrant, (SessionIndex, Told)>,
	told_no_key: bool,
	/// The session and the registrant that this node was last seen registered for and by.
	registered: Option<(SessionIndex, Registrant)>,
}

impl Journal {
	/// Nothing was told yet, by the node with this name.
	pub fn new(peer_id: PeerId) -> Self {
		Self { peer_id, told: BTreeMap::new(), told_no_key: false, registered: None }
	}

	/// Has this node been seen registered for this session by this registrant?
	pub fn was_registered(&self, session: SessionIndex, registrant: &Registrant) -> bool {
		self.registered == Some((session, *registrant))
	}

	/// Takes note of what the chain says to all registrants in the keystore, and says what is new about it.
	pub fn note(&mut self, statuses: &[(Registrant, RegistrationStatus)], kx_public: &KxPublic) -> Vec<Note> {
		if statuses.is_empty() {
			let note = (!self.told_no_key).then(no_key);
			self.told_no_key = true;
			return note.into_iter().collect();
		}
		self.told_no_key = false;
		self.told.retain(|registrant, _| statuses.iter().any(|(present, _)| present == registrant));

		// Keys of former times are nobody's concern while another one will do.
		let may_register = |status: &RegistrationStatus| !matches!(status.advice, RegistrationAdvice::Missing(_));
		let one_will_do = statuses.iter().any(|(_, status)| may_register(status));
		statuses
			.iter()
			.filter(|(_, status)| may_register(status) || !one_will_do)
			.filter_map(|(registrant, status)| self.note_one(*registrant, status, kx_public))
			.collect()
	}

	fn note_one(&mut self, registrant: Registrant, status: &RegistrationStatus, kx_public: &KxPublic) -> Option<Note> {
		let session = status.session_index;
		let ours = status.registered.as_ref().filter(|_| is_ours(status, &self.peer_id));
		if let (RegistrationAdvice::Registered, Some(registered)) = (status.advice, ours) {
			self.registered = Some((session, registrant));
			return self.note_standing(session, registrant, registered.standing);
		}
		if let RegistrationAdvice::Missing(error) = status.advice {
			return self.note_missing(session, registrant, error);
		}
		let is_anothers = status.registered.as_ref().filter(|registered| registered.kx_public != *kx_public);
		match is_anothers {
			Some(other) if ours.is_none() && self.was_registered(session, &registrant) => {
				self.tell(session, registrant, Told::TakenOver).then(|| Note {
					level: Level::Warn,
					words: format!(
						"Another node, with the peer ID {}, has registered for session {session} by the key {registrant}, in \
						 place of this one. One key is for one node: stop one of them, or give it a key of its own",
						other.peer_id,
					),
				})
			},
			// To be registered, now or later.
			_ => None,
		}
	}

	fn note_standing(&mut self, session: SessionIndex, registrant: Registrant, standing: Standing) -> Option<Note> {
		let before = self.told.get(&registrant).filter(|(told, _)| *told == session).map(|(_, told)| *told);
		let (told, words) = match (standing, before) {
			(Standing::Elected(place), Some(Told::StandsBy)) => {
				(Told::Elected, format!("Moved up from the standbys: elected as mixnode {place} of session {session}"))
			},
			(Standing::Elected(place), _) => (
				Told::Elected,
				format!(
					"Registered for session {session} by the key {registrant}: elected as mixnode {place}, unless better \
					 candidates come"
				),
			),
			(Standing::Standby, Some(Told::Elected)) => (
				Told::StandsBy,
				format!(
					"Displaced by a better candidate for session {session}: stands by, should an elected one leave"
				),
			),
			(Standing::Standby, _) => (
				Told::StandsBy,
				format!(
					"Registered for session {session} by the key {registrant}: stands by, should an elected one leave"
				),
			),
		};
		self.tell(session, registrant, told).then_some(Note { level: Level::Info, words })
	}

	fn note_missing(
		&mut self,
		session: SessionIndex,
		registrant: Registrant,
		error: RegistrationError,
	) -> Option<Note> {
		if let Some((told_session, told)) = self.told.get_mut(&registrant) {
			let was_listed = *told_session == session && matches!(told, Told::Elected | Told::StandsBy);
			if was_listed && error == RegistrationError::RankTooLow {
				*told = Told::Missing(error);
				return Some(Note {
					level: Level::Info,
					words: format!("Displaced by better candidates: not elected for session {session}. {NEXT_TIME}"),
				});
			}
			if *told == Told::Missing(error) && (lasts(error) || *told_session == session) {
				*told_session = session;
				return None;
			}
		}
		self.told.insert(registrant, (session, Told::Missing(error)));
		let (level, advice) = advice(error);
		Some(Note {
			level,
			words: format!("Cannot register for session {session} by the key {registrant}: {error}. {advice}"),
		})
	}

	/// Takes note that a registration was refused which the chain had asked for.
	pub fn note_refusal(
		&mut self,
		session: SessionIndex,
		registrant: Registrant,
		error: RegistrationError,
	) -> Option<Note> {
		self.tell(session, registrant, Told::Refused(error)).then(|| Note {
			level: Level::Warn,
			words: format!(
				"The chain refuses to register this node for session {session} by the key {registrant}: {error}. Trying \
				 again",
			),
		})
	}

	/// Remembers what is told; is it new?
	fn tell(&mut self, session: SessionIndex, registrant: Registrant, told: Told) -> bool {
		self.told.insert(registrant, (session, told)) != Some((session, told))
	}
}

const NEXT_TIME: &str = "It stands again in the next election; there is nothing to do";

fn no_key() -> Note {
	Note {
		level: Level::Warn,
		words:
			"Cannot register: there is no key of type `mixn` in the keystore. A validator makes its keys by the RPC \
			method `author_rotateKeysWithOwner`, an operator its key by a tool of the node (see --mixnet-operator in --help)"
				.into(),
	}
}

/// Is what is missing the same for one session after the other, so that once is enough to tell of it?
fn lasts(error: RegistrationError) -> bool {
	use RegistrationError::*;
	matches!(error, NotARegistrant | OperatorsNotEnabled | BondTooSmall | OperatorTooRecent)
}

/// How urgent something that is missing is, and what to do about it.
fn advice(error: RegistrationError) -> (Level, &'static str) {
	use RegistrationError::*;
	match error {
		NotARegistrant => (
			Level::Warn,
			"A validator's key has to be among its session keys (call session.set_keys) for a whole session; an operator \
			 bonds (call mixnet.bond) and names its key (call mixnet.set_operator_key)",
		),
		OperatorsNotEnabled => (Level::Warn, "Only validators mix on this chain: run this node without --mixnet-operator"),
		BondTooSmall => (
			Level::Warn,
			"Add to the bond (call mixnet.bond_extra); if it is being released, withdraw it and bond anew",
		),
		OperatorTooRecent => (Level::Info, "It will register by itself then; there is nothing to do"),
		Barred | TooManyRevisions | RankTooLow => (Level::Info, NEXT_TIME),
		_ => (Level::Warn, "Trying again at every block"),
	}
}
