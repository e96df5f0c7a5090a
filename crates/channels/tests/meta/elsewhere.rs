//! Servers that send us elsewhere: where a link, a redirect or Meta's own answer may lead this
//! computer, and what goes along. A trap listens on every address of this computer; whoever follows
//! one of these roads without looking falls into it.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use channels::meta::media::{MediaError, fetch, fetch_link};
use domain::inbound::MediaSource;
use serde_json::json;

use crate::server::{Server, reply, whatsapp};

/// Roads to the trap at `PORT`, or to what no trap can stand for.
const ROADS: [&str; 72] = [
    // This computer, in every spelling a parser takes.
    "http://127.0.0.1:PORT/latest/meta-data",
    "http://127.0.0.2:PORT/",
    "http://127.255.255.254:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://2130706433:PORT/",
    "http://017700000001:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://0x7f.1:PORT/",
    "http://0x7f.0x0.0x0.0x1:PORT/",
    "http://0x7f000001:PORT/",
    "http://0x7F.0.0.0x01:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://127。0。0。1:PORT/",
    "http://①②⑦.0.0.1:PORT/",
    "http://0:PORT/",
    "http://0.0.0.0:PORT/",
    "http://localhost:PORT/",
    "http://LOCALHOST:PORT/",
    "http://localhost.:PORT/",
    "http://[::1]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[::]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "https://127.0.0.1:PORT/",
    "https://localhost:PORT/",
    "https://[::1]:PORT/",
    "HTTP://127.0.0.1:PORT/",
    // Names and passwords, and hosts that only look like Meta's.
    "http://user@127.0.0.1:PORT/",
    "http://user:word@127.0.0.1:PORT/",
    "http://lookaside.fbsbx.com@127.0.0.1:PORT/",
    "http://lookaside.fbsbx.com:443@127.0.0.1:PORT/",
    "https://lookaside.fbsbx.com%40x@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT/https://lookaside.fbsbx.com/",
    "http://127.0.0.1:PORT?https://a.fbcdn.net/x",
    "http://127.0.0.1:PORT#https://a.fbcdn.net/x",
    "http://127.0.0.1:PORT\\@a.fbcdn.net/x",
    "http://lookaside.fbsbx.com:PORT/",
    "http://lookaside.fbsbx.com/",
    "https://lookaside.fbsbx.com:PORT/",
    "https://lookaside.fbsbx.com.evil.example/x",
    "https://evilfbcdn.net/x",
    "https://fbcdn.net/x",
    "https://graph.facebook.com/v25.0/me",
    // Ways of leaving a scheme or half an address out.
    "//127.0.0.1:PORT/x",
    "///127.0.0.1:PORT/x",
    "/\\127.0.0.1:PORT/x",
    "\\\\127.0.0.1:PORT\\x",
    "http:\\\\127.0.0.1:PORT\\x",
    "//user@127.0.0.1:PORT/",
    "ht\ttp://127.0.0.1:PORT/",
    "http:/\t/127.0.0.1:PORT/",
    // Networks around this computer, and services that tell secrets to whoever calls.
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "https://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[::ffff:a9fe:a9fe]/latest/meta-data/",
    "http://0xa9fea9fe/latest/meta-data/",
    "http://169.254.170.2/v2/credentials",
    "http://100.100.100.200/latest/meta-data/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://[fe80::1]/",
    // Not the web at all.
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "ftp://127.0.0.1:PORT/x",
    "gopher://127.0.0.1:PORT/_SET",
    "data:image/png;base64,AA",
    "javascript:alert(1)",
];

/// Listens everywhere on this computer and counts who comes.
struct Trap {
    port: u16,
    caught: Arc<AtomicUsize>,
}

