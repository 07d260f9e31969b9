//! Files that are short enough to read.

use crate::{assert_none, files};

/// Lines of a source file, at most; so that a file stays one idea.
const MAX_SOURCE: usize = 499;
/// Lines of the README, at most.
const MAX_README: usize = 100;

/// Written by a program.
const GENERATED: [&str; 1] = ["pallets/mixnet/src/weights.rs"];

#[test]
fn source_files_have_fewer_than_500_lines() {
	let long = files("rs").into_iter().filter(|file| !GENERATED.contains(&file.path.as_str()));
	let long = long.map(|file| (file.text.lines().count(), file.path)).filter(|(lines, _)| *lines > MAX_SOURCE);
	assert_none(&long.map(|(lines, path)| format!("{path} has {lines} lines")).collect::<Vec<_>>());
}

#[test]
fn the_readme_has_at_most_100_lines() {
	let readme = files("md").into_iter().find(|file| file.path == "README.md").expect("there is one; qed");
	assert!(readme.text.lines().count() <= MAX_README);
}
