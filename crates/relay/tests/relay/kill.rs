//! 200 means: on the disk. The program is killed at any moment, and nothing it answered is gone.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::OpenFlags;
use wire::api::EnrolMode;

use crate::command_line::{command, settings};
use crate::fake_meta::PAGE;
use crate::socket::text_of;
use crate::world::{World, says, signature};

/// A relay in a process of its own, on a world's store.
pub(crate) struct Process {
    child: Child,
    pub(crate) url: String,
}

fn says_ready(address: &str) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        write!(
            stream,
            "GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

impl Process {
    fn start(world: &World) -> Self {
        Self::start_with_log(world, "off")
    }

    pub(crate) fn start_with_log(world: &World, log: &str) -> Self {
        Self::start_under(world, log, None)
    }

    fn start_under(world: &World, log: &str, supervisor: Option<&Path>) -> Self {
        let address = free_address();
        let mut settings = settings(world);
        settings.insert("SHOPBELL_LISTEN", address.clone());
        settings.insert("SHOPBELL_PUBLIC_URL", format!("http://{address}"));
        settings.insert("SHOPBELL_LOG", log.into());
        let mut command = command(&settings);
        if let Some(socket) = supervisor {
            command.env("NOTIFY_SOCKET", socket);
        }
        command.arg("serve");
        Self::of(command, &address)
    }

    /// The program as this command starts it, once it listens.
    pub(crate) fn of(mut command: Command, address: &str) -> Self {
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut process = Self {
            child,
            url: format!("http://{address}"),
        };
        process.wait_until(|| TcpStream::connect(address).is_ok());
        process
    }

    /// The program, once it says that it is ready: it listens a moment before.
    pub(crate) fn ready(command: Command, address: &str) -> Self {
        let mut process = Self::of(command, address);
        process.wait_until(|| says_ready(address));
        process
    }

    fn wait_until(&mut self, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "{}",
                self.last_words()
            );
            std::thread::yield_now();
        }
    }

    /// Ends it; everything it logged.
    pub(crate) fn last_words(&mut self) -> String {
        let _ = self.child.kill();
        let mut said = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        said
    }

    #[cfg(unix)]
    fn tell_to_stop(&self) {
        let told = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(told.success());
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
    }
}

