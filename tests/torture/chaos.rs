//! Chaos between Meta, the relay and the desktop. Of what Meta sends a fifth is dropped (cut in the
//! middle of its body, left half open, its answer unheard), a fifth comes late, a fifth comes twice,
//! all of it within a window of fifty out of order; what was not answered comes again. The desktop's road breaks again
//! and again. Each event is shown once, in order, with the right last status.

mod controls;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::{Channel, Delivery};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use store::vault::thread::Message;
use tests::shop::Shop;
use tests::world::World;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use url::Url;

use crate::counts::{Dice, Rounds, report};
use crate::judge::{self, Verdict};
use crate::load::{Http, Maker, Webhook, number_in, words};
use crate::road::Road;
use crate::victims::LIMIT;

/// Under this name the counts are kept.
const COUNTED: &str = "chaos";
/// Seeds in the short run, and messages in each.
const SEEDS: u32 = 5;
const MESSAGES: usize = 4_000;
/// Answers whose statuses come among them.
const ANSWERS: usize = 12;
/// How far one may overtake another.
const WINDOW: usize = 50;
/// Requests at once.
const AT_ONCE: usize = 32;
/// How late a delayed one is at most, in milliseconds, and one in fifty of them.
const MOST_LATE: usize = 40;
const VERY_LATE: usize = 5_000;

/// What became of the requests.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    dropped: usize,
    delayed: usize,
    doubled: usize,
    cuts: usize,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.dropped += other.dropped;
        self.delayed += other.delayed;
        self.doubled += other.doubled;
        self.cuts += other.cuts;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn chaos_on_both_roads_shows_each_event_once_in_order() -> Result<()> {
    let mut all = Tally::default();
    let mut seeds = 0;
    for seed in Rounds::at_least(SEEDS, COUNTED) {
        let tally = one_seed(u64::from(seed))
            .await
            .with_context(|| format!("seed {seed}"))?;
        all.add(tally);
        seeds += 1;
    }
    report(
        COUNTED,
        &format!(
            "{} events in {seeds} seeds, {} requests dropped and repeated, {} delayed, {} sent \
             twice, window of {WINDOW}, the desktop's road broken {} times: each once, in order, \
             right last status",
            seeds * (MESSAGES + 2 * ANSWERS),
            all.dropped,
            all.delayed,
            all.doubled,
            all.cuts
        ),
    )
}

async fn one_seed(seed: u64) -> Result<Tally> {
    let mut world = World::start().await?;
    let relay = address_of(&world.relay_url())?;
    let road = Road::before(relay, Dice::new(seed + 100)).await?;
    world.talk_through(Url::parse(&format!("http://{}", road.address))?);
    let shop = Shop::open(&world, "shop").await?;
    shop.connect(
        &world,
        &[Channel::Instagram, Channel::Messenger, Channel::Whatsapp],
    )
    .await?;
    let statuses = answered(&world, &shop).await?;

    road.breaks(true);
    let maker = Maker::new();
    let mut dice = Dice::new(seed);
    let mut events: Vec<Webhook> = (0..MESSAGES)
        .map(|number| maker.webhook_on(dice.below(3), number))
        .collect();
    for status in statuses {
        events.insert(
            dice.below(events.len()),
            signed(&serde_json::to_vec(&status)?),
        );
    }
    let (queue, doubled) = disordered(events, &mut dice);
    let requests = queue.len();
    let mut tally = post_all(relay, queue, seed).await?;
    tally.doubled = doubled;
    // What is not read yet is still far more than the road carries before it breaks.
    tests::wait::until("the desktop's road to break", async || {
        Ok((road.cuts() > 0).then_some(()))
    })
    .await?;
    road.breaks(false);
    struck(tally, requests)?;
    let mut http = Http::connect(relay).await;
    for channel in 0..3 {
        let status = http
            .post(&maker.webhook_on(channel, MESSAGES + channel))
            .await?;
        ensure!(status == 200, "the relay answered {status}");
    }
    for channel in 0..3 {
        hear(&shop, &words(MESSAGES + channel)).await?;
    }
    for answer in 0..ANSWERS {
        shop.told(&format!("Reply {answer}"), last_of(answer))
            .await?;
    }
    let (data, secrets) = (shop.data.clone(), Arc::clone(&shop.secrets));
    shop.close().await;
    let messages = judge::messages(&data, secrets.as_ref())?;
    let wrong = wrong_statuses(&messages);
    ensure!(wrong.is_empty(), "a wrong last status: answers {wrong:?}");
    verdict(messages, MESSAGES + 3).must_be_clean()?;
    tally.cuts = road.cuts();
    Ok(tally)
}

