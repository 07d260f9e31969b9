//! The project's pages say what is so: what they name exists, what they show is what is compiled.
//!
//! - [`names`]: identifiers, tests above all, are those of the code.
//! - [`paths`]: files and links lead somewhere.
//! - [`parts`]: blocks of code are those of the sources.
//! - [`size`]: the README is short, and so is every source file.

mod names;
mod parts;
mod paths;
mod size;

use std::{
	fs,
	path::{Path, PathBuf},
};

/// A text file of the repository.
pub struct File {
	/// From the repository's root, with slashes.
	pub path: String,
	/// What is in it.
	pub text: String,
}

/// The repository's root.
pub fn root() -> &'static Path {
	Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is a folder of the repository; qed")
}

/// All files with this extension, but for what is built or hidden.
pub fn files(extension: &str) -> Vec<File> {
	let mut found = Vec::new();
	let mut folders = vec![root().to_path_buf()];
	while let Some(folder) = folders.pop() {
		let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
		for entry in entries {
			let path: PathBuf = entry.unwrap().path();
			let name = path.file_name().unwrap().to_string_lossy().into_owned();
			if path.is_dir() {
				if !name.starts_with('.') && name != "target" {
					folders.push(path);
				}
			} else if path.extension().is_some_and(|found| found == extension) {
				let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
				let path = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
				found.push(File { path, text });
			}
		}
	}
	found.sort_by(|a, b| a.path.cmp(&b.path));
	assert!(!found.is_empty(), "no file ends with .{extension}");
	found
}

/// The lines outside of blocks of code, with their numbers, from 1.
pub fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
	let mut in_block = false;
	text.lines().enumerate().filter_map(move |(index, line)| {
		let is_fence = line.trim_start().starts_with("```");
		in_block ^= is_fence;
		(!is_fence && !in_block).then_some((index + 1, line))
	})
}

/// What stands between single backticks, outside of blocks of code: with its line's number, from 1.
pub fn in_backticks(text: &str) -> Vec<(usize, &str)> {
	prose(text).flat_map(|(number, line)| line.split('`').skip(1).step_by(2).map(move |word| (number, word))).collect()
}

/// Fails with all that was found wrong, a line each.
pub fn assert_none(problems: &[String]) {
	assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn backticks_in_blocks_of_code_are_code() {
	let text = "a `b` and `c d`\n```sh\necho `e`\n```\n`f`";
	assert_eq!(in_backticks(text), [(1, "b"), (1, "c d"), (5, "f")]);
}
