//! The HTTP clients, and which hosts pictures may come from. A link in a message is an order to
//! this computer to call somebody, so only Meta's media hosts are called, only over https, only at
//! public addresses. A sandbox on this computer is the one exception.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, ClientBuilder, redirect};
use url::{Host, Url};

use super::graph::Pace;
use super::urls::PlatformUrls;

const USER_AGENT: &str = concat!("Shopbell/", env!("CARGO_PKG_VERSION"));

/// How long a connection is kept without use.
const IDLE: Duration = Duration::from_secs(15);

/// A client for the Graph API.
pub(super) fn client(urls: &PlatformUrls, pace: Pace) -> ClientBuilder {
    // The same choice as everywhere in this program; a second call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(pace.connect)
        // A connection that Meta is about to close as idle would leave a message unconfirmed.
        .pool_idle_timeout(IDLE)
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never());
    // A proxy cannot reach this computer's own loopback.
    if urls.loopback().next().is_some() {
        client.no_proxy()
    } else {
        client
    }
}

/// A client for media, which never connects to an address inside a private network.
pub(super) fn media_client(urls: &PlatformUrls, pace: Pace) -> ClientBuilder {
    client(urls, pace)
        .read_timeout(pace.read)
        .dns_resolver(Arc::new(PublicAddresses { look_up }))
}

/// Whether media may be fetched from `url`.
pub fn may_fetch(urls: &PlatformUrls, url: &Url) -> bool {
    if !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    if urls.loopback().any(|own| own.origin() == url.origin()) {
        return true;
    }
    let Some(Host::Domain(host)) = url.host() else {
        return false;
    };
    url.scheme() == "https"
        && url.port_or_known_default() == Some(443)
        && (host == "lookaside.fbsbx.com"
            || host.ends_with(".fbcdn.net")
            || host.ends_with(".cdninstagram.com"))
}

/// Looks names up and leaves out every address that is not public, so that a name that suddenly
/// points into the shop's own network is as good as unknown.
#[derive(Debug)]
struct PublicAddresses {
    look_up: LookUp,
}

/// Who says where a name points: the system, but in tests.
type LookUp = fn(&str) -> Looked;
type Looked = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

fn look_up(name: &str) -> Looked {
    let name = name.to_owned();
    Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
}

impl Resolve for PublicAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        let found = (self.look_up)(&name);
        Box::pin(async move {
            let usable = usable(&name, found.await?.into_iter());
            if usable.is_empty() {
                return Err("no public address".into());
            }
            Ok(Box::new(usable.into_iter()) as Addrs)
        })
    }
}

/// The addresses of a name that may be called. `localhost` may mean a sandbox; whether it does,
/// [`may_fetch`] has decided.
fn usable(name: &str, addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    addresses
        .filter(|address| name == "localhost" || is_public(address.ip()))
        .collect()
}

/// Whether an address is on the open internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public_v4(v4),
            None => is_public_v6(v6),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmark = a == 198 && (b == 18 || b == 19);
    let protocol = (a, b, c) == (192, 0, 0) || (a, b, c) == (192, 88, 99);
    let reserved = a == 0 || a >= 224;
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || shared
        || benchmark
        || protocol
        || reserved)
}

