//! Waits on this computer for the browser to come back from a login. It takes one answer, shows one
//! page and is gone; what came is a one-time code that is worthless without this device's keys.
//! What the page says is known only when the relay has said whose code it is.

mod page;

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;
use wire::api::{LoginFailure, loopback};

use crate::settings::Language;

pub(crate) use page::Said;
use page::Tongue;

/// The longest request that is read.
const MOST_REQUEST: usize = 8 * 1024;
/// How long one visitor may take to ask.
const PATIENCE: Duration = Duration::from_secs(5);

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CameBack {
    /// The one-time code.
    Code(String),
    /// Why there is none.
    Failed(LoginFailure),
}

/// A place on this computer a browser can come back to.
#[derive(Debug)]
pub(crate) struct Loopback {
    listener: TcpListener,
    language: Language,
}

/// The browser that came back, until it is shown its page.
#[derive(Debug)]
pub(crate) struct Guest {
    stream: TcpStream,
    tongue: Tongue,
}

impl Guest {
    /// Shows the page. A browser that has gone meanwhile misses it, and nothing else.
    pub(crate) async fn show(self, said: Said) {
        let Self { mut stream, tongue } = self;
        let showing = async {
            stream.write_all(tongue.answer(said).as_bytes()).await?;
            stream.shutdown().await
        };
        let shown = tokio::time::timeout(PATIENCE, showing).await;
        if !matches!(shown, Ok(Ok(()))) {
            tracing::debug!("the browser did not wait for its page");
        }
    }
}

impl Loopback {
    /// Takes a free port of this computer's own address. Its page is in this language.
    pub(crate) async fn open(language: Language) -> std::io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?,
            language,
        })
    }

    pub(crate) fn port(&self) -> std::io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// Waits until somebody brings a code or a failure; whatever else asks is sent away. Who brought
    /// it waits for a page.
    pub(crate) async fn wait(self) -> std::io::Result<(CameBack, Guest)> {
        loop {
            let (mut stream, _) = self.listener.accept().await?;
            let request = tokio::time::timeout(PATIENCE, hear(&mut stream)).await;
            let Ok(Ok(Some(request))) = request else {
                continue;
            };
            let tongue = Tongue::of(self.language, &request);
            let guest = Guest { stream, tongue };
            match read_request(&request) {
                Some(came_back) => return Ok((came_back, guest)),
                None if is_our_path(&request) => guest.show(Said::NotKnown).await,
                None => guest.show(Said::NothingHere).await,
            }
        }
    }
}

/// Reads one request; `None` if it is cut off or too long.
async fn hear(visitor: &mut TcpStream) -> std::io::Result<Option<Vec<u8>>> {
    let mut request = Vec::new();
    let mut part = [0; 1_024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = visitor.read(&mut part).await?;
        if read == 0 || request.len() + read > MOST_REQUEST {
            return Ok(None);
        }
        request.extend(part.iter().take(read));
    }
    Ok(Some(request))
}

/// What a request line brings. Only a plain GET of our path with exactly one code or failure does.
pub(crate) fn read_request(request: &[u8]) -> Option<CameBack> {
    let url = our_address(request)?;
    let values = |name: &str| {
        let found = url
            .query_pairs()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value);
        found.map(std::borrow::Cow::into_owned).collect::<Vec<_>>()
    };
    match (
        values(loopback::CODE).as_slice(),
        values(loopback::FAILURE).as_slice(),
    ) {
        ([code], []) if !code.is_empty() && code.len() <= 256 => Some(CameBack::Code(code.clone())),
        ([], [failure]) => Some(CameBack::Failed(LoginFailure::from_name(failure))),
        _ => None,
    }
}

/// Whether it came to where logins come back, with whatever it brought.
fn is_our_path(request: &[u8]) -> bool {
    our_address(request).is_some()
}

/// What a plain GET of our path asks for.
fn our_address(request: &[u8]) -> Option<Url> {
    let line = request.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (Some("GET"), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return None;
    };
    let url = Url::parse("http://127.0.0.1").ok()?.join(target).ok()?;
    let ours = url.path() == loopback::PATH && url.host_str() == Some("127.0.0.1");
    ours.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_return_counts() {
        let read = |line: &str| read_request(format!("{line}\r\nHost: x\r\n\r\n").as_bytes());
        let code = Some(CameBack::Code("abc".to_owned()));
        assert_eq!(read("GET /h?c=abc HTTP/1.1"), code);
        assert_eq!(read("GET /h?c=abc&x=1 HTTP/1.1"), code);
        let cancelled = Some(CameBack::Failed(LoginFailure::Cancelled));
        assert_eq!(read("GET /h?e=cancelled HTTP/1.1"), cancelled);
        for line in [
            "GET / HTTP/1.1",
            "GET /h HTTP/1.1",
            "GET /h?c= HTTP/1.1",
            "GET /h?c=abc&c=def HTTP/1.1",
            "GET /h?c=abc&e=cancelled HTTP/1.1",
            "POST /h?c=abc HTTP/1.1",
            "GET http://evil.example/h?c=abc HTTP/1.1",
            "GET //evil.example/h?c=abc HTTP/1.1",
            "GET /x/h?c=abc HTTP/1.1",
            "GET /h?c=abc",
            "",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    async fn ask(port: u16, text: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn whoever_brings_nothing_does_not_end_the_waiting() {
        let loopback = Loopback::open(Language::System).await.unwrap();
        let port = loopback.port().unwrap();
        let visits = async {
            let icon = ask(port, "GET /favicon.ico HTTP/1.1\r\n\r\n").await;
            assert!(icon.starts_with("HTTP/1.1 404"), "{icon}");
            let two = ask(port, "GET /h?c=one&c=two HTTP/1.1\r\n\r\n").await;
            assert!(two.contains("This sign-in is not known"), "{two}");
            let arabic = "GET /h?c=one HTTP/1.1\r\nAccept-Language: ar\r\n\r\n";
            let one = ask(port, arabic).await;
            assert!(one.starts_with("HTTP/1.1 200"), "{one}");
            assert!(one.contains("<html lang=\"ar\" dir=\"rtl\">"), "{one}");
        };
        let waiting = async {
            let (came_back, guest) = loopback.wait().await.unwrap();
            guest.show(Said::GoOn).await;
            came_back
        };
        let (came_back, ()) = tokio::join!(waiting, visits);
        assert_eq!(came_back, CameBack::Code("one".to_owned()));
    }
}