impl Trap {
    fn set() -> Self {
        let everywhere = TcpListener::bind("[::]:0").or_else(|_| TcpListener::bind("0.0.0.0:0"));
        let listener = everywhere.unwrap();
        let port = listener.local_addr().unwrap().port();
        let caught = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&caught);
        std::thread::spawn(move || {
            for _ in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { port, caught }
    }

    /// How many came. Who comes now is the last in the row.
    fn caught(&self) -> usize {
        let mut last = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let _ = last.read(&mut [0]);
        self.caught.fetch_sub(1, Ordering::SeqCst) - 1
    }

    fn roads(&self) -> Vec<String> {
        let port = self.port.to_string();
        ROADS.map(|road| road.replace("PORT", &port)).to_vec()
    }
}

/// Sends whoever asks for `/n` along the n-th road, with each kind of redirect in turn.
async fn signpost(roads: Vec<String>) -> Server {
    Server::start(move |asked, _| {
        let number: usize = asked.path.trim_start_matches('/').parse().unwrap_or(0);
        away(&roads[number], number)
    })
    .await
}

fn away(to: &str, number: usize) -> Response {
    let kind = [301, 302, 303, 307, 308][number % 5];
    let to = HeaderValue::from_bytes(to.as_bytes()).unwrap();
    (StatusCode::from_u16(kind).unwrap(), [("location", to)]).into_response()
}

fn refused<T>(fetched: &Result<T, MediaError>) -> bool {
    matches!(
        fetched,
        Err(MediaError::NotAllowed | MediaError::Platform(channels::meta::Error::Unreadable))
    )
}

#[tokio::test]
async fn no_redirect_leads_inside_or_to_a_stranger() {
    let trap = Trap::set();
    let roads = trap.roads();
    let server = signpost(roads.clone()).await;
    let graph = server.graph();
    for (number, road) in roads.iter().enumerate() {
        let link = format!("http://{}/{number}", server.address);
        let fetched = fetch_link(&graph, &link, &mut Vec::new()).await;
        assert!(refused(&fetched), "{road}: {fetched:?}");
    }
    assert_eq!(server.asked().len(), ROADS.len());
    assert_eq!(trap.caught(), 0);
}

#[tokio::test]
async fn no_link_leads_inside_or_to_a_stranger() {
    let trap = Trap::set();
    let server = signpost(Vec::new()).await;
    let graph = server.graph();
    for road in trap.roads() {
        let fetched = fetch_link(&graph, &road, &mut Vec::new()).await;
        assert!(refused(&fetched), "{road}: {fetched:?}");
    }
    assert!(server.asked().is_empty());
    assert_eq!(trap.caught(), 0);
}

/// What answers for Meta names another place for a WhatsApp picture: at once, or by a redirect.
#[tokio::test]
async fn no_token_follows_where_meta_itself_seems_to_send_us() {
    let trap = Trap::set();
    let roads = trap.roads();
    let known = roads.clone();
    let server = Server::start(move |asked, _| {
        let host = asked.headers["host"].to_str().unwrap();
        let (place, number) = asked.path.rsplit_once('/').unwrap();
        let number: usize = number.parse().unwrap();
        let (number, at_once) = (number / 2, number.is_multiple_of(2));
        match (place, at_once) {
            ("/download", _) => away(&known[number], number),
            (_, true) => reply(200, &json!({"id": "9", "url": known[number]})),
            (_, false) => {
                let url = format!("http://{host}/download/{}", number * 2);
                reply(200, &json!({"id": "9", "url": url}))
            }
        }
    })
    .await;
    let (graph, token) = (server.graph(), server.token());
    for (number, road) in roads.iter().enumerate() {
        for id in [number * 2, number * 2 + 1] {
            let source = MediaSource::Id {
                id: id.to_string(),
                sha256: None,
            };
            let fetched = fetch(&graph, &whatsapp(), &token, &source, &mut Vec::new()).await;
            assert!(refused(&fetched), "{road}: {fetched:?}");
        }
    }
    let asked = server.asked();
    assert_eq!(asked.len(), 3 * ROADS.len());
    assert!(asked.iter().all(|one| !one.leaks()));
    assert_eq!(trap.caught(), 0);
}

/// The same roads and the same trap, with a client that follows whatever it is told.
#[tokio::test]
async fn control_a_client_that_follows_every_redirect_falls_into_the_trap() {
    let trap = Trap::set();
    let roads = trap.roads();
    let server = signpost(roads.clone()).await;
    // Builds a client of ours first, which chooses the ciphers for all.
    drop(server.graph());
    let client = reqwest::Client::builder().no_proxy();
    let client = client.timeout(Duration::from_secs(20)).build().unwrap();
    let mut caught = 0;
    for (number, road) in roads.iter().enumerate() {
        // Roads to other computers are not walked here.
        if road.contains(&trap.port.to_string()) && !road.contains("//lookaside.fbsbx.com:") {
            let before = trap.caught();
            let link = format!("http://{}/{number}", server.address);
            let _ = client.get(link).send().await;
            caught += usize::from(trap.caught() > before);
        }
    }
    assert!(caught >= 30, "only {caught}");
}