/// Global unicast is `2000::/3`; the tunnels in it, which hide an IPv4 address, do not count.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let global = (0x2000..0x4000).contains(&first);
    let documentation = first == 0x2001 && second == 0x0db8 || first == 0x3fff;
    let tunnel = first == 0x2002 || first == 0x2001 && second == 0;
    global && !documentation && !tunnel
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINKS: [(&str, bool); 68] = [
        ("https://scontent.xx.fbcdn.net/v/a.jpg?oh=1", true),
        ("https://scontent-fra3-1.cdninstagram.com/v/a.jpg", true),
        (
            "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1",
            true,
        ),
        ("https://LOOKASIDE.fbsbx.com./x", false),
        ("https://lookaside.fbsbx.com:443/x", true),
        ("https://lookaside.fbsbx.com:8443/x", false),
        ("http://lookaside.fbsbx.com/x", false),
        ("https://user@lookaside.fbsbx.com/x", false),
        ("https://lookaside.fbsbx.com@evil.example/x", false),
        ("https://evil.lookaside.fbsbx.com/x", false),
        ("https://fbcdn.net/x", false),
        ("https://evilfbcdn.net/x", false),
        ("https://a.fbcdn.net.evil.example/x", false),
        ("https://cdninstagram.com/x", false),
        ("https://graph.facebook.com/v25.0/me", false),
        ("https://example.com/a.jpg", false),
        ("https://169.254.169.254/latest", false),
        ("https://[::1]/x", false),
        ("https://0x7f.1/x", false),
        ("http://127.0.0.1:8790/graph/media/1", false),
        ("file:///etc/passwd", false),
        ("data:image/png;base64,AA", false),
        ("ftp://a.fbcdn.net/x", false),
        // This computer and the networks around it, in every spelling a parser takes.
        ("https://127.0.0.1/x", false),
        ("https://127.1/x", false),
        ("https://2130706433/x", false),
        ("https://0177.0.0.1/x", false),
        ("https://0x7f000001/x", false),
        ("https://0/x", false),
        ("https://localhost/x", false),
        ("https://localhost.:443/x", false),
        ("https://169.254.169.254:443/latest/meta-data/", false),
        ("https://169.254.170.2/v2/credentials", false),
        (
            "https://metadata.google.internal/computeMetadata/v1/",
            false,
        ),
        ("https://100.100.100.200/latest/meta-data", false),
        ("https://10.0.0.1/x", false),
        ("https://172.16.0.1/x", false),
        ("https://192.168.1.1/x", false),
        ("https://[::]/x", false),
        ("https://[::ffff:127.0.0.1]/x", false),
        ("https://[::ffff:7f00:1]/x", false),
        ("https://[fe80::1]/x", false),
        ("https://[fd00:ec2::254]/x", false),
        ("https://[64:ff9b::7f00:1]/x", false),
        ("https://printer.local/x", false),
        // Hosts that only look like Meta's.
        ("https://lookaside.fbsbx.com.evil.example/x", false),
        ("https://lookaside.fbsbx.com%2eevil.example/x", false),
        ("https://evil.example/lookaside.fbsbx.com", false),
        ("https://evil.example?lookaside.fbsbx.com", false),
        ("https://evil.example#lookaside.fbsbx.com", false),
        ("https://evil.example\\@lookaside.fbsbx.com/x", false),
        ("https://lookaside.fbsbx.com\\@evil.example/x", true),
        ("https://a.fbcdn.net:pw@evil.example/x", false),
        ("https://:pw@a.fbcdn.net/x", false),
        ("https://a.fbcdn.net:80/x", false),
        ("https://a.fbcdn.net./x", false),
        ("https://a.fbcdn.network/x", false),
        ("https://a-fbcdn.net/x", false),
        ("https://xn--e1afmkfd.net/x", false),
        ("https://a.fbcdn.nеt/x", false),
        ("https://fbsbx.com/x", false),
        ("https://lookaside.facebook.com/x", false),
        ("https://127.0.0.1.nip.io/x", false),
        ("ws://a.fbcdn.net/x", false),
        ("gopher://a.fbcdn.net/x", false),
        ("blob:https://a.fbcdn.net/x", false),
        ("javascript:alert(1)", false),
        ("mailto:a@fbcdn.net", false),
    ];

    /// The links of the table that a rule gets wrong.
    fn wrong(rule: impl Fn(&Url) -> bool) -> Vec<&'static str> {
        let links = LINKS
            .iter()
            .filter(|(url, yes)| rule(&url.parse().unwrap()) != *yes);
        links.map(|(url, _)| *url).collect()
    }

    #[test]
    fn pictures_come_from_metas_media_hosts_alone() {
        let urls = PlatformUrls::meta();
        assert_eq!(wrong(|url| may_fetch(&urls, url)), Vec::<&str>::new());
    }

    #[test]
    fn the_table_notices_the_usual_mistakes() {
        let ends = |url: &Url| {
            url.host_str()
                .is_some_and(|host| host.ends_with("fbcdn.net"))
        };
        assert!(wrong(ends).contains(&"https://evilfbcdn.net/x"));
        let holds = |url: &Url| url.as_str().contains("lookaside.fbsbx.com");
        assert!(wrong(holds).contains(&"https://lookaside.fbsbx.com@evil.example/x"));
    }

    #[test]
    fn a_sandbox_on_this_computer_may_serve_pictures_at_its_own_port() {
        let mut urls = PlatformUrls::meta();
        urls.graph = "http://127.0.0.1:8790/graph".parse().unwrap();
        for (url, yes) in [
            ("http://127.0.0.1:8790/media/1", true),
            ("http://127.0.0.1:8791/media/1", false),
            ("http://localhost:8790/media/1", false),
            ("https://scontent.xx.fbcdn.net/a.jpg", true),
        ] {
            assert_eq!(may_fetch(&urls, &url.parse().unwrap()), yes, "{url}");
        }
        urls.graph = "http://192.168.1.5:8790/graph".parse().unwrap();
        assert!(!may_fetch(
            &urls,
            &"http://192.168.1.5:8790/media/1".parse().unwrap()
        ));
    }

    #[test]
    fn an_address_inside_is_not_public() {
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2001:0:1::",
            "64:ff9b::7f00:1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in [
            "31.13.92.36",
            "157.240.1.1",
            "2a03:2880:f12d:83:face:b00c:0:25de",
        ] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    /// A name of the picture network that points to this computer, at the port in front of it.
    fn pointed_inside(name: &str) -> Looked {
        let port = name.split('.').next().and_then(|port| port.parse().ok());
        let inside = ["127.0.0.1", "::1", "::ffff:127.0.0.1"]
            .map(|address| SocketAddr::new(address.parse().unwrap(), port.unwrap_or(0)));
        Box::pin(async move { Ok(inside.to_vec()) })
    }

    /// The same without looking at where it points.
    #[derive(Debug)]
    struct Careless;

    impl Resolve for Careless {
        fn resolve(&self, name: Name) -> Resolving {
            let found = pointed_inside(name.as_str());
            Box::pin(async move { Ok(Box::new(found.await?.into_iter()) as Addrs) })
        }
    }

    #[tokio::test]
    async fn a_name_of_metas_that_points_inside_is_not_called() {
        let trap = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        trap.set_nonblocking(true).unwrap();
        let link = format!(
            "https://{}.fbcdn.net/a.jpg",
            trap.local_addr().unwrap().port()
        );
        let urls = PlatformUrls::meta();
        assert!(may_fetch(&urls, &link.parse().unwrap()));
        let pace = Pace {
            read: Duration::from_millis(300),
            ..Pace::default()
        };
        let client = || media_client(&urls, pace).no_proxy();
        let look_up: LookUp = pointed_inside;
        let careful = client().dns_resolver(Arc::new(PublicAddresses { look_up }));
        let called = careful.build().unwrap().get(&link).send().await;
        assert!(called.unwrap_err().is_connect());
        assert!(trap.accept().is_err(), "somebody came");
        let careless = client().dns_resolver(Arc::new(Careless));
        assert!(careless.build().unwrap().get(&link).send().await.is_err());
        assert!(trap.accept().is_ok(), "control: nobody came");
    }

    #[test]
    fn a_name_that_points_inside_is_unknown() {
        let addresses: Vec<SocketAddr> = ["10.0.0.1:0", "31.13.92.36:0", "[::1]:0"]
            .map(|text| text.parse().unwrap())
            .to_vec();
        let of = |name| usable(name, addresses.iter().copied());
        assert_eq!(of("scontent.xx.fbcdn.net"), addresses[1..2]);
        assert_eq!(of("localhost"), addresses);
    }
}
