//! Blocks of code in pages are those of the sources, which are compiled.
//!
//! In a source, a part is what stands between the comments `// guide: NAME` and `// guide: end`. In a page, a block of code
//! that comes from a source is preceded by the comment `<!-- FILE: NAME -->`.

use crate::{assert_none, files, root, File};
use std::fs;

/// Pages all of whose blocks of Rust come from sources.
const COMPLETE: [&str; 3] = ["docs/INTEGRATION.md", "docs/parachains.md", "service/README.md"];

/// The named part of a source, without the indentation that all its lines share.
fn part(source: &str, name: &str) -> Option<String> {
	let begin = format!("// guide: {name}");
	let lines: Vec<_> = source
		.lines()
		.skip_while(|line| line.trim() != begin)
		.skip(1)
		.take_while(|line| line.trim() != "// guide: end")
		.collect();
	let indentation = |line: &&str| line.len() - line.trim_start_matches('\t').len();
	let shared = lines.iter().filter(|line| !line.is_empty()).map(indentation).min()?;
	Some(lines.iter().map(|line| format!("{}\n", line.get(shared..).unwrap_or_default())).collect())
}

/// What is wrong with a page's blocks, and how many come from sources.
fn check(page: &File, source: impl Fn(&str) -> Option<String>) -> (Vec<String>, usize) {
	let mut problems = Vec::new();
	let mut shown = 0;
	let mut lines = page.text.lines().enumerate();
	while let Some((number, line)) = lines.next() {
		let comment = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->"));
		let Some((file, name)) = comment.and_then(|comment| comment.split_once(".rs: ")) else { continue };
		let place = format!("{}:{}", page.path, number + 1);
		if lines.next().map(|(_, line)| line) != Some("```rust") {
			problems.push(format!("{place}: no block of Rust follows"));
			continue;
		}
		let block: String = lines
			.by_ref()
			.map(|(_, line)| line)
			.take_while(|line| *line != "```")
			.fold(String::new(), |block, line| block + line + "\n");
		match source(&format!("{file}.rs")).as_deref().and_then(|source| part(source, name)) {
			Some(part) if part == block => shown += 1,
			Some(part) => problems.push(format!("{place}: {file}.rs says\n{part}")),
			None => problems.push(format!("{place}: {file}.rs has no part `{name}`")),
		}
	}
	(problems, shown)
}

#[test]
fn pages_show_the_sources_as_they_are() {
	let mut problems = Vec::new();
	for page in files("md") {
		let (found, shown) = check(&page, |path| fs::read_to_string(root().join(path)).ok());
		problems.extend(found);
		let blocks = page.text.lines().filter(|line| *line == "```rust").count();
		if COMPLETE.contains(&page.path.as_str()) && (shown == 0 || shown < blocks) {
			problems.push(format!("{}: {shown} of {blocks} blocks of Rust come from sources", page.path));
		}
	}
	assert_none(&problems);
}

#[test]
fn a_block_that_differs_from_its_source_is_found() {
	let source = "mod a {\n\t// guide: one\n\tfn f() {\n\t\tg()\n\t}\n\t// guide: end\n}\n";
	let page = |block: &str| File {
		path: "page.md".into(),
		text: format!("<!-- a.rs: one -->\n```rust\n{block}```\n<!-- a.rs: two -->\n```rust\n```\n"),
	};
	let missing = "page.md:7: a.rs has no part `two`";
	let check = |page: &File| check(page, |path| (path == "a.rs").then(|| source.to_string()));
	let (problems, shown) = check(&page("fn f() {\n\tg()\n}\n"));
	assert_eq!((problems, shown), (vec![missing.to_string()], 1));
	let (problems, shown) = check(&page("fn f() {\n\th()\n}\n"));
	assert_eq!(problems, ["page.md:1: a.rs says\nfn f() {\n\tg()\n}\n", missing]);
	assert_eq!(shown, 0);
}
