//! `make fuzz` in short: the fuzzer's targets run on its seeds and on changed copies, which are the same every time.

use mixnet_fuzz::{seeds::seeds, state_machine, TARGETS};
use mixnet_node_core::{Config, KxSecret, Mixnet, Mixnode, PeerId, SessionPhase, Time};
use mixnet_simulation::ours;
use rand_chacha::{
	rand_core::{RngCore, SeedableRng},
	ChaChaRng,
};
use std::{
	collections::BTreeMap,
	fs,
	panic::{catch_unwind, resume_unwind},
	path::PathBuf,
	time::Duration,
};

/// The command that writes the corpus anew.
const WRITE: &str =
	"cd simulation && cargo test --release --locked -p mixnet-fuzz --test short -- --ignored write_the_seed_corpus";

fn corpus(target: &str) -> PathBuf {
	PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

/// The seeds of a target, by name.
fn seeds_of(target: &str) -> BTreeMap<&'static str, Vec<u8>> {
	let mut by_name = BTreeMap::new();
	for (_, name, bytes) in seeds().into_iter().filter(|(of, ..)| *of == target) {
		assert!(by_name.insert(name, bytes).is_none(), "two seeds of {target} are called {name}");
	}
	by_name
}

/// Runs one input. If it fails, keeps the input, and says where.
fn run_one(target: &str, run: fn(&[u8]), data: &[u8]) {
	let Err(panic) = catch_unwind(|| run(data)) else { return };
	let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{target}"));
	match fs::write(&file, data) {
		Ok(()) => {
			eprintln!("The input is in {}: run it with make fuzz ARGS=\"--target {target} --input ..\"", file.display())
		},
		Err(error) => eprintln!("The input: {} ({error})", hex::encode(data)),
	}
	resume_unwind(panic)
}

/// Runs the seeds of a target, then this many changed copies.
fn run(target: &str, times: usize) {
	let (_, run) = TARGETS.into_iter().find(|(name, _)| *name == target).unwrap();
	let seeds: Vec<_> = seeds_of(target).into_values().collect();
	for seed in &seeds {
		run_one(target, run, seed);
	}
	let mut changes = Changes(ChaChaRng::seed_from_u64(1));
	for _ in 0..times {
		run_one(target, run, &changes.change(&seeds));
	}
}

/// Makes changed copies of seeds.
struct Changes(ChaChaRng);

impl Changes {
	fn below(&mut self, num: usize) -> usize {
		self.0.next_u32() as usize % num
	}

	/// A copy of one of the seeds with one to four changes.
	fn change(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
		let mut data = seeds[self.below(seeds.len())].clone();
		for _ in 0..1 + self.below(4) {
			// The first bytes of most inputs matter most.
			let end = if self.below(2) == 0 { data.len().min(48) } else { data.len() };
			let at = self.below(end + 1);
			match self.below(6) {
				0 => data.truncate(at),
				1 => {
					let other = &seeds[self.below(seeds.len())];
					let from = self.below(other.len() + 1);
					data.truncate(at);
					data.extend_from_slice(&other[from..]);
				},
				2 => {
					let numbers: [&[u8]; 6] = [&[0], &[0xff], &[0x80], &[0xff, 0xff], &[0, 0xff], &[1, 0, 0, 0]];
					let number = numbers[self.below(numbers.len())];
					data.splice(at..at, number.iter().copied());
				},
				3 => {
					let len = self.below(16).min(data.len() - at);
					let again = data[at..at + len].to_vec();
					data.splice(at..at, again);
				},
				4 => {
					let byte = self.0.next_u32() as u8;
					if let Some(changed) = data.get_mut(at) {
						*changed = byte;
					}
				},
				_ => {
					let bit = 1 << self.below(8);
					if let Some(changed) = data.get_mut(at) {
						*changed ^= bit;
					}
				},
			}
		}
		data
	}
}

