//! What `substrate-wasm-builder` asks of the crate `wasm-opt`, without Binaryen.
//!
//! The builder's two uses are one and the same: read a runtime, optimise nothing, remove debug information, lower
//! sign-extension instructions, write it. Types and methods have the names of the crate that this one replaces; there are no
//! others than those that the builder calls. README.md says why.

use parity_wasm::elements::{CustomSection, Module, Section};
use std::{
	fs,
	path::{Path, PathBuf},
};

/// Why a WebAssembly module could not be processed.
#[derive(Debug, thiserror::Error)]
pub enum OptimizationError {
	/// It cannot be read from its file, or not be written to it.
	#[error("{path}: {error}", path = .path.display())]
	File {
		/// The file.
		path: PathBuf,
		/// What the operating system says.
		error: std::io::Error,
	},
	/// It is no module, or one with instructions beyond the first version of WebAssembly.
	#[error(
		"{path} is no module of WebAssembly's first version: {error}. Build the runtime for the target wasm32v1-none, \
		 with a standard library that was built for it", path = .path.display()
	)]
	Module {
		/// The file.
		path: PathBuf,
		/// What the parser says.
		error: parity_wasm::SerializationError,
	},
}

/// What is done to a module besides reading and writing it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Pass {
	/// Removes DWARF, LLVM's debug information: custom sections `.debug_*`. The section of functions' names stays.
	StripDwarf,
	/// Replaces sign-extension instructions. Here: sees that there are none.
	SignextLowering,
}

/// What to do to a module.
#[derive(Clone, Default, Debug)]
pub struct OptimizationOptions {
	passes: Vec<Pass>,
}

impl OptimizationOptions {
	/// No optimisation. There is no other level.
	pub fn new_opt_level_0() -> Self {
		Self::default()
	}

	/// Takes modules of WebAssembly's first version only, which is so in any case.
	pub fn mvp_features_only(&mut self) -> &mut Self {
		self
	}

	/// Keeps functions' names, which is so in any case: wasm traps are reported with them.
	pub fn debug_info(&mut self, _keep: bool) -> &mut Self {
		self
	}

	/// Adds a pass.
	pub fn add_pass(&mut self, pass: Pass) -> &mut Self {
		self.passes.push(pass);
		self
	}

	/// Reads a module from a file, and writes it to another or the same.
	pub fn run(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<(), OptimizationError> {
		let (from, to) = (from.as_ref(), to.as_ref());
		let bytes = fs::read(from).map_err(|error| OptimizationError::File { path: from.into(), error })?;
		let bytes = self.apply(&bytes).map_err(|error| OptimizationError::Module { path: from.into(), error })?;
		fs::write(to, bytes).map_err(|error| OptimizationError::File { path: to.into(), error })
	}

	fn apply(&self, bytes: &[u8]) -> Result<Vec<u8>, parity_wasm::SerializationError> {
		// The parser knows the first version's instructions alone. So reading is the check that nothing has to be lowered.
		let mut module: Module = parity_wasm::deserialize_buffer(bytes)?;
		if self.passes.contains(&Pass::StripDwarf) {
			module.sections_mut().retain(|section| !matches!(section, Section::Custom(custom) if is_dwarf(custom)));
		}
		parity_wasm::serialize(module)
	}
}

fn is_dwarf(section: &CustomSection) -> bool {
	section.name().starts_with(".debug_")
}

#[cfg(test)]
mod tests {
	use super::*;

	const HEADER: &[u8] = b"\0asm\x01\0\0\0";

	fn custom_section(name: &str) -> Vec<u8> {
		let mut section = vec![0, name.len() as u8 + 2, name.len() as u8];
		section.extend(name.as_bytes());
		section.push(7);
		section
	}

	/// A module with one function of no arguments, whose body is these instructions.
	fn module_of(instructions: &[u8]) -> Vec<u8> {
		let types: &[u8] = &[1, 4, 1, 0x60, 0, 0];
		let functions: &[u8] = &[3, 2, 1, 0];
		let body = instructions.len() as u8 + 2;
		let code = [&[10, body + 2, 1, body, 0], instructions, &[0x0b]].concat();
		[HEADER, types, functions, &code].concat()
	}

	fn strip() -> OptimizationOptions {
		OptimizationOptions::new_opt_level_0().add_pass(Pass::StripDwarf).add_pass(Pass::SignextLowering).clone()
	}

	#[test]
	fn debug_information_goes_and_everything_else_stays() {
		// A runtime's version stands in a custom section of its own.
		let kept = [HEADER.to_vec(), custom_section("runtime_version"), custom_section("name")].concat();
		let module = [kept.clone(), custom_section(".debug_info"), custom_section(".debug_str")].concat();
		assert_eq!(strip().apply(&module).unwrap(), kept);
		let unstripped = OptimizationOptions::new_opt_level_0();
		assert_eq!(unstripped.apply(&module).unwrap(), module);
	}

	#[test]
	fn code_of_the_first_version_stays_as_it_is() {
		// i32.const 5, drop
		let module = module_of(&[0x41, 5, 0x1a]);
		assert_eq!(strip().apply(&module).unwrap(), module);
	}

	#[test]
	fn sign_extension_is_refused_with_advice() {
		// i32.const 5, i32.extend8_s, drop
		let module = module_of(&[0x41, 5, 0xc0, 0x1a]);
		let folder = tempfile::tempdir().unwrap();
		let file = folder.path().join("runtime.wasm");
		fs::write(&file, &module).unwrap();
		let error = strip().run(&file, &file).unwrap_err().to_string();
		assert!(error.contains("runtime.wasm") && error.contains("wasm32v1-none"), "{error}");
		assert_eq!(fs::read(&file).unwrap(), module);
	}

	#[test]
	fn a_file_that_is_missing_is_named() {
		let error = strip().run("/nonexistent/runtime.wasm", "/nonexistent/out").unwrap_err().to_string();
		assert!(error.contains("/nonexistent/runtime.wasm"), "{error}");
	}
}
