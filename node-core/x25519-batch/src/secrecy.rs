//! Does a branch or an address depend on a secret? Asked of valgrind's memcheck, which follows what is undefined through
//! registers and memory, and reports such a use of it: secrets are called undefined here (after ctgrind, by Adam Langley).
//!
//! Valgrind knows no AVX-512: the lanes are the emulated ones, which are the same code but for the vector. To be run as
//! README.md says.

use crate::{
	backend::Scalars,
	lanes::{batch, Emulated},
	Backend,
};
use std::hint::black_box;

type Bytes = [u8; 32];

/// Scalars times points.
type Multiply<'a> = &'a dyn Fn(Scalars, &[Bytes], &[Bytes], &mut [Bytes]);

/// Requests that valgrind takes from the program it runs (valgrind.h, memcheck.h).
#[repr(u64)]
enum Request {
	RunningOnValgrind = 0x1001,
	CountErrors = 0x1201,
	MakeUndefined = 0x4d43_0001,
	MakeDefined = 0x4d43_0002,
}

/// What valgrind answers; zero without valgrind.
fn ask(request: Request, start: usize, length: usize) -> u64 {
	let arguments = [request as u64, start as u64, length as u64, 0, 0, 0];
	let mut answer = 0_u64;
	// SAFETY: without valgrind, does nothing: the rotations make a whole turn. With it, reads `arguments`, answers in rdx,
	// and changes no memory (but for what memcheck holds of it).
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

fn set_secret<T>(data: &mut [T], secret: bool) {
	let request = if secret { Request::MakeUndefined } else { Request::MakeDefined };
	ask(request, data.as_ptr() as usize, size_of_val(data));
	black_box(data);
}

/// How often `f` uses a secret where it must not.
fn uses(f: impl FnOnce()) -> u64 {
	let before = ask(Request::CountErrors, 0, 0);
	f();
	ask(Request::CountErrors, 0, 0) - before
}

#[test]
#[ignore = "runs under valgrind"]
fn no_branch_and_no_address_depends_on_a_secret() {
	assert_ne!(ask(Request::RunningOnValgrind, 0, 0), 0, "run this under valgrind: see README.md");

	// That a branch and an address are noticed at all.
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
			// One of low order: that a result is zero is as secret as any other result.
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
