//! How often one client may ask, and which requests came before.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Mutex;

use axum::http::HeaderMap;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ipnet::IpNet;
use wire::auth::MAX_SKEW;
use wire::{DeviceId, Nonce};

use crate::config::Rates;

/// Counters per client. What is remembered of an address is gone a minute after it was last seen.
#[derive(Debug)]
pub(crate) struct Limits {
    enrol: DefaultKeyedRateLimiter<IpAddr>,
    pages: DefaultKeyedRateLimiter<IpAddr>,
    returns: DefaultKeyedRateLimiter<IpAddr>,
    devices: DefaultKeyedRateLimiter<DeviceId>,
    callbacks: DefaultKeyedRateLimiter<()>,
    nonces: Nonces,
}

impl Limits {
    pub(crate) fn new(rates: Rates) -> Self {
        Self {
            enrol: per_minute(rates.enrol),
            pages: per_minute(rates.pages),
            returns: per_minute(rates.pages),
            devices: per_minute(rates.device),
            callbacks: per_minute(rates.callbacks),
            nonces: Nonces::default(),
        }
    }

    pub(crate) fn may_enrol(&self, client: IpAddr) -> bool {
        self.enrol.check_key(&client).is_ok()
    }

    pub(crate) fn may_read_page(&self, client: IpAddr) -> bool {
        self.pages.check_key(&client).is_ok()
    }

    /// Whether a browser from there may come back from a login.
    pub(crate) fn may_return(&self, client: IpAddr) -> bool {
        self.returns.check_key(&client).is_ok()
    }

    pub(crate) fn may_ask(&self, device: DeviceId) -> bool {
        self.devices.check_key(&device).is_ok()
    }

    pub(crate) fn may_call_back(&self) -> bool {
        self.callbacks.check_key(&()).is_ok()
    }

    /// Whether a signed request is new; remembers it if so.
    pub(crate) fn is_new(&self, device: DeviceId, nonce: Nonce, now: i64) -> bool {
        self.nonces.is_new((device, nonce), now)
    }

    /// Forgets clients that were quiet for a while.
    pub(crate) fn forget(&self, now: i64) {
        self.enrol.retain_recent();
        self.pages.retain_recent();
        self.returns.retain_recent();
        self.devices.retain_recent();
        self.nonces.forget(now);
    }
}

fn per_minute<K: Hash + Eq + Clone>(times: u32) -> DefaultKeyedRateLimiter<K> {
    let times = NonZeroU32::new(times).unwrap_or(NonZeroU32::MIN);
    RateLimiter::keyed(Quota::per_minute(times))
}

/// Requests that came within the time a signature is good.
#[derive(Debug, Default)]
struct Nonces(Mutex<HashMap<(DeviceId, Nonce), i64>>);

impl Nonces {
    fn is_new(&self, name: (DeviceId, Nonce), now: i64) -> bool {
        let mut seen = self
            .0
            .lock()
            .expect("nobody panics while holding the nonces");
        seen.insert(name, now).is_none()
    }

    fn forget(&self, now: i64) {
        let mut seen = self
            .0
            .lock()
            .expect("nobody panics while holding the nonces");
        seen.retain(|_, at| now - *at <= 2 * MAX_SKEW + 60_000);
    }
}

/// The address a request came from: the peer's, or what a trusted proxy says of it. An IPv6 client
/// counts by its network, since it has as many addresses as it likes. A listener on both families
/// names an IPv4 peer as an IPv6 address; it is the same proxy, and the same client.
pub(crate) fn client_of(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.ip().to_canonical();
    if is_trusted(&client) {
        let hops = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok());
        let hops: Vec<IpAddr> = hops
            .flat_map(|value| value.split(','))
            .filter_map(|hop| hop.trim().parse::<IpAddr>().ok())
            .map(|hop| hop.to_canonical())
            .collect();
        client = hops
            .into_iter()
            .rev()
            .find(|hop| !is_trusted(hop))
            .unwrap_or(client);
    }
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|one| one.parse().unwrap()).collect();
        let peer = SocketAddr::new(peer.parse().unwrap(), 1);
        client_of(peer, &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(client("192.0.2.1", &["198.51.100.9"], &[]), "192.0.2.1");
        assert_eq!(
            client("10.0.0.1", &["198.51.100.9"], &["10.0.0.0/8"]),
            "198.51.100.9"
        );
        let spoofed = ["203.0.113.5, 198.51.100.9, 10.0.0.2"];
        assert_eq!(
            client("10.0.0.1", &spoofed, &["10.0.0.0/8"]),
            "198.51.100.9"
        );
        assert_eq!(
            client("10.0.0.1", &["nonsense"], &["10.0.0.0/8"]),
            "10.0.0.1"
        );
    }

    #[test]
    fn a_trusted_proxy_is_known_in_either_family() {
        let proxies = &["10.0.0.0/8"];
        let behind = client("::ffff:10.0.0.1", &["198.51.100.9"], proxies);
        assert_eq!(behind, "198.51.100.9");
        let two = ["198.51.100.9, ::ffff:10.0.0.2"];
        assert_eq!(client("10.0.0.1", &two, proxies), "198.51.100.9");
    }

    #[test]
    fn an_ipv6_client_counts_by_its_network() {
        assert_eq!(client("2001:db8:1:2:3:4:5:6", &[], &[]), "2001:db8:1:2::");
        assert_eq!(client("::ffff:192.0.2.1", &[], &[]), "192.0.2.1");
    }

    #[test]
    fn a_request_is_new_once() {
        let limits = Limits::new(Rates::default());
        let (device, nonce) = (DeviceId::from_bytes([1; 16]), Nonce::from_bytes([2; 16]));
        assert!(limits.is_new(device, nonce, 0));
        assert!(!limits.is_new(device, nonce, 1));
        limits.forget(2 * MAX_SKEW);
        assert!(!limits.is_new(device, nonce, 2));
        limits.forget(10 * MAX_SKEW);
        assert!(
            limits.is_new(device, nonce, 3),
            "its signature is no longer good by now"
        );
    }

    #[test]
    fn who_asks_too_often_has_to_wait() {
        let limits = Limits::new(Rates {
            enrol: 3,
            ..Rates::default()
        });
        let client = IpAddr::from([192, 0, 2, 1]);
        let asked: Vec<_> = (0..4).map(|_| limits.may_enrol(client)).collect();
        assert_eq!(asked, [true, true, true, false]);
        assert!(limits.may_enrol(IpAddr::from([192, 0, 2, 2])));
    }
}
