//! Whole mix networks of [`mixnet_node_core`] in one process: tests of what many nodes do together are in `tests/`.
