//! What the node's operator is told about its registrations: each thing once, when it changes, with what to do about it.

use super::choice::is_ours;
use crate::log_target::LOG_TARGET;
use log::Level;
use mixnet_primitives::{
	KxPublic, PeerId, Registrant, RegistrationAdvice, RegistrationError, RegistrationStatus, SessionIndex, Standing,
};
use std::collections::BTreeMap;

/// Something that the operator is told.
#[derive(Debug, PartialEq, Eq)]
pub struct Note {
	/// `Warn` if the operator has to do something about it.
	pub level: Level,
	/// The text.
	pub words: String,
}

impl Note {
	/// Writes it to the log.
	pub fn log(&self) {
		log::log!(target: LOG_TARGET, self.level, "{}", self.words);
	}
}

/// What the last note about a registrant said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LastNote {
	Elected,
	Standby,
	Missing(RegistrationError),
	Refused(RegistrationError),
	TakenOver,
}

/// Remembers what the operator was told.
pub struct Journal {
	peer_id: PeerId,
	/// The last note about each registrant, and the session that it was about.
	last_notes: BTreeMap<Registrant, (SessionIndex, LastNote)>,
	/// Whether the last note was that there is no key.
	said_no_key: bool,
	/// The session that this node was last seen registered for, and the registrant.
	registered: Option<(SessionIndex, Registrant)>,
}

impl Journal {
	/// The journal of the node with this peer ID, still empty.
	pub fn new(peer_id: PeerId) -> Self {
		Self { peer_id, last_notes: BTreeMap::new(), said_no_key: false, registered: None }
	}

	/// Has this node been seen registered for this session by this registrant?
	pub fn was_registered(&self, session: SessionIndex, registrant: &Registrant) -> bool {
		self.registered == Some((session, *registrant))
	}

