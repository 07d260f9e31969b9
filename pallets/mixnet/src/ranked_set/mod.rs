//! Sorted sets of candidates: the elected of the next session, and the standbys.
//!
//! A set is a list of **pages** of at most [`PAGE_CAPACITY`] entries, sorted within and across pages. A **directory**
//! has the first key and the size of every page. To find, add or remove an entry takes the directory and one page, or
//! two if a page is split or two are joined. So the cost hardly depends on the size of the set, and no single storage
//! value holds it all. The worst entry is the last one of the last page.
//!
//! Two neighbouring pages are joined if they fit in half a page together. So any two neighbours use more than half a
//! page, which bounds the directory: [`max_pages`].
//!
//! To empty a set, its directory is removed. Its pages stay behind, unreachable. New pages take the lowest number that
//! is free, and overwrite them.
//!
//! - `pages`: how a set is stored.
//! - `set`: what can be done with it.

mod pages;
mod set;

pub use pages::*;
pub(crate) use set::RankedSet;
