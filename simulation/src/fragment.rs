//! Fragments with any fields, for tests and fuzz targets that send what no honest node does.

use mixnet_node_core::sphinx::{PayloadData, SURB_SIZE};

/// Writes a fragment's fields (PROTOCOL.md, section 6) over the start of `fragment`, whether or not they make sense.
pub fn with_fields(
	mut fragment: PayloadData,
	id: [u8; 16],
	last_index: u16,
	index: u16,
	data_size: u16,
	surbs: u8,
) -> PayloadData {
	fragment[..16].copy_from_slice(&id);
	fragment[16..18].copy_from_slice(&last_index.to_le_bytes());
	fragment[18..20].copy_from_slice(&index.to_le_bytes());
	fragment[20..22].copy_from_slice(&data_size.to_le_bytes());
	fragment[22] = surbs;
	fragment
}

/// A whole message in one fragment: `data_size` bytes of `fill`, and these SURBs.
pub fn whole(id: [u8; 16], data_size: u16, fill: u8, surbs: &[[u8; SURB_SIZE]]) -> PayloadData {
	let mut fragment = with_fields([fill; size_of::<PayloadData>()], id, 0, 0, data_size, surbs.len() as u8);
	for (place, surb) in fragment.rchunks_exact_mut(SURB_SIZE).zip(surbs) {
		place.copy_from_slice(surb);
	}
	fragment
}
