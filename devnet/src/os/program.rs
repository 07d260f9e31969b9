//! Finds a program of this workspace, and refuses one that is older than its sources.
//!
//! Beside each program, cargo writes a file with the names of all sources that the program was built from:
//! `mixnet-node.d` beside `mixnet-node`. If one of them has changed since, the program is stale: whoever runs it would not
//! see the change. A program without such a file was copied there by somebody who wants just this one, and is taken.

use anyhow::{ensure, Context};
use std::{
	fs, io,
	path::{Path, PathBuf},
};

/// The name of the node's program.
pub const NODE: &str = "mixnet-node";

/// The path of the program `name` in the folder of the program that runs now.
pub fn beside_us(name: &str) -> anyhow::Result<PathBuf> {
	let us = std::env::current_exe().context("the path of this program is not known")?;
	Ok(us.with_file_name(name))
}

/// Fails unless the program is there, and was built after its sources were last changed. Returns its absolute path.
///
/// # Errors
/// Say what to do.
pub fn check(program: &Path) -> anyhow::Result<PathBuf> {
	let not_there = || format!("there is no program {}: run `make build`", program.display());
	let program = program.canonicalize().with_context(not_there)?;
	let built = fs::metadata(&program).and_then(|metadata| metadata.modified()).with_context(not_there)?;
	let Some(list) = read_if_there(&program.with_extension("d"))? else { return Ok(program) };
	for source in sources(&list) {
		// What is gone says nothing: who removes or moves a source has to change another one that mentions it.
		let Ok(changed) = fs::metadata(&source).and_then(|metadata| metadata.modified()) else { continue };
		ensure!(
			changed <= built,
			"{} is older than {}: run `make build` (or copy the program elsewhere, to use it as it is)",
			program.display(),
			source.display(),
		);
	}
	Ok(program)
}

fn read_if_there(path: &Path) -> anyhow::Result<Option<String>> {
	match fs::read_to_string(path) {
		Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
		read => read.map(Some).with_context(|| format!("{} cannot be read", path.display())),
	}
}

/// The files that a rule of make names after the colon. Spaces separate them; one that belongs to a name has a backslash
/// before it.
fn sources(rule: &str) -> Vec<PathBuf> {
	let Some((_, list)) = rule.lines().next().and_then(|line| line.split_once(": ")) else { return Vec::new() };
	let (mut names, mut name, mut letters) = (Vec::new(), String::new(), list.chars().peekable());
	while let Some(letter) = letters.next() {
		match letter {
			'\\' if letters.next_if_eq(&' ').is_some() => name.push(' '),
			' ' => names.push(std::mem::take(&mut name)),
			_ => name.push(letter),
		}
	}
	names.push(name);
	names.into_iter().filter(|name| !name.is_empty()).map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::time::{Duration, SystemTime};

	#[test]
	fn sources_are_read_with_the_spaces_in_their_names() {
		let rule = "/t/mixnet-node: /a/main.rs /a\\ b/c.rs C:\\d.rs\n\n/a/main.rs:\n";
		assert_eq!(sources(rule), ["/a/main.rs", "/a b/c.rs", "C:\\d.rs"].map(PathBuf::from));
		assert_eq!(sources("/t/mixnet-node:"), [""; 0].map(PathBuf::from));
		assert_eq!(sources(""), [""; 0].map(PathBuf::from));
	}

	#[test]
	fn a_program_is_refused_once_a_source_is_newer() {
		let folder = tempfile::tempdir().expect("a temporary folder can be made; qed");
		let path = |name: &str| folder.path().join(name);
		let program = path("program");
		assert!(check(&program).is_err_and(|error| error.to_string().contains("make build")));

		let now = SystemTime::now();
		let write = |name: &str, at: SystemTime| {
			let file = fs::File::create(path(name)).expect("the folder is ours; qed");
			file.set_modified(at).expect("the file is ours; qed");
		};
		write("program", now);
		write("main file.rs", now + Duration::from_secs(1));
		let found = check(&program).expect("no list of sources, no complaint");
		assert!(found.is_absolute());

		let list = format!("{0}: {0}/gone.rs {1}\n", program.display(), path("main\\ file.rs").display());
		fs::write(path("program.d"), list).expect("the folder is ours; qed");
		let error = check(&program).expect_err("a source is newer").to_string();
		assert!(error.contains("is older than") && error.contains("main file.rs"), "{error}");
		write("main file.rs", now);
		check(&program).expect("the source is not newer any more");
	}
}