/// Whether as much went wrong as was meant to: a fifth each, with room for chance.
fn struck(tally: Tally, requests: usize) -> Result<()> {
    let all = requests + tally.dropped;
    ensure!(
        tally.dropped * 100 >= 15 * all
            && tally.delayed * 100 >= 15 * all
            && tally.doubled * 100 >= 15 * MESSAGES,
        "chaos was mild: {tally:?} of {all} requests"
    );
    Ok(())
}

/// The status an answer ends with.
fn last_of(answer: usize) -> Delivery {
    [Delivery::Sent, Delivery::Delivered, Delivery::Read][answer % 3]
}

/// Judges the events; what else was said is left out.
fn verdict(messages: Vec<Vec<Message>>, count: usize) -> Verdict {
    let mut threads = judge::words_of(messages);
    for thread in &mut threads {
        thread.retain(|text| number_in(text).is_some());
    }
    Verdict::of(&threads, count)
}

/// The answers that are not there once, with the status they end with.
fn wrong_statuses(threads: &[Vec<Message>]) -> Vec<usize> {
    let is_right = |answer: &usize| {
        let text = format!("Reply {answer}");
        let all = threads.iter().flatten();
        let mut rows = all.filter(|row| row.text.as_ref() == Some(&text));
        let once = rows.next().filter(|_| rows.next().is_none());
        once.is_some_and(|row| row.delivery == Some(last_of(*answer)))
    };
    (0..ANSWERS).filter(|answer| !is_right(answer)).collect()
}

/// The shop answers on WhatsApp; the statuses Meta would tell are held back and come as chaos has
/// it.
async fn answered(world: &World, shop: &Shop) -> Result<Vec<Value>> {
    world
        .phones
        .say("whatsapp", "lucia", "Many questions")
        .await?;
    let (conversation, _) = shop.hears("Many questions").await?;
    let hold = json!({"kind": "webhook_hold", "where": "whatsapp"});
    world.phones.fault_with(hold).await?;
    for answer in 0..ANSWERS {
        shop.answer(conversation.id, &format!("Reply {answer}"))
            .await?;
    }
    for answer in 0..ANSWERS {
        shop.told(&format!("Reply {answer}"), Delivery::Sent)
            .await?;
    }
    let state = world.phones.state().await?;
    let mut statuses = Vec::new();
    for answer in 0..ANSWERS {
        let sent = state["sent"].as_array().context("what was sent")?;
        let text = format!("Reply {answer}");
        let sent = sent.iter().find(|sent| sent["text"] == text.as_str());
        let sent = sent.context("it was sent")?;
        for word in ["sent", "delivered", "read"].iter().take(1 + answer % 3) {
            let at = (world.clock.now() / 1_000).to_string();
            statuses.push(json!({"object": "whatsapp_business_account", "entry": [{
                "id": "382910475561204", "changes": [{"field": "messages", "value": {
                    "messaging_product": "whatsapp",
                    "metadata": {"display_phone_number": "442079460817",
                        "phone_number_id": "270914356118873"},
                    "statuses": [{"id": sent["id"], "status": word, "timestamp": at,
                        "recipient_id": sent["to"]}]}}]}]}));
        }
    }
    Ok(statuses)
}

fn signed(body: &[u8]) -> Webhook {
    let mut mac = Hmac::<Sha256>::new_from_slice(sandbox::APP_SECRET.as_bytes())
        .expect("any length is a key");
    mac.update(body);
    Webhook {
        body: body.to_vec(),
        signature: hex::encode(mac.finalize().into_bytes()),
    }
}