	/// What is new in what the chain says to the registrants in the keystore. `kx_public` is this node's key.
	pub fn note(&mut self, statuses: &[(Registrant, RegistrationStatus)], kx_public: &KxPublic) -> Vec<Note> {
		if statuses.is_empty() {
			let note = (!self.said_no_key).then(no_key);
			self.said_no_key = true;
			return note.into_iter().collect();
		}
		self.said_no_key = false;
		self.last_notes.retain(|registrant, _| statuses.iter().any(|(present, _)| present == registrant));

		// An old key that may not register is no concern while another one may.
		let may_register = |status: &RegistrationStatus| !matches!(status.advice, RegistrationAdvice::Missing(_));
		let one_may = statuses.iter().any(|(_, status)| may_register(status));
		statuses
			.iter()
			.filter(|(_, status)| may_register(status) || !one_may)
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
				self.is_new(session, registrant, LastNote::TakenOver).then(|| Note {
					level: Level::Warn,
					words: format!(
						"Another node, with the peer ID {}, has replaced this node's registration for session {session}: it \
						 uses the same key {registrant}. One key is for one node: stop one of them, or give it a key of its \
						 own",
						other.peer_id,
					),
				})
			},
			// It will be registered, now or later.
			_ => None,
		}
	}

	fn note_standing(&mut self, session: SessionIndex, registrant: Registrant, standing: Standing) -> Option<Note> {
		let before = self.last_notes.get(&registrant).filter(|(of, _)| *of == session).map(|(_, note)| *note);
		let (note, words) = match (standing, before) {
			(Standing::Elected(place), Some(LastNote::Standby)) => (
				LastNote::Elected,
				format!("Moved up from the standbys: elected as mixnode {place} of session {session}"),
			),
			(Standing::Elected(place), _) => (
				LastNote::Elected,
				format!(
					"Registered for session {session} by the key {registrant}: elected as mixnode {place}, unless better \
					 candidates register"
				),
			),
			(Standing::Standby, Some(LastNote::Elected)) => (
				LastNote::Standby,
				format!(
					"Displaced by a better candidate for session {session}: now a standby, which moves up if an elected \
					 mixnode leaves"
				),
			),
			(Standing::Standby, _) => (
				LastNote::Standby,
				format!(
					"Registered for session {session} by the key {registrant}: a standby, which moves up if an elected \
					 mixnode leaves"
				),
			),
		};
		self.is_new(session, registrant, note).then_some(Note { level: Level::Info, words })
	}

	fn note_missing(
		&mut self,
		session: SessionIndex,
		registrant: Registrant,
		error: RegistrationError,
	) -> Option<Note> {
		if let Some((last_session, last_note)) = self.last_notes.get_mut(&registrant) {
			let was_listed = *last_session == session && matches!(last_note, LastNote::Elected | LastNote::Standby);
			if was_listed && error == RegistrationError::RankTooLow {
				*last_note = LastNote::Missing(error);
				return Some(Note {
					level: Level::Info,
					words: format!("Displaced by better candidates: not elected for session {session}. {NEXT_TIME}"),
				});
			}
			if *last_note == LastNote::Missing(error) && (lasts(error) || *last_session == session) {
				*last_session = session;
				return None;
			}
		}
		self.last_notes.insert(registrant, (session, LastNote::Missing(error)));
		let (level, advice) = advice(error);
		Some(Note {
			level,
			words: format!("Cannot register for session {session} by the key {registrant}: {error}. {advice}"),
		})
	}

	/// The chain refused a registration that it had asked for.
	pub fn note_refusal(
		&mut self,
		session: SessionIndex,
		registrant: Registrant,
		error: RegistrationError,
	) -> Option<Note> {
		self.is_new(session, registrant, LastNote::Refused(error)).then(|| Note {
			level: Level::Warn,
			words: format!(
				"The chain refuses to register this node for session {session} by the key {registrant}: {error}. {}",
				advice(error).1,
			),
		})
	}

	/// This node knows no address of itself that it could register.
	pub fn note_no_address(&mut self, session: SessionIndex, registrant: Registrant) -> Option<Note> {
		let error = RegistrationError::NoAddress;
		self.is_new(session, registrant, LastNote::Refused(error)).then(|| Note {
			level: Level::Warn,
			words: format!(
				"Waiting to register for session {session} by the key {registrant}: this node knows no address of itself at \
				 which others could reach it. {} as soon as it knows one",
				advice(error).1,
			),
		})
	}

	/// Whether the last note about this registrant said something else; it is remembered.
	fn is_new(&mut self, session: SessionIndex, registrant: Registrant, note: LastNote) -> bool {
		self.last_notes.insert(registrant, (session, note)) != Some((session, note))
	}
}

const NEXT_TIME: &str = "It will be a candidate in the next election again; there is nothing to do";

fn no_key() -> Note {
	Note {
		level: Level::Warn,
		words:
			"Cannot register: there is no key of type `mixn` in the keystore. A validator makes its keys by the RPC \
			method `author_rotateKeysWithOwner`, an operator its key by a tool of the node (see --mixnet-operator in --help)"
				.into(),
	}
}

/// Whether the reason stays the same from session to session, so that the operator is told once and not in each.
fn lasts(error: RegistrationError) -> bool {
	use RegistrationError::*;
	matches!(error, NotARegistrant | OperatorsNotEnabled | BondTooSmall | OperatorTooRecent | OtherKey)
}

/// How urgent a reason is, and what to do about it.
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
			"Add to the bond (call mixnet.bond_extra); if it is being released, take it back (call mixnet.rebond)",
		),
		OperatorTooRecent => (Level::Info, "It will register by itself then; there is nothing to do"),
		Barred | TooManyRevisions | RankTooLow => (Level::Info, NEXT_TIME),
		NoAddress => (
			Level::Warn,
			"Start this node with --public-addr and the address at which others reach it, such as /dns/NAME/tcp/PORT or \
			 /ip4/ADDRESS/tcp/PORT. Trying again",
		),
		UnreachableAddress => (
			Level::Warn,
			"No address that this node knows of itself can be reached from outside: start it with --public-addr and its \
			 address in the Internet, such as /dns/NAME/tcp/PORT or /ip4/ADDRESS/tcp/PORT. Trying again",
		),
		OtherKey => (
			Level::Warn,
			"Leave only one of the account's keys in use: its validator's key, or its operator's key",
		),
		_ => (Level::Warn, "Trying again"),
	}
}
