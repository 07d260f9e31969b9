//! Identifiers in pages.
//!
//! - Every name of three words or more that a page has in backticks, like `this_one_here`, occurs in the code: what was
//!   renamed or removed is noticed.
//! - Where a page says that something holds, the names in brackets are tests. That is so in sections whose headings end with
//!   "what holds", and in columns of tables whose headings begin with "shown by".

use crate::{assert_none, files, in_backticks, File};
use std::collections::BTreeSet;

/// Pages that describe another project's code, or tell what once was.
const EXEMPT: [&str; 2] = ["CHANGELOG.md", "docs/PROTOCOL.md"];

struct Code {
	/// Every identifier of every source file and script.
	words: BTreeSet<String>,
	tests: BTreeSet<String>,
}

impl Code {
	fn read() -> Self {
		let sources: Vec<File> = ["rs", "toml", "sh", "py"].into_iter().flat_map(files).collect();
		let words = sources.iter().flat_map(|file| identifiers(&file.text)).map(Into::into).collect();
		let tests = sources.iter().flat_map(|file| tests(&file.text)).collect();
		Self { words, tests }
	}
}

fn identifiers(text: &str) -> impl Iterator<Item = &str> {
	text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_').filter(|word| !word.is_empty())
}

/// Names of functions with the attribute `#[test]`, whatever other attributes and comments stand between.
fn tests(source: &str) -> Vec<String> {
	let mut found = Vec::new();
	let mut is_test = false;
	for line in source.lines().map(str::trim) {
		if line == "#[test]" || line.starts_with("#[tokio::test") {
			is_test = true;
		} else if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) {
			found.extend(identifiers(rest).next().map(Into::into));
			is_test = false;
		}
	}
	found
}

/// Is this a name of so many words that it is no English, nor a short name that may stand for anything?
fn is_long_name(word: &str) -> bool {
	let is_lower = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_';
	word.chars().all(is_lower) && word.split('_').filter(|part| !part.is_empty()).count() >= 3
}

/// The names that a page gives as tests, with their lines.
fn claims(page: &str) -> Vec<(usize, &str)> {
	let mut found = Vec::new();
	let mut in_section = false;
	// Brackets may go over several lines.
	let mut depth = 0_usize;
	let mut column = None;
	for (number, line) in page.lines().enumerate() {
		if line.starts_with('#') {
			in_section = line.to_lowercase().trim_end().ends_with("what holds");
			depth = 0;
		}
		if line.starts_with('|') {
			let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
			let shown_by = cells.iter().position(|cell| cell.to_lowercase().starts_with("shown by"));
			column = shown_by.or(column);
			let cell = column.and_then(|column| cells.get(column)).copied().unwrap_or_default();
			found.extend(in_backticks(cell).into_iter().map(|(_, word)| (number + 1, word)));
		} else {
			column = None;
			if in_section {
				for (index, piece) in line.split('`').enumerate() {
					if index % 2 == 1 {
						found.extend((depth > 0).then_some((number + 1, piece)));
						continue;
					}
					for character in piece.chars() {
						match character {
							'(' => depth += 1,
							')' => depth = depth.saturating_sub(1),
							_ => (),
						}
					}
				}
			}
		}
	}
	found.retain(|(_, word)| is_long_name(word));
	found
}

fn problems(page: &File, code: &Code) -> Vec<String> {
	let claims = claims(&page.text);
	let missing = claims.iter().filter(|(_, name)| !code.tests.contains(*name));
	let mut problems: Vec<_> =
		missing.map(|(line, name)| format!("{}:{line}: no test has the name `{name}`", page.path)).collect();
	let names = in_backticks(&page.text).into_iter().filter(|(_, word)| is_long_name(word));
	problems.extend(
		names
			.filter(|name| !claims.contains(name) && !code.words.contains(name.1))
			.map(|(line, name)| format!("{}:{line}: nothing in the code has the name `{name}`", page.path)),
	);
	problems
}

#[test]
fn pages_name_tests_and_code_that_exist() {
	let code = Code::read();
	let pages: Vec<_> = files("md").into_iter().filter(|page| !EXEMPT.contains(&page.path.as_str())).collect();
	let claims: usize = pages.iter().map(|page| claims(&page.text).len()).sum();
	assert!(claims >= 60, "only {claims} claims are found: are the pages read as they are written?");
	assert_none(&pages.iter().flat_map(|page| problems(page, &code)).collect::<Vec<_>>());
}

#[test]
fn a_claim_without_its_test_is_found() {
	let words = ["a_name_in_the_code", "some_test_that_is_there"];
	let code = Code {
		words: words.map(Into::into).into(),
		tests: tests("#[test]\n#[ignore = \"slow\"]\nfn some_test_that_is_there() {}\nfn a_name_in_the_code() {}")
			.into_iter()
			.collect(),
	};
	let page = "# What holds\n\
		1. It does. (`some_test_that_is_there`, in\n   `a_test_that_is_gone`; `a_name_in_the_code`)\n\
		# Words\n`a_name_in_the_code` and `a_name_of_nothing_else`, `two_words`\n\
		| what | shown by |\n|---|---|\n| `a_name_of_the_past` | `another_test_that_is_gone` |\n";
	let page = File { path: "page.md".into(), text: page.into() };
	assert_eq!(
		problems(&page, &code),
		[
			"page.md:3: no test has the name `a_test_that_is_gone`",
			"page.md:3: no test has the name `a_name_in_the_code`",
			"page.md:8: no test has the name `another_test_that_is_gone`",
			"page.md:5: nothing in the code has the name `a_name_of_nothing_else`",
			"page.md:8: nothing in the code has the name `a_name_of_the_past`",
		]
	);
}
