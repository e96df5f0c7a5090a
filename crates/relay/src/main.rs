//! `shopbell-relay`.

fn main() {}
