//! Meta under load: signed Instagram webhooks of 2 KiB, one after the other on each of many
//! connections that are kept open (a closed loop).

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::task::TaskTracker;

use super::Outcome;

/// Bytes of a webhook's body.
const SIZE: usize = 2_048;
/// A device that sleeps is kept 100,000 envelopes; whoever is faster than that ends earlier.
const MOST: u64 = 95_000;
/// When the made-up messages were written.
const AT: i64 = 1_795_300_000_000;

/// Makes webhooks for these accounts, in turn.
#[derive(Debug, Clone)]
pub(super) struct Load {
    accounts: Arc<Vec<String>>,
    key: Hmac<Sha256>,
    made: Arc<AtomicU64>,
    answered: Arc<AtomicU64>,
}

impl Load {
    pub(super) fn of(accounts: &[String], secret: &str) -> Self {
        Self {
            accounts: Arc::new(accounts.to_vec()),
            key: Hmac::new_from_slice(secret.as_bytes()).expect("any length is a key"),
            made: Arc::default(),
            answered: Arc::default(),
        }
    }

    /// Posts for as long as this, and counts the 200s behind the first span.
    pub(super) async fn run(
        &self,
        address: SocketAddr,
        connections: usize,
        (warm, counted): (Duration, Duration),
    ) -> Result<Outcome> {
        let begun = Instant::now();
        let tasks = TaskTracker::new();
        let mut posting = Vec::new();
        for _ in 0..connections {
            let load = self.clone();
            posting
                .push(tasks.spawn(async move { load.post(address, begun, warm + counted).await }));
        }
        tokio::time::sleep(warm).await;
        let (from, before) = (Instant::now(), self.answered.load(Ordering::Relaxed));
        for one in posting {
            one.await??;
        }
        let (took, answered) = (from.elapsed(), self.answered.load(Ordering::Relaxed));
        let counted = u32::try_from(answered - before)?;
        Ok(Outcome {
            rate: f64::from(counted) / took.as_secs_f64(),
            answered,
        })
    }

    async fn post(&self, address: SocketAddr, begun: Instant, time: Duration) -> Result<()> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut buffer = vec![0; 4_096];
        while begun.elapsed() < time && self.made.load(Ordering::Relaxed) < MOST {
            let request = self.request()?;
            stream.write_all(&request).await?;
            let status = answer(&mut stream, &mut buffer).await?;
            ensure!(status == 200, "a webhook was answered with {status}");
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The next webhook, with its head.
    fn request(&self) -> Result<Vec<u8>> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let at = usize::try_from(number)? % self.accounts.len();
        let account = self.accounts.get(at).context("there is an account")?;
        let body = body(account, number)?;
        let mac = self.key.clone().chain_update(&body).finalize();
        let signature = hex::encode(mac.into_bytes());
        let mut request = format!(
            "POST /webhooks/meta HTTP/1.1\r\nHost: relay\r\nContent-Type: application/json\r\n\
             X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(&body);
        Ok(request)
    }
}

/// A message as Instagram sends one, filled up to its size.
fn body(account: &str, number: u64) -> Result<Vec<u8>> {
    let with = |text: &str| {
        serde_json::to_vec(&json!({"object": "instagram", "entry": [{
            "id": account, "time": AT, "messaging": [{
                "sender": {"id": format!("7100{:012}", number % 5_000)},
                "recipient": {"id": account}, "timestamp": AT,
                "message": {"mid": format!("aWdfZAG1faXRlb.{number:012}"), "text": text}}]}]}))
    };
    let bare = with("")?.len();
    let text: String = "Is the blue vase still there? "
        .chars()
        .cycle()
        .take(SIZE - bare)
        .collect();
    Ok(with(&text)?)
}

/// Reads one answer to its end and returns its status.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<u16> {
    let mut filled = 0;
    loop {
        let free = buffer.get_mut(filled..).context("the answer is too long")?;
        let read = stream.read(free).await?;
        if read == 0 {
            bail!("the connection ended");
        }
        filled += read;
        let text = std::str::from_utf8(buffer.get(..filled).unwrap_or_default())?;
        let Some((head, rest)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>())
        });
        if rest.len() >= length.transpose()?.unwrap_or(0) {
            let status = head.split(' ').nth(1).context("an answer has a status")?;
            return Ok(status.parse()?);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_webhook_has_its_size_and_is_another_one() {
        let (one, other) = (
            body("17841400000000001", 1).unwrap(),
            body("17841", 2).unwrap(),
        );
        assert_eq!((one.len(), other.len()), (SIZE, SIZE));
        assert_ne!(body("1", 1).unwrap(), body("1", 2).unwrap());
    }
}
