//! Where the platform is. Meta's own hosts, unless somebody runs beside a sandbox.

use url::{Host, Url};

/// Meta's addresses. Paths are kept: `http://127.0.0.1:8790/graph` is as good as a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformUrls {
    /// The Graph API.
    pub graph: Url,
    /// The login dialog.
    pub facebook: Url,
    /// The Graph API for Instagram login.
    pub instagram: Url,
}

/// The names of Meta's own addresses, in the order of [`PlatformUrls`].
const META: [&str; 3] = [
    "https://graph.facebook.com",
    "https://www.facebook.com",
    "https://graph.instagram.com",
];

impl PlatformUrls {
    /// Meta's own addresses.
    pub fn meta() -> Self {
        let [graph, facebook, instagram] =
            META.map(|url| Url::parse(url).expect("Meta's addresses are well formed"));
        Self {
            graph,
            facebook,
            instagram,
        }
    }

    /// Whether any address is not Meta's own: the window then shows that this is a sandbox.
    pub fn is_sandbox(&self) -> bool {
        let meta = Self::meta();
        self.graph.origin() != meta.graph.origin()
            || self.facebook.origin() != meta.facebook.origin()
            || self.instagram.origin() != meta.instagram.origin()
    }

    /// Addresses on this computer, where a sandbox may serve pictures.
    pub(crate) fn loopback(&self) -> impl Iterator<Item = &Url> {
        [&self.graph, &self.facebook, &self.instagram]
            .into_iter()
            .filter(|url| is_loopback(url))
    }
}

/// Whether an address can only mean this computer.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// `path` below `base`; each segment is encoded, so that an id can never leave its place.
pub(crate) fn below(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url.set_query(None);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_place() {
        let base: Url = "http://127.0.0.1:8790/graph/".parse().unwrap();
        let url = below(&base, &["v25.0", "../../evil?x=1#y", "messages"]);
        assert_eq!(
            url.as_str(),
            "http://127.0.0.1:8790/graph/v25.0/..%2F..%2Fevil%3Fx=1%23y/messages"
        );
    }

    #[test]
    fn only_metas_own_addresses_are_not_a_sandbox() {
        let mut urls = PlatformUrls::meta();
        assert!(!urls.is_sandbox());
        assert_eq!(urls.loopback().count(), 0);
        urls.facebook = "http://127.0.0.1:1/facebook".parse().unwrap();
        assert!(urls.is_sandbox());
        assert_eq!(urls.loopback().count(), 1);
    }

    #[test]
    fn loopback_is_this_computer_and_nothing_that_looks_like_it() {
        for (url, yes) in [
            ("http://127.0.0.1:1/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]:1/", true),
            ("http://localhost/", true),
            ("http://localhost.evil.example/", false),
            ("http://0.0.0.0/", false),
            ("http://169.254.169.254/", false),
            ("http://127.0.0.1.evil.example/", false),
        ] {
            assert_eq!(is_loopback(&url.parse().unwrap()), yes, "{url}");
        }
    }
}