/// A fifth twice, everything out of order within the window. A copy may be the same bytes, which
/// the relay knows, or the same event in another batch, which only the desktop can know.
fn disordered(events: Vec<Webhook>, dice: &mut Dice) -> (VecDeque<Webhook>, usize) {
    let mut placed = Vec::new();
    let mut doubled = 0;
    for (place, event) in events.into_iter().enumerate() {
        if dice.percent(20) {
            let end: &[u8] = if dice.percent(50) { b"" } else { b" " };
            let copy = signed(&[&event.body, end].concat());
            placed.push((place + dice.below(WINDOW), copy));
            doubled += 1;
        }
        placed.push((place + dice.below(WINDOW), event));
    }
    placed.sort_by_key(|(place, _)| *place);
    (
        placed.into_iter().map(|(_, event)| event).collect(),
        doubled,
    )
}

/// Posts everything until it was answered; what became of the requests on the way.
async fn post_all(relay: SocketAddr, queue: VecDeque<Webhook>, seed: u64) -> Result<Tally> {
    let queue = Arc::new(Mutex::new(queue));
    let mut posting = JoinSet::new();
    for worker in 0..AT_ONCE {
        let queue = Arc::clone(&queue);
        let dice = Dice::new(seed * 1_000 + u64::try_from(worker)?);
        posting.spawn(post_some(relay, queue, dice));
    }
    let mut tally = Tally::default();
    while let Some(done) = posting.join_next().await {
        tally.add(done??);
    }
    Ok(tally)
}

async fn post_some(
    relay: SocketAddr,
    queue: Arc<Mutex<VecDeque<Webhook>>>,
    mut dice: Dice,
) -> Result<Tally> {
    let next = |queue: &Mutex<VecDeque<Webhook>>| {
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.pop_front()
    };
    let (mut tally, mut half_open) = (Tally::default(), VecDeque::new());
    let mut http = Http::connect(relay).await;
    while let Some(webhook) = next(&queue) {
        if dice.percent(20) {
            tally.delayed += 1;
            let most = if dice.percent(2) {
                VERY_LATE
            } else {
                MOST_LATE
            };
            let late = u64::try_from(dice.below(most))?;
            tokio::time::sleep(Duration::from_millis(late)).await;
        }
        if dice.percent(20) {
            tally.dropped += 1;
            let whole = dice.percent(30);
            let stream = cut_off(relay, &webhook, whole).await?;
            if dice.percent(50) {
                half_open.push_back(stream);
                if half_open.len() > 4 {
                    half_open.pop_front();
                }
            }
            // What was not answered comes again, somewhat later.
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            let place = dice.below(WINDOW * 3).min(queue.len());
            queue.insert(place, webhook);
            continue;
        }
        let status = http.post(&webhook).await?;
        ensure!(status == 200, "the relay answered {status}");
    }
    Ok(tally)
}

/// A request that ends in the middle of its body, or whose answer nobody hears.
async fn cut_off(relay: SocketAddr, webhook: &Webhook, whole: bool) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(relay).await?;
    let head = format!(
        "POST /webhooks/meta HTTP/1.1\r\nHost: relay\r\nX-Hub-Signature-256: sha256={}\r\n\
         Content-Length: {}\r\n\r\n",
        webhook.signature,
        webhook.body.len()
    );
    let sent = if whole {
        webhook.body.len()
    } else {
        webhook.body.len() / 2
    };
    let request = [head.as_bytes(), &webhook.body[..sent]].concat();
    stream.write_all(&request).await?;
    Ok(stream)
}

/// Waits until this is the last message of some conversation; a broken road is taken up at once.
async fn hear(shop: &Shop, text: &str) -> Result<()> {
    let waiting = async {
        loop {
            if shop.engine.link() != engine::LinkState::Online {
                shop.engine.wake();
            }
            let rows = shop.conversations().await?;
            let mut last = rows.iter().filter_map(|row| row.last.as_ref());
            if last.any(|last| last.text.as_deref() == Some(text)) {
                return anyhow::Ok(());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let heard = tokio::time::timeout(LIMIT, waiting).await;
    heard.with_context(|| format!("“{text}” does not come"))?
}

fn address_of(url: &Url) -> Result<SocketAddr> {
    let addresses = url.socket_addrs(|| None)?;
    addresses
        .into_iter()
        .next()
        .context("the relay has an address")
}
