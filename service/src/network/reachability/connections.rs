//! With which hosts this process has a TCP connection.
//!
//! Linux lists the connections of a network namespace in `/proc/self/net/tcp` and `tcp6`, and the sockets of a process in
//! `/proc/self/fd` (proc(5)). Other systems are not asked.

use std::{collections::HashSet, io, net::IpAddr};

/// Those of these hosts with which this process has an established TCP connection. Takes milliseconds.
///
/// # Errors
/// The system does not tell.
#[cfg(target_os = "linux")]
pub fn connected(hosts: &HashSet<IpAddr>) -> io::Result<HashSet<IpAddr>> {
	use std::{
		collections::HashMap,
		fs::{self, File},
		io::{BufRead, BufReader, ErrorKind},
	};

	let mut sockets = HashMap::new();
	for table in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
		let file = match File::open(table) {
			Ok(file) => file,
			// There may be no IPv6.
			Err(error) if error.kind() == ErrorKind::NotFound && table.ends_with('6') => continue,
			Err(error) => return Err(error),
		};
		for line in BufReader::new(file).lines() {
			sockets.extend(established(&line?).filter(|(_, host)| hosts.contains(host)));
		}
	}
	// Also if there are none: whether this fails must not depend on whom is asked for.
	let mut connected = HashSet::new();
	for file in fs::read_dir("/proc/self/fd")? {
		// It may have been closed meanwhile.
		let Ok(target) = fs::read_link(file?.path()) else { continue };
		let inode = target.to_str().and_then(|target| target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
		connected.extend(inode.and_then(|inode: u64| sockets.get(&inode)));
	}
	Ok(connected)
}

/// As on Linux.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn connected(_: &HashSet<IpAddr>) -> io::Result<HashSet<IpAddr>> {
	Err(io::ErrorKind::Unsupported.into())
}

/// The socket of an established connection, and the host at its other end, from a line of the table.
#[cfg(target_os = "linux")]
fn established(line: &str) -> Option<(u64, IpAddr)> {
	const ESTABLISHED: &str = "01";

	let mut fields = line.split_ascii_whitespace();
	let (remote, state) = (fields.nth(2)?, fields.next()?);
	if state != ESTABLISHED {
		return None;
	}
	let (address, _port) = remote.split_once(':')?;
	// Words of 32 bits, each as a number in the order of bytes of this machine.
	let word = |at: usize| u32::from_str_radix(address.get(at * 8..at * 8 + 8)?, 16).ok().map(u32::to_ne_bytes);
	let host = match address.len() {
		8 => IpAddr::from(word(0)?),
		32 => {
			let mut octets = [0; 16];
			for (at, octets) in octets.chunks_exact_mut(4).enumerate() {
				octets.copy_from_slice(&word(at)?);
			}
			IpAddr::from(octets).to_canonical()
		},
		_ => return None,
	};
	Some((fields.nth(5)?.parse().ok()?, host))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
	use super::*;
	use std::{
		net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
		process::{Command, Stdio},
	};

	#[test]
	fn a_line_of_the_table_is_read_as_the_kernel_writes_it() {
		let ip4 = "   5: 0100007F:76FD 0202A8C0:C350 01 00000000:00000000 02:00000A2B 00000000  1000        0 48211 2 0000000000000000 20 4 30 10 -1";
		let ip6 = "   0: 00000000000000000000000001000000:76FD B80D0120000000000000000001000000:C350 01 00000000:00000000 00:00000000 00000000  1000        0 77 1";
		let mapped = "   0: 00000000000000000000000001000000:76FD 0000000000000000FFFF00000202A8C0:C350 01 00000000:00000000 00:00000000 00000000  1000        0 78 1";
		if cfg!(target_endian = "little") {
			assert_eq!(established(ip4), Some((48211, IpAddr::from([192, 168, 2, 2]))));
			assert_eq!(established(ip6), Some((77, "2001:db8::1".parse().expect("an address; qed"))));
			assert_eq!(established(mapped), Some((78, IpAddr::from([192, 168, 2, 2]))));
		}
		for other in [
			"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
			&ip4.replace(" 01 ", " 0A "),
			&ip4.replace("0202A8C0:C350", "0202A8:C350"),
			&ip4.replace("0202A8C0:C350", "0202A8G0:C350"),
			&ip4.replace("0202A8C0:C350", "\u{e9}\u{e9}\u{e9}\u{e9}:C350"),
			&ip4[..60],
			"",
		] {
			assert_eq!(established(other), None, "{other}");
		}
	}

	#[test]
	fn hosts_are_connected_as_long_as_this_process_is_connected_with_them() {
		let [near, far] = [[127, 91, 0, 1], [127, 91, 0, 2]].map(Ipv4Addr::from);
		let hosts = HashSet::from([near, far].map(IpAddr::from));
		assert_eq!(connected(&hosts).expect("Linux tells"), HashSet::new());
		let listener = TcpListener::bind((near, 0)).expect("a loopback address; qed");
		assert_eq!(connected(&hosts).expect("Linux tells"), HashSet::new(), "it only listens");
		let stream = TcpStream::connect(listener.local_addr().expect("it is bound; qed")).expect("somebody listens");
		assert_eq!(connected(&hosts).expect("Linux tells"), HashSet::from([near.into()]));
		drop((listener, stream));
		assert_eq!(connected(&hosts).expect("Linux tells"), HashSet::new());
	}

	/// The table has the connections of all processes.
	#[test]
	fn connections_of_other_processes_do_not_count() {
		let host = Ipv4Addr::from([127, 91, 0, 3]);
		let listener = TcpListener::bind((host, 0)).expect("a loopback address; qed");
		let address: SocketAddr = listener.local_addr().expect("it is bound; qed");
		let script = format!("exec 3<>/dev/tcp/{}/{}; echo; cat", address.ip(), address.port());
		let mut command = Command::new("bash");
		command.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped());
		let mut shell = command.spawn().expect("there is a shell");
		let output = shell.stdout.as_mut().expect("it is piped; qed");
		io::Read::read_exact(output, &mut [0]).expect("it says that it is connected");
		// Nobody has accepted: this end is no socket of ours yet. The other end is the shell's.
		assert_eq!(connected(&HashSet::from([host.into()])).expect("Linux tells"), HashSet::new());
		drop(shell.stdin.take());
		shell.wait().expect("it ends when its input ends");
	}
}
