//! Files and folders that pages name.
//!
//! - A link to a place in the repository leads to a file or folder.
//! - What stands in backticks and looks like a path of the repository (`folder/file.rs`) is one, counted from the root, from
//!   the page's own folder, or from a crate.

use crate::{assert_none, files, in_backticks, prose, root, File};
use std::path::{Path, PathBuf};

/// Pages that tell what once was.
const EXEMPT: [&str; 1] = ["CHANGELOG.md"];

/// Targets of links `[words](target)`, with their lines, outside of blocks of code.
fn links(text: &str) -> Vec<(usize, &str)> {
	let targets = |line| str::split(line, "](").skip(1).filter_map(|rest| rest.split(')').next());
	prose(text).flat_map(|(number, line)| targets(line).map(move |target| (number, target))).collect()
}

fn is_path(word: &str) -> bool {
	let is_plain = |character: char| character.is_ascii_alphanumeric() || "_-./".contains(character);
	let extension = Path::new(word).extension().and_then(|extension| extension.to_str());
	word.chars().all(is_plain)
		&& word.contains('/')
		&& !word.starts_with(['/', '.'])
		&& (word.ends_with('/')
			|| matches!(extension, Some("rs" | "md" | "toml" | "sh" | "py" | "gz" | "json" | "html")))
}

/// The folders that a path may be counted from: the root, the page's, and every folder of a crate.
fn bases(page: &str, crates: &[PathBuf]) -> Vec<PathBuf> {
	let own = root().join(page).parent().map(Path::to_path_buf);
	let sources = crates.iter().flat_map(|folder| [folder.clone(), folder.join("src")]);
	own.into_iter().chain([root().to_path_buf()]).chain(sources).collect()
}

fn problems(page: &File, crates: &[PathBuf]) -> Vec<String> {
	let bases = bases(&page.path, crates);
	let mut problems = Vec::new();
	for (line, target) in links(&page.text) {
		let target = target.split('#').next().unwrap_or_default();
		if !target.is_empty()
			&& !target.contains("://")
			&& !target.starts_with("mailto:")
			&& !bases[0].join(target).exists()
		{
			problems.push(format!("{}:{line}: the link to {target} leads nowhere", page.path));
		}
	}
	for (line, word) in in_backticks(&page.text) {
		if is_path(word) && !bases.iter().any(|base| base.join(word).exists()) {
			problems.push(format!("{}:{line}: there is no `{word}`", page.path));
		}
	}
	problems
}

fn crates() -> Vec<PathBuf> {
	let manifests = files("toml").into_iter().filter(|file| file.path.ends_with("Cargo.toml"));
	manifests.filter_map(|file| root().join(file.path).parent().map(Path::to_path_buf)).collect()
}

#[test]
fn links_and_paths_in_pages_lead_somewhere() {
	let crates = crates();
	let pages: Vec<_> = files("md").into_iter().filter(|page| !EXEMPT.contains(&page.path.as_str())).collect();
	let links: usize = pages.iter().map(|page| links(&page.text).len()).sum();
	assert!(links >= 20, "only {links} links are found");
	assert_none(&pages.iter().flat_map(|page| problems(page, &crates)).collect::<Vec<_>>());
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
	let text = "[a](Cargo.toml) [b](docs/nothing.md#part)\n`tests/src/nothing.rs` `Cargo.toml` `a/b` [c](https://example.org/x)";
	let page = File { path: "README.md".into(), text: text.into() };
	assert_eq!(
		problems(&page, &crates()),
		["README.md:1: the link to docs/nothing.md leads nowhere", "README.md:2: there is no `tests/src/nothing.rs`"]
	);
}