#[test]
fn packets_hold_what_their_target_says() {
	run("unwrap", 1000);
}

#[test]
fn fragments_hold_what_their_target_says() {
	run("fragments", 6000);
}

#[test]
fn surbs_hold_what_their_target_says() {
	run("surbs", 2000);
}

#[test]
fn requests_hold_what_their_target_says() {
	run("request", 20_000);
}

#[test]
fn whole_nodes_hold_what_their_target_says() {
	run("state_machine", 70);
}

#[test]
fn the_state_machine_seeds_reach_their_cases() {
	let outcomes: BTreeMap<_, _> =
		seeds_of("state_machine").into_iter().map(|(name, seed)| (name, state_machine::lead(&seed))).collect();
	for (name, outcome) in &outcomes {
		println!("{name}: {outcome:?}");
	}
	for phase in 0..4 {
		let outcome = &outcomes[format!("ask-in-phase-{phase}").as_str()];
		assert!(outcome.answered >= 3 && outcome.failed == 0, "phase {phase}: {outcome:?}");
	}
	assert!(outcomes["ask-as-a-user"].answered > 0);
	assert_eq!(outcomes["ask-where-drivers-build"].answered, 4);
	assert!(outcomes["attack-with-fragment"].requests > 0 && outcomes["attack-with-fragment"].replies > 0);
	assert!(outcomes["disconnect"].failed > 0);
	assert_eq!(outcomes["unanswered"].failed, 5);
	let outcome = &outcomes["parameters"];
	assert!(outcome.parameters == 4 && outcome.answered == 4 && outcome.failed == 0, "{outcome:?}");
}

#[test]
fn packets_come_to_an_end_even_at_the_end_of_time() {
	let mut mixnet = Mixnet::new(Config::default(), PeerId([1; 32]), ChaChaRng::seed_from_u64(1), None).unwrap();
	ours::set_status(&mut mixnet, Time::ZERO, 0, SessionPhase::DisconnectFromPrev);
	let mixnode = |node| Mixnode {
		kx_public: KxSecret::from_bytes([node; 32]).public(),
		peer_id: PeerId([node; 32]),
		external_addresses: Vec::new(),
	};
	ours::set_session(&mut mixnet, Time::ZERO, 0, None, Ok((2..6).map(mixnode).collect()));
	for peer in 2..6 {
		mixnet.peer_connected(Time::ZERO, PeerId([peer; 32]));
	}
	mixnet.handle_timeout(Time::from_duration(Duration::MAX));
	assert!((0..1000).any(|_| mixnet.poll_transmit().is_none()));
}

#[test]
fn the_committed_corpus_is_what_the_generator_makes() {
	for (target, _) in TARGETS {
		let mut found = BTreeMap::new();
		for entry in fs::read_dir(corpus(target)).unwrap_or_else(|error| panic!("{target} has no corpus: {error}")) {
			let entry = entry.unwrap();
			found.insert(entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
		}
		let made: BTreeMap<_, _> =
			seeds_of(target).into_iter().map(|(name, bytes)| (name.to_string(), bytes)).collect();
		let names = |seeds: &BTreeMap<String, Vec<u8>>| seeds.keys().cloned().collect::<Vec<_>>();
		assert_eq!(names(&found), names(&made), "the corpus of {target} is out of date: {WRITE}");
		for (name, bytes) in made {
			assert!(found[&name] == bytes, "corpus/{target}/{name} is out of date: {WRITE}");
		}
	}
}

#[test]
#[ignore = "writes the fuzzer's seed corpus anew"]
fn write_the_seed_corpus() {
	for (target, _) in TARGETS {
		let folder = corpus(target);
		let _ = fs::remove_dir_all(&folder);
		fs::create_dir_all(&folder).unwrap();
		for (name, bytes) in seeds_of(target) {
			fs::write(folder.join(name), bytes).unwrap();
		}
	}
}
