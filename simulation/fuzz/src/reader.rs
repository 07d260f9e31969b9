//! Numbers and choices from bytes.
//!
//! Zeroes follow the end of the bytes. So every input has a meaning, and a longer input means the same and more. Every
//! choice takes bytes of its own, so a small change of the input is a small change of what happens.

/// Reads from the front of an input.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
	/// A reader of `data`.
	pub fn new(data: &'a [u8]) -> Self {
		Self(data)
	}

	/// Has everything been read?
	pub fn is_empty(&self) -> bool {
		self.0.is_empty()
	}

	/// The next bytes, `len` of them, or as many as there are.
	pub fn slice(&mut self, len: usize) -> &'a [u8] {
		let (slice, rest) = self.0.split_at(len.min(self.0.len()));
		self.0 = rest;
		slice
	}

	/// The next `N` bytes, with zeroes after the input's end.
	pub fn array<const N: usize>(&mut self) -> [u8; N] {
		let mut array = [0; N];
		let slice = self.slice(N);
		array[..slice.len()].copy_from_slice(slice);
		array
	}

	/// The next byte.
	pub fn byte(&mut self) -> u8 {
		let [byte] = self.array();
		byte
	}

	/// The next two bytes.
	pub fn u16(&mut self) -> u16 {
		u16::from_le_bytes(self.array())
	}

	/// The next bit, which takes a byte.
	pub fn bool(&mut self) -> bool {
		self.byte() & 1 == 1
	}

	/// A number below `num`, which is 1 to 256. Takes a byte.
	pub fn below(&mut self, num: usize) -> usize {
		usize::from(self.byte()) % num
	}

	/// One of `choices`. Takes a byte.
	pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
		choices[self.below(choices.len())]
	}

	/// All bytes that are left.
	pub fn rest(&mut self) -> &'a [u8] {
		core::mem::take(&mut self.0)
	}
}

/// `N` bytes that begin with `data` and go on with a pattern that depends on it, so that a short input makes long data.
pub fn stretch<const N: usize>(data: &[u8]) -> [u8; N] {
	let mut bytes = [0; N];
	let mut state = data.iter().fold(1u32, |state, byte| state.wrapping_mul(31).wrapping_add(u32::from(*byte)));
	for (index, byte) in bytes.iter_mut().enumerate() {
		state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
		*byte = data.get(index).copied().unwrap_or((state >> 24) as u8);
	}
	bytes
}
