//! Meta under load: signed webhooks over real HTTP, at least 32 at once, each one repeated until it
//! is answered with 200, as Meta repeats.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tests::clock::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// Requests at once.
pub(crate) const AT_ONCE: usize = 96;
/// So many messages in a row are of one channel: what is committed together goes to one vault.
const RUN: usize = 64;
/// People who write on each channel.
pub(crate) const PEOPLE: usize = 13;

/// One webhook, and the words of the messages in it.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) body: Vec<u8>,
    pub(crate) signature: String,
}

/// The words of a message. Its number comes first, so that an order can be judged.
pub(crate) fn words(number: usize) -> String {
    const ENDS: [&str; 4] = [
        "open on Sunday?",
        "größer, bitte",
        "متى تفتحون؟",
        "ありがとう 🌿",
    ];
    format!("Event {number:08} {}", ENDS[number % ENDS.len()])
}

/// The last message of each channel.
pub(crate) fn last_ones(count: usize) -> Vec<usize> {
    let last = count.saturating_sub(1);
    let run = last / RUN;
    let ends = (run.saturating_sub(2)..run).map(|run| (run + 1) * RUN - 1);
    ends.chain([last]).collect()
}

/// The number in the words of a message.
pub(crate) fn number_in(words: &str) -> Option<usize> {
    words.strip_prefix("Event ")?.get(..8)?.parse().ok()
}

/// Makes webhooks. Message `n` is a second later than message `n - 1`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Maker {
    began: i64,
}

impl Maker {
    pub(crate) fn new() -> Self {
        let hours = 12 * 3_600_000;
        Self {
            began: Clock::default().now() - hours,
        }
    }

    /// The webhook with this one message.
    pub(crate) fn webhook(self, number: usize) -> Webhook {
        self.webhook_on((number / RUN) % 3, number)
    }

    /// The same on one channel.
    pub(crate) fn webhook_on(self, channel: usize, number: usize) -> Webhook {
        self.webhook_dated(channel, number, number)
    }

    /// The same with the time of another: for controls.
    pub(crate) fn webhook_dated(self, channel: usize, number: usize, as_of: usize) -> Webhook {
        let text = &words(number);
        let at = self.began + i64::try_from(as_of).expect("a small number") * 1_000;
        let person = number % PEOPLE;
        let body = match channel {
            0 => messaging("page", "104729583016472", person, (number, text, at)),
            1 => messaging("instagram", "17841405822304914", person, (number, text, at)),
            _ => whatsapp(person, (number, text, at)),
        };
        let body = serde_json::to_vec(&body).expect("JSON is bytes");
        let mut mac = Hmac::<Sha256>::new_from_slice(sandbox::APP_SECRET.as_bytes())
            .expect("any length is a key");
        mac.update(&body);
        let signature = hex::encode(mac.finalize().into_bytes());
        Webhook { body, signature }
    }
}

fn messaging(
    object: &str,
    account: &str,
    person: usize,
    (n, text, at): (usize, &str, i64),
) -> Value {
    let sender = format!("71000000000{person:05}");
    json!({"object": object, "entry": [{"id": account, "time": at, "messaging": [{
        "sender": {"id": sender}, "recipient": {"id": account}, "timestamp": at,
        "message": {"mid": format!("m_torture_{n}"), "text": text}}]}]})
}

fn whatsapp(person: usize, (n, text, at): (usize, &str, i64)) -> Value {
    let from = format!("4479460{person:05}");
    json!({"object": "whatsapp_business_account", "entry": [{"id": "382910475561204",
        "changes": [{"field": "messages", "value": {"messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "442079460817", "phone_number_id": "270914356118873"},
            "contacts": [{"profile": {"name": format!("Person {person}")}, "wa_id": from}],
            "messages": [{"from": from, "id": format!("wamid.torture{n}"),
                "timestamp": (at / 1_000).to_string(), "type": "text", "text": {"body": text}}]}}]}]})
}

/// Posts webhooks. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Load {
    meta: Arc<Meta>,
    _end: DropGuard,
}

#[derive(Debug)]
struct Meta {
    address: SocketAddr,
    maker: Maker,
    work: Mutex<Work>,
    more: Notify,
    settled: Notify,
    in_flight: AtomicUsize,
    stop: CancellationToken,
}

#[derive(Debug, Default)]
struct Work {
    /// Messages that may be made.
    allowed: usize,
    made: usize,
    acknowledged: usize,
    /// Not answered with 200; to be repeated.
    again: VecDeque<(usize, Arc<Webhook>)>,
    repeated: usize,
}

impl Load {
    /// Begins to post to this address; nothing goes out before it is allowed.
    pub(crate) fn begin(address: SocketAddr) -> Self {
        let stop = CancellationToken::new();
        let meta = Arc::new(Meta {
            address,
            maker: Maker::new(),
            work: Mutex::default(),
            more: Notify::new(),
            settled: Notify::new(),
            in_flight: AtomicUsize::new(0),
            stop: stop.clone(),
        });
        let tasks = TaskTracker::new();
        for _ in 0..AT_ONCE {
            let meta = Arc::clone(&meta);
            tasks.spawn(async move {
                tokio::select! {
                    () = meta.post() => {}
                    () = meta.stop.cancelled() => {}
                }
            });
        }
        Self {
            meta,
            _end: stop.drop_guard(),
        }
    }

