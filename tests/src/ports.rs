//! Ports for programs that are told theirs before they listen.
//!
//! A port the system gave and took back is soon given to somebody else, a connection of another test
//! perhaps. These lie below the range it gives from.

use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;

use anyhow::{Context, Result};

/// Where the ports begin; the systems we test on give from 32,768 or higher.
const FIRST: u16 = 20_000;
const MANY: u16 = 12_000;

/// A port nobody listens on.
pub fn free() -> Result<u16> {
    let chance = RandomState::new();
    (0..100_u16)
        .map(|turn| {
            let place = chance.hash_one(turn) % u64::from(MANY);
            FIRST + u16::try_from(place).unwrap_or_default()
        })
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .context("no port is free")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_not_given() {
        let held: Vec<_> = (0..50)
            .map(|_| TcpListener::bind(("127.0.0.1", free().unwrap())).unwrap())
            .collect();
        let mut ports: Vec<u16> = held
            .iter()
            .map(|listener| listener.local_addr().unwrap().port())
            .collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 50);
        assert!(
            ports
                .iter()
                .all(|port| (FIRST..FIRST + MANY).contains(port))
        );
    }
}
