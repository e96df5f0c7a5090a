//! Media hosts that lie about sizes, never end, or unpack to more than they send: nothing of it fills
//! the memory or the disk, and nothing half is taken for whole.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::response::IntoResponse;
use channels::meta::media::{Fetched, MEDIA_LIMIT, MediaError, fetch_link};
use channels::meta::{Graph, Pace, PlatformUrls};
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::server::{Server, graph, quick};

/// A host that answers with these bytes, whatever is asked, and then closes or says no more.
async fn host(answer: Vec<u8>, closes: bool) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                asked.push(stream.read_u8().await.unwrap());
            }
            let _ = stream.write_all(&answer).await;
            if !closes {
                std::future::pending::<()>().await;
            }
        }
    });
    (address, tasks)
}

async fn fetched(answer: &[u8], closes: bool) -> (Result<Fetched, MediaError>, Vec<u8>) {
    let (address, _tasks) = host(answer.to_vec(), closes).await;
    let mut urls = PlatformUrls::meta();
    urls.graph = format!("http://{address}/").parse().unwrap();
    let patience = Pace {
        read: Duration::from_millis(if closes { 20_000 } else { 300 }),
        ..quick()
    };
    let graph = Graph::with_pace(urls, patience).unwrap();
    let mut sink = Vec::new();
    let fetched = fetch_link(&graph, &format!("http://{address}/a"), &mut sink).await;
    (fetched, sink)
}

#[tokio::test]
async fn a_size_that_lies_makes_no_half_picture_whole() {
    const OK: &str = "HTTP/1.1 200 OK\r\n";
    let long_line = format!("x: {}\r\n\r\n", "y".repeat(2_000_000));
    let many_lines = "x: y\r\n".repeat(20_000) + "\r\n";
    for (rest, closes) in [
        // Less than was announced, and then nothing or silence.
        ("content-length: 10\r\n\r\nhalf", true),
        ("content-length: 10\r\n\r\nhalf", false),
        ("transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", true),
        ("transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", false),
        ("transfer-encoding: chunked\r\n\r\nA\r\nhalf", true),
        (
            "transfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nhalf",
            true,
        ),
        (
            "transfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nhalf",
            true,
        ),
        ("transfer-encoding: chunked\r\n\r\n-1\r\nhalf", true),
        ("transfer-encoding: chunked\r\n\r\nzz\r\nhalf", true),
        // Sizes that are none, or two at once.
        ("content-length: 4\r\ncontent-length: 9\r\n\r\nhalf", true),
        ("content-length: -1\r\n\r\nhalf", true),
        ("content-length: 0x4\r\n\r\nhalf", true),
        ("content-length: 18446744073709551616\r\n\r\nhalf", true),
        ("content-length: 18446744073709551615\r\n\r\nhalf", true),
        ("content-length: 104857601\r\n\r\nhalf", false),
        // Heads without end, and none at all.
        (&long_line, true),
        (&many_lines, true),
        ("x: y\r\n", false),
        ("", true),
    ] {
        let (fetched, sink) = fetched(format!("{OK}{rest}").as_bytes(), closes).await;
        let shown: String = rest.chars().take(60).collect();
        assert!(fetched.is_err(), "{shown}: {fetched:?}");
        assert!(sink.len() <= 4, "{shown}");
    }
}

#[tokio::test]
async fn control_the_same_host_is_believed_when_it_is_honest() {
    for rest in [
        "content-length: 5\r\n\r\nwhole",
        "content-length: 5\r\n\r\nwhole and more than was announced",
        "transfer-encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n",
        "connection: close\r\n\r\nwhole",
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{rest}");
        let (fetched, sink) = fetched(answer.as_bytes(), true).await;
        assert_eq!(fetched.unwrap().bytes, 5, "{rest}");
        assert_eq!(sink, b"whole");
    }
}

/// Counts what it is given and keeps nothing.
struct Drain(u64);

impl Write for Drain {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_file_without_end_is_cut_at_the_limit() {
    let server = Server::start(|_, _| {
        let piece = axum::body::Bytes::from(vec![7_u8; 256 * 1024]);
        let pieces = futures_util::stream::repeat(piece).map(Ok::<_, std::io::Error>);
        Body::from_stream(pieces).into_response()
    })
    .await;
    let mut drain = Drain(0);
    let link = format!("http://{}/a", server.address);
    let fetched = fetch_link(&graph(server.origin()), &link, &mut drain).await;
    assert!(matches!(fetched, Err(MediaError::TooLarge)), "{fetched:?}");
    assert!(drain.0 <= MEDIA_LIMIT, "{}", drain.0);
    assert!(
        drain.0 > MEDIA_LIMIT / 2,
        "control: it was given much: {}",
        drain.0
    );
}

#[tokio::test]
async fn what_is_packed_is_not_unpacked_on_the_way() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(&vec![0; 64 * 1024 * 1024]).unwrap();
    let bomb = packer.finish().unwrap();
    assert!(bomb.len() < 100_000, "control: it is a bomb");
    for packing in ["gzip", "gzip, gzip", "deflate", "br", "zstd"] {
        let packed = bomb.clone();
        let server = Server::start(move |_, _| {
            let names = [
                ("content-encoding", packing),
                ("content-type", "image/jpeg"),
            ];
            (names, packed.clone()).into_response()
        })
        .await;
        let link = format!("http://{}/a", server.address);
        let mut sink = Vec::new();
        fetch_link(&server.graph(), &link, &mut sink).await.unwrap();
        assert_eq!(sink, bomb, "{packing}");
        assert!(!server.asked()[0].headers.contains_key("accept-encoding"));
    }
}
