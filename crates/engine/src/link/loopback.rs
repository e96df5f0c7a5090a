//! Waits on this computer for the browser to come back from a login. It takes one answer, shows one
//! page and is gone; what came is a one-time code that is worthless without this device's keys.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;
use wire::api::{LoginFailure, loopback};

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
}

impl Loopback {
    /// Takes a free port of this computer's own address.
    pub(crate) async fn open() -> std::io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?,
        })
    }

    pub(crate) fn port(&self) -> std::io::Result<u16> {
        Ok(self.listener.local_addr()?.port())
    }

    /// Waits until somebody brings a code or a failure; whatever else asks is sent away.
    pub(crate) async fn wait(self) -> std::io::Result<CameBack> {
        loop {
            let (mut visitor, _) = self.listener.accept().await?;
            let answer = tokio::time::timeout(PATIENCE, hear(&mut visitor)).await;
            if let Ok(Ok(Some(came_back))) = answer {
                return Ok(came_back);
            }
        }
    }
}

/// Reads one request and answers it.
async fn hear(visitor: &mut TcpStream) -> std::io::Result<Option<CameBack>> {
    let mut request = Vec::new();
    let mut part = [0; 1_024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = visitor.read(&mut part).await?;
        if read == 0 || request.len() + read > MOST_REQUEST {
            return Ok(None);
        }
        request.extend(part.iter().take(read));
    }
    let came_back = read_request(&request);
    let page = match &came_back {
        Some(CameBack::Code(_)) => page("200 OK", "You are connected. Go back to Shopbell."),
        Some(CameBack::Failed(_)) => page("200 OK", "Nothing was connected. Go back to Shopbell."),
        None => page("404 Not Found", "There is nothing here."),
    };
    visitor.write_all(page.as_bytes()).await?;
    visitor.shutdown().await?;
    Ok(came_back)
}

fn page(status: &str, sentence: &str) -> String {
    let body = format!(
        "<!doctype html><meta charset=utf-8><title>Shopbell</title>\
         <body style=\"font:1rem system-ui;margin:4rem\"><p>{sentence}</p></body>\n"
    );
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n\
         X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\
         Cache-Control: no-store\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// What a request line brings. Only a plain GET of our path with exactly one code or failure does.
pub(crate) fn read_request(request: &[u8]) -> Option<CameBack> {
    let line = request.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (Some("GET"), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return None;
    };
    let url = Url::parse("http://127.0.0.1").ok()?.join(target).ok()?;
    if url.path() != loopback::PATH || url.host_str() != Some("127.0.0.1") {
        return None;
    }
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
        let loopback = Loopback::open().await.unwrap();
        let port = loopback.port().unwrap();
        let visits = async {
            assert!(
                ask(port, "GET /favicon.ico HTTP/1.1\r\n\r\n")
                    .await
                    .starts_with("HTTP/1.1 404")
            );
            assert!(
                ask(port, "GET /h?c=one HTTP/1.1\r\n\r\n")
                    .await
                    .starts_with("HTTP/1.1 200")
            );
        };
        let (came_back, ()) = tokio::join!(loopback.wait(), visits);
        assert_eq!(came_back.unwrap(), CameBack::Code("one".to_owned()));
    }
}