impl Drop for Process {
    /// A test that fails leaves no relay behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn free_address() -> String {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Posts webhooks until the program is gone; the texts it answered 200 to.
async fn post_until_gone(world: &World, url: &str, (round, lane): (u32, u32)) -> Vec<String> {
    let mut answered = Vec::new();
    for n in 0_u32.. {
        let text = format!("round {round} lane {lane} number {n}");
        let body = says("page", PAGE, &text).to_string();
        let signed = signature(crate::fake_meta::SECRET, body.as_bytes());
        let request = world.http.post(format!("{url}/webhooks/meta"));
        let request = request.header("x-hub-signature-256", signed).body(body);
        match request.send().await {
            Ok(answer) if answer.status() == 200 => answered.push(text),
            Ok(answer) => panic!("{}", answer.status()),
            Err(_) => return answered,
        }
    }
    answered
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_answered_200_survives_a_kill() {
    let mut world = World::with(|config| config.enrol = EnrolMode::Open).await;
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["messenger"]).await;
    world.stop_relay().await;
    let mut answered = BTreeSet::new();
    for round in 0..12_u32 {
        let process = Process::start(&world);
        let url = process.url.clone();
        let lanes = (0..4).map(|lane| post_until_gone(&world, &url, (round, lane)));
        let killing = async {
            // A different moment in each round, without a clock: after so many rows.
            let wanted = i64::try_from(answered.len()).unwrap() + 5 + i64::from(round * 7);
            while rows(&world) < wanted {
                tokio::task::yield_now().await;
            }
            tokio::task::block_in_place(|| process.kill());
        };
        let (texts, ()) = tokio::join!(futures_util::future::join_all(lanes), killing);
        answered.extend(texts.into_iter().flatten());
    }
    assert!(
        answered.len() > 100,
        "only {} were answered",
        answered.len()
    );
    world.start_relay().await;
    let mut socket = device.open_socket(&world).await;
    let held = rows(&world);
    let mut arrived = BTreeSet::new();
    let mut count = 0;
    while count < held {
        for (_, event) in socket.events().await {
            let wire::event::Event::Webhook(part) = event else {
                panic!("{event:?}")
            };
            assert!(arrived.insert(text_of(&part)), "one came twice");
            count += 1;
        }
    }
    let lost: Vec<_> = answered.difference(&arrived).collect();
    assert_eq!(lost, Vec::<&String>::new(), "answered 200 and lost");
}

fn rows(world: &World) -> i64 {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let connection = rusqlite::Connection::open_with_flags(world.store(), flags).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    connection
        .query_row("SELECT count(*) FROM envelopes", [], |row| row.get(0))
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_written_is_503_and_not_200() {
    let world = World::start().await;
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["messenger"]).await;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let other = rusqlite::Connection::open_with_flags(world.store(), flags).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let body = says("page", PAGE, "while the store is taken");
    assert_eq!(world.webhook(&body).await, 503, "Meta comes again");
    assert_eq!(world.get("/readyz").await.status(), 503);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(world.webhook(&body).await, 200);
    assert_eq!(
        text_of(&device.open_socket(&world).await.part().await),
        "while the store is taken"
    );
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_ends_well_and_soon() {
    let mut world = World::start().await;
    world.stop_relay().await;
    let mut process = Process::start(&world);
    process.tell_to_stop();
    let status = tokio::task::block_in_place(|| process.child.wait()).unwrap();
    assert!(status.success(), "{status}");
}

/// A webhook of which the relay has taken the head, and waits for the body.
#[cfg(unix)]
fn webhook_under_way(process: &Process, body: &str) -> TcpStream {
    let address = process.url.trim_start_matches("http://");
    let signed = signature(crate::fake_meta::SECRET, body.as_bytes());
    let length = body.len();
    let mut stream = TcpStream::connect(address).unwrap();
    let limit = Duration::from_secs(20);
    stream.set_read_timeout(Some(limit)).unwrap();
    write!(
        stream,
        "POST /webhooks/meta HTTP/1.1\r\nhost: {address}\r\nx-hub-signature-256: {signed}\r\n\
         content-length: {length}\r\nexpect: 100-continue\r\n\r\n"
    )
    .unwrap();
    let go_on = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut said = vec![0; go_on.len()];
    stream.read_exact(&mut said).unwrap();
    assert_eq!(said, go_on);
    stream
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_under_way_when_it_is_told_to_stop_is_kept_and_answered() {
    let mut world = World::with(|config| config.enrol = EnrolMode::Open).await;
    let mut device = world.device(1).await;
    device.connect(&world, "7001", &["messenger"]).await;
    world.stop_relay().await;
    let path = world.folder.path().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    let limit = Duration::from_secs(20);
    socket.set_read_timeout(Some(limit)).unwrap();
    let mut process = Process::start_under(&world, "off", Some(&path));
    let text = "just before it stops";
    let body = says("page", PAGE, text).to_string();
    let answer = tokio::task::block_in_place(|| {
        let mut webhook = webhook_under_way(&process, &body);
        process.tell_to_stop();
        for told in ["READY=1", "STOPPING=1"] {
            let mut bytes = [0; 64];
            let count = socket.recv(&mut bytes).unwrap();
            assert_eq!(String::from_utf8_lossy(&bytes[..count]), told);
        }
        webhook.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        webhook.read_to_string(&mut answer).unwrap();
        assert!(process.child.wait().unwrap().success());
        answer
    });
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(rows(&world), 1);
    world.start_relay().await;
    assert_eq!(
        text_of(&device.open_socket(&world).await.part().await),
        text
    );
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn whoever_started_it_is_told_when_it_serves_and_when_it_stops() {
    let mut world = World::start().await;
    world.stop_relay().await;
    let path = world.folder.path().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    let limit = Duration::from_secs(20);
    socket.set_read_timeout(Some(limit)).unwrap();
    let heard = || {
        let mut bytes = [0; 64];
        let count = tokio::task::block_in_place(|| socket.recv(&mut bytes)).unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    let mut process = Process::start_under(&world, "off", Some(&path));
    assert_eq!(heard(), "READY=1");
    process.tell_to_stop();
    assert_eq!(heard(), "STOPPING=1");
    let status = tokio::task::block_in_place(|| process.child.wait()).unwrap();
    assert!(status.success(), "{status}");
}
