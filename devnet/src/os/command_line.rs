//! A program and its arguments, as a shell takes them.

use std::{fmt, path::PathBuf};

/// What a process is started with. Displays as a line that a shell can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
	/// Path of the program.
	pub program: PathBuf,
	/// Its arguments, without the program's name.
	pub arguments: Vec<String>,
}

impl fmt::Display for CommandLine {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		f.write_str(&quoted(&self.program.to_string_lossy()))?;
		self.arguments.iter().try_for_each(|argument| write!(f, " {}", quoted(argument)))
	}
}

/// The text as one word of a POSIX shell. Words without special characters stay as they are.
fn quoted(text: &str) -> String {
	let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,+@%".contains(&byte);
	if !text.is_empty() && text.bytes().all(is_plain) {
		return text.into();
	}
	// Nothing is special between single quotes, but the single quote itself.
	format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::process::Command;

	const AWKWARD: [&str; 9] = ["", "plain-1./x", "two words", "it's", "$HOME", "`id`", "a\"b\\c", "*", "ünïcode;\n&"];

	#[test]
	fn only_words_that_need_it_are_quoted() {
		let arguments = ["--chain", "/a b/spec.json"].map(String::from).to_vec();
		let line = CommandLine { program: "/bin/node".into(), arguments };
		assert_eq!(line.to_string(), "/bin/node --chain '/a b/spec.json'");
	}

	#[test]
	fn a_shell_takes_the_line_apart_as_it_was() {
		let arguments = std::iter::once("%s\\n").chain(AWKWARD).map(String::from).collect();
		let line = CommandLine { program: "printf".into(), arguments };
		let output = Command::new("sh").arg("-c").arg(line.to_string()).output().expect("every system has sh; qed");
		let expected: String = AWKWARD.iter().map(|word| format!("{word}\n")).collect();
		assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
	}
}
