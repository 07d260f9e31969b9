//! docs/INTEGRATION.md shows parts of the sources as they are.
//!
//! In a source, a part is what stands between the comments `// guide: NAME` and `// guide: end`. In the guide, the
//! comment `<!-- FILE: NAME -->` precedes a block of code that comes from a source.

/// The sources, by the paths that the guide uses.
const SOURCES: [(&str, &str); 6] = [
	("runtime/src/lib.rs", include_str!("../lib.rs")),
	("runtime/src/apis.rs", include_str!("../apis.rs")),
	("runtime/src/genesis.rs", include_str!("../genesis.rs")),
	("runtime/src/configs/mod.rs", include_str!("../configs/mod.rs")),
	("runtime/src/configs/mixnet.rs", include_str!("../configs/mixnet.rs")),
	("runtime/src/live_upgrade.rs", include_str!("../live_upgrade.rs")),
];

const GUIDE: &str = include_str!("../../../docs/INTEGRATION.md");

/// The named part of a source, without the indentation that all its lines share.
fn part(file: &str, name: &str) -> String {
	let source = SOURCES.iter().find(|(path, _)| *path == file).unwrap_or_else(|| panic!("unknown source {file}")).1;
	let begin = format!("// guide: {name}");
	let lines: Vec<_> = source
		.lines()
		.skip_while(|line| line.trim() != begin)
		.skip(1)
		.take_while(|line| line.trim() != "// guide: end")
		.collect();
	assert!(!lines.is_empty(), "{file} has no part `{name}`");
	let indentation = |line: &&str| line.len() - line.trim_start_matches('\t').len();
	let shared = lines.iter().filter(|line| !line.is_empty()).map(indentation).min().unwrap_or(0);
	lines.iter().map(|line| format!("{}\n", line.get(shared..).unwrap_or_default())).collect()
}

#[test]
fn the_guide_shows_the_sources_as_they_are() {
	let mut shown = 0;
	let mut lines = GUIDE.lines().enumerate();
	while let Some((number, line)) = lines.next() {
		let Some(reference) = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->")) else { continue };
		let (file, name) = reference.split_once(": ").expect("a file and a name");
		assert_eq!(lines.next().map(|(_, line)| line), Some("```rust"), "after line {}", number + 1);
		let block: String = lines
			.by_ref()
			.map(|(_, line)| line)
			.take_while(|line| *line != "```")
			.fold(String::new(), |block, line| block + line + "\n");
		let part = part(file, name);
		assert_eq!(block, part, "line {}: {file} says\n{part}", number + 1);
		shown += 1;
	}
	assert!(shown >= 8, "only {shown} parts are shown");
	let all = GUIDE.lines().filter(|line| *line == "```rust").count();
	assert_eq!(all, shown, "a block of Rust is not compiled");
}
