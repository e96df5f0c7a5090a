//! The shipped relay, killed under load: what it answered with 200 arrives at the desktop, once.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use tests::traces;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::counts::{Dice, Rounds, report};
use crate::ground::Ground;
use crate::judge::{self, Verdict};
use crate::load::{Http, Load, Maker, words};
use crate::victims::{Shim, kill};

/// What it is asked to say while it is looked for customers' words in what it says.
const EVERYTHING: &str = "debug";

/// Under this name the counts are kept.
const COUNTED: &str = "relay-killed-under-load";
/// Lives of the relay in the short run, and 200s to be judged at least.
const LIVES: u32 = 150;
const ANSWERS: usize = 20_000;

/// What the relay keeps: its store with its log, what it says, and a backup of it.
async fn at_rest(ground: &Ground) -> Result<Vec<PathBuf>> {
    let folder = ground.relay_folder();
    let store = ["relay.db", "relay.db-wal", "relay.db-shm"].map(|name| folder.join(name));
    let backup = ground.back_up_relay().await?;
    ensure!(
        std::fs::metadata(&backup)?.len() > 64 * 1024,
        "the backup is too small to hold anything"
    );
    Ok(store
        .into_iter()
        .chain([ground.folder().join("relay.log"), backup])
        .collect())
}

/// What must not be there: words, people, accounts, names, the pepper, the app's secret.
fn traces(ground: &Ground) -> Result<Vec<Vec<u8>>> {
    let texts = [
        "open on Sunday",
        "größer, bitte",
        "71000000000",
        "447946000",
        "m_torture_1",
        "104729583016472",
        "17841405822304914",
        "270914356118873",
        "382910475561204",
        "10229384756102938",
        "Fern & Ribbon",
        "Person 7",
        sandbox::APP_SECRET,
        sandbox::VERIFY_TOKEN,
    ];
    let mut traces: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    let pepper = std::fs::read_to_string(ground.relay_folder().join("keys").join("pepper"))?;
    traces.push(pepper.trim().as_bytes().to_vec());
    traces.extend(hex::decode(pepper.trim()));
    Ok(traces)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_with_200_arrives_once_though_the_relay_is_killed() -> Result<()> {
    let (ground, mut relay, mut desk) = Ground::connected_saying(EVERYTHING).await?;

    let began = Instant::now();
    let load = Load::begin(ground.address());
    let mut dice = Dice::new(1);
    let (mut lives, mut fewest) = (0, usize::MAX);
    load.allow(usize::MAX / 2);
    for _ in Rounds::at_least(LIVES, COUNTED) {
        let answers = load.count() + 60 + dice.below(150);
        load.acknowledged(answers).await?;
        fewest = fewest.min(load.in_flight());
        kill(&mut relay).await?;
        lives += 1;
        relay = ground.start_relay(&Shim::default()).await?;
        // The pauses between its tries grow; here it comes back at once.
        desk.must(&["wake"]).await?;
    }
    load.acknowledged(ANSWERS).await?;
    load.end();
    let (count, last) = load.last_words().await?;
    let loaded = began.elapsed();

    let drained = Instant::now();
    desk.must(&["wake"]).await?;
    for words in last {
        desk.must(&["hear", &words]).await?;
    }
    let drained = drained.elapsed();
    desk.stop().await?;
    kill(&mut relay).await?;
    Verdict::of(&judge::read(&ground.data(), &ground.keychain()?)?, count).must_be_clean()?;
    let said = ground.relay_log();
    let lines = said.matches("webhook").count();
    ensure!(
        lines >= ANSWERS,
        "its log has only {lines} lines of webhooks: nothing could be found in it"
    );
    let traces = traces(&ground)?;
    let held = traces::files_with(&traces, &at_rest(&ground).await?).await?;
    ensure!(
        held.is_empty(),
        "the relay keeps what it must not: {held:?}"
    );
    // The control: the keys lie apart, and there the same look finds the pepper.
    let keys = ground.relay_folder().join("keys");
    ensure!(
        !traces::files_with(&traces, &[keys]).await?.is_empty(),
        "control: the look finds nothing where something is"
    );
    ensure!(fewest >= 32, "only {fewest} in flight at a kill");
    report(
        COUNTED,
        &format!(
            "{lives} lives of the relay, {count} answers with 200 judged, {} repeated, \
             at least {fewest} in flight at each kill: none lost, none twice; no word, no name, no \
             number, no account, no pepper and no secret in what the relay keeps, says ({} kB, as much as it can) and backs up ({} s, {} s to \
             catch up)",
            load.repeated(),
            said.len() / 1_024,
            loaded.as_secs(),
            drained.as_secs()
        ),
    )
}

/// A relay that says 200 before anything is safe: it passes on what it has acknowledged.
async fn hasty(relay: SocketAddr) -> Result<(SocketAddr, DropGuard)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let (tasks, end) = (TaskTracker::new(), stop.clone());
    tasks.clone().spawn(async move {
        let serving = async {
            while let Ok((stream, _)) = listener.accept().await {
                tasks.spawn(acknowledge(stream, relay));
            }
        };
        tokio::select! {
            () = serving => {}
            () = end.cancelled() => {}
        }
    });
    Ok((address, stop.drop_guard()))
}

/// A relay that says 200 and keeps nothing.
pub(crate) async fn forgetful() -> Result<(SocketAddr, DropGuard)> {
    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    hasty(nobody).await
}

async fn acknowledge(stream: TcpStream, relay: SocketAddr) {
    let mut stream = BufReader::new(stream);
    while let Ok(request) = request(&mut stream).await {
        let answer = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        if answer.await.is_err() {
            return;
        }
        if let Ok(mut relay) = TcpStream::connect(relay).await {
            drop(relay.write_all(&request).await);
            drop(relay.read(&mut [0; 256]).await);
        }
    }
}

/// One request as it came.
async fn request(stream: &mut BufReader<TcpStream>) -> Result<Vec<u8>> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let mut body = vec![0; length.context("a length")?.trim().parse()?];
    stream.read_exact(&mut body).await?;
    request.extend(body);
    Ok(request)
}

#[tokio::test(flavor = "multi_thread")]
async fn control_a_relay_that_answers_before_it_commits_is_caught() -> Result<()> {
    const MESSAGES: usize = 300;
    let (ground, mut relay, mut desk) = Ground::connected().await?;
    let (front, _front) = hasty(ground.address()).await?;
    let load = Load::begin(front);
    load.allow(MESSAGES);
    load.acknowledged(MESSAGES / 3).await?;
    kill(&mut relay).await?;
    load.settled().await?;
    relay = ground.start_relay(&Shim::default()).await?;
    let mut http = Http::connect(ground.address()).await;
    for channel in 0..3 {
        let number = MESSAGES + channel;
        http.post(&Maker::new().webhook_on(channel, number)).await?;
        desk.must(&["wake"]).await?;
        desk.must(&["hear", &words(number)]).await?;
    }
    desk.stop().await?;
    kill(&mut relay).await?;
    let verdict = Verdict::of(&judge::read(&ground.data(), &ground.keychain()?)?, MESSAGES);
    ensure!(
        !verdict.missing.is_empty(),
        "nothing is missing: {verdict:?}"
    );
    Ok(())
}
