//! Does a branch or an address depend on a secret? Valgrind's memcheck tells, after an idea of Adam Langley's (ctgrind):
//! memcheck follows undefined bytes through registers and memory, and reports a branch or an address that depends on them.
//! The test marks secrets as undefined.
//!
//! Valgrind does not know AVX-512. So the lanes are emulated here; all but the vector is the same code. README.md says how
//! to run it.

use crate::{
	backend::Backend,
	lanes::{batch, Emulated},
	multiplier::Scalars,
};
use std::hint::black_box;

type Bytes = [u8; 32];

/// A function that multiplies points by scalars.
type Multiply<'a> = &'a dyn Fn(Scalars, &[Bytes], &[Bytes], &mut [Bytes]);

/// Requests that a program can make to valgrind (valgrind.h, memcheck.h).
#[repr(u64)]
enum Request {
	RunningOnValgrind = 0x1001,
	CountErrors = 0x1201,
	MakeUndefined = 0x4d43_0001,
	MakeDefined = 0x4d43_0002,
}

/// Makes a request, and returns valgrind's answer; without valgrind, zero.
fn ask(request: Request, start: usize, length: usize) -> u64 {
	let arguments = [request as u64, start as u64, length as u64, 0, 0, 0];
	let mut answer = 0_u64;
	// SAFETY: without valgrind this does nothing, since the rotations add up to a whole turn. With valgrind it reads
	// `arguments` and answers in rdx. It changes no memory, only what memcheck notes about memory.
	unsafe {
		core::arch::asm!(
			"rol rdi, 3",
			"rol rdi, 13",
			"rol rdi, 61",
			"rol rdi, 51",
			"xchg rbx, rbx",
			in("rax") arguments.as_ptr(),
			inout("rdx") answer,
			inout("rdi") 0_u64 => _,
		);
	}
	answer
}

/// Marks `data` as secret, or as public again.
fn set_secret<T>(data: &mut [T], secret: bool) {
	let request = if secret { Request::MakeUndefined } else { Request::MakeDefined };
	ask(request, data.as_ptr() as usize, size_of_val(data));
	black_box(data);
}

/// Counts how often `f` uses a secret in a branch or an address.
fn uses(f: impl FnOnce()) -> u64 {
	let before = ask(Request::CountErrors, 0, 0);
	f();
	ask(Request::CountErrors, 0, 0) - before
}

#[test]
#[ignore = "runs under valgrind"]
fn no_branch_and_no_address_depends_on_a_secret() {
	assert_ne!(ask(Request::RunningOnValgrind, 0, 0), 0, "run this under valgrind: see README.md");

	// Check that memcheck notices a branch and an address at all.
	let mut secret = [5_u8];
	set_secret(&mut secret, true);
	let table = [black_box(1_u8); 256];
	assert_ne!(uses(|| assert_ne!(black_box(table[usize::from(black_box(secret[0]))]), 0)), 0);
	let branch = || {
		if black_box(secret[0]) == 5 {
			black_box(&table);
		}
	};
	assert_ne!(uses(branch), 0);

	let check = |name: &str, f: Multiply<'_>| {
		for kind in [Scalars::Clamped, Scalars::Plain] {
			let mut scalars: [Bytes; 11] = core::array::from_fn(|i| [i as u8 * 23; 32]);
			// The first is of low order: a result of zero is as secret as any other.
			let mut points: [Bytes; 11] = core::array::from_fn(|i| [i as u8; 32]);
			let mut out = [[0; 32]; 11];
			set_secret(&mut scalars, true);
			set_secret(&mut points, true);
			let found = uses(|| f(kind, &scalars, &points, &mut out));
			set_secret(&mut out, false);
			assert_ne!(out[10], [0; 32]);
			assert_eq!(found, 0, "{name}, {kind:?}");
		}
	};
	check("lanes, variable base", &|kind, scalars, points, out| {
		batch::variable_base::<Emulated<false>>((), kind, scalars, points, out);
	});
	check("lanes, fixed base", &|kind, scalars, _, out| {
		batch::fixed_base::<Emulated<false>>((), kind, scalars, out);
	});
	for backend in Backend::available() {
		println!("{backend}");
		check(backend.name(), &|kind, scalars, points, out| {
			backend.multiplier().variable_base(kind, scalars, points, out);
		});
		check(backend.name(), &|kind, scalars, _, out| backend.multiplier().fixed_base(kind, scalars, out));
	}
}