    /// Lets so many more messages be written.
    pub(crate) fn allow(&self, more: usize) {
        self.meta.work().allowed += more;
        self.meta.more.notify_waiters();
    }

    /// No further message is made; what is made is repeated until it is acknowledged.
    pub(crate) fn end(&self) {
        let mut work = self.meta.work();
        work.allowed = work.made;
    }

    /// Waits until so many are acknowledged in all.
    pub(crate) async fn acknowledged(&self, wanted: usize) -> Result<()> {
        let waiting = async {
            loop {
                let told = self.meta.settled.notified();
                if self.count() >= wanted {
                    return;
                }
                told.await;
            }
        };
        let waited = tokio::time::timeout(crate::victims::LIMIT, waiting).await;
        waited.with_context(|| format!("{} of {wanted} acknowledged", self.count()))
    }

    /// Waits until everything that was allowed is acknowledged.
    pub(crate) async fn settled(&self) -> Result<usize> {
        let all = self.meta.work().allowed;
        self.acknowledged(all).await?;
        Ok(all)
    }

    /// Waits until all is acknowledged, then writes one more message on each channel, alone: what
    /// is at once in flight is stored in any order, so only behind these is everything there. How
    /// many messages that makes, and the words to wait for.
    pub(crate) async fn last_words(&self) -> Result<(usize, Vec<String>)> {
        let count = self.settled().await?;
        let mut http = Http::connect(self.meta.address).await;
        for channel in 0..3 {
            let last = self.meta.maker.webhook_on(channel, count + channel);
            let status = http.post(&last).await?;
            ensure!(status == 200, "the relay answered {status}");
        }
        let mut work = self.meta.work();
        work.allowed += 3;
        work.made += 3;
        work.acknowledged += 3;
        Ok((count + 3, (count..count + 3).map(words).collect()))
    }

    /// How many 200s there were.
    pub(crate) fn count(&self) -> usize {
        self.meta.work().acknowledged
    }

    /// How many had to be repeated.
    pub(crate) fn repeated(&self) -> usize {
        self.meta.work().repeated
    }

    /// How many requests wait for their answer now.
    pub(crate) fn in_flight(&self) -> usize {
        self.meta.in_flight.load(Ordering::SeqCst)
    }
}

impl Meta {
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn next(&self) -> (usize, Arc<Webhook>) {
        loop {
            let more = self.more.notified();
            let number = {
                let mut work = self.work();
                if let Some(again) = work.again.pop_front() {
                    return again;
                }
                let number = work.made;
                (number < work.allowed).then(|| {
                    work.made += 1;
                    number
                })
            };
            if let Some(number) = number {
                return (number, Arc::new(self.maker.webhook(number)));
            }
            more.await;
        }
    }

    async fn post(&self) {
        let mut stream = None;
        loop {
            let (number, webhook) = self.next().await;
            self.in_flight.fetch_add(1, Ordering::SeqCst);
            let status = self.exchange(&mut stream, &webhook).await;
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
            if matches!(status, Ok(200)) {
                self.work().acknowledged += 1;
                self.settled.notify_waiters();
                continue;
            }
            stream = None;
            let mut work = self.work();
            work.repeated += 1;
            work.again.push_back((number, webhook));
            drop(work);
            self.more.notify_waiters();
        }
    }

    async fn exchange(&self, stream: &mut Option<Http>, webhook: &Webhook) -> Result<u16> {
        let mut http = match stream.take() {
            Some(http) => http,
            None => Http::connect(self.address).await,
        };
        let status = http.post(webhook).await?;
        *stream = Some(http);
        Ok(status)
    }
}

/// One connection, spoken by hand: whose answer belongs to which request must be certain.
#[derive(Debug)]
pub(crate) struct Http {
    stream: BufReader<TcpStream>,
}

impl Http {
    /// Connects, as often as it takes.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        loop {
            if let Ok(http) = Self::try_connect(address).await {
                return http;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Connects, if somebody listens.
    pub(crate) async fn try_connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Our own port: the other side knows us by it.
    pub(crate) fn port(&self) -> Result<u16> {
        Ok(self.stream.get_ref().local_addr()?.port())
    }

    /// Posts one webhook and returns the status of its answer.
    pub(crate) async fn post(&mut self, webhook: &Webhook) -> Result<u16> {
        let head = format!(
            "POST /webhooks/meta HTTP/1.1\r\nHost: relay\r\nContent-Type: application/json\r\n\
             X-Hub-Signature-256: sha256={}\r\nContent-Length: {}\r\n\r\n",
            webhook.signature,
            webhook.body.len()
        );
        let request = [head.as_bytes(), &webhook.body].concat();
        self.stream.write_all(&request).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .and_then(|length| length.trim().parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        status.context("an answer without a status")
    }
}
