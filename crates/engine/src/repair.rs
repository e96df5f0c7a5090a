//! Webhooks are hints: this notices when they stop and fetches what was missed. It checks the
//! subscription of every connection at start and every 15 minutes and subscribes again; after a
//! gap, a lost subscription or a long absence it reads the newest messages of each conversation
//! changed since, and merges them. What cannot be read is a visible gap, never a deletion.

mod marks;
mod shut;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use channels::meta::history::{self, Recovered, Thread};
use channels::meta::subscription::{is_subscribed, subscribe, subscribed_apps};
use channels::meta::{Account, Error as PlatformError, Token, Verdict};
use domain::time::{HOUR, MINUTE};
use domain::{ContactKey, Timestamp};
use store::vault::gaps::Gap;
use store::vault::messages::Road;
use store::vault::thread::Page;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::connected::{Connected, SignIn};
use crate::error::{Error, Result};
use crate::ingest::{self, Changes, Receiver};
use crate::news::News;
use crate::phase::LinkState;
use crate::shop::Shop;
use crate::tokens::{Extend, Whose};

use marks::{COMPLETE_UNTIL, MISSING_SINCE, Missing, complete_until, lost_for_good};
pub(crate) use marks::{
    mark_lost, mark_missing, mark_missing_since_complete, mark_refused, mark_uncounted,
};
pub(crate) use shut::{Missed, keep_for_shut, mark_opened};

/// How often subscriptions are checked.
pub(crate) const CHECK_EVERY: Duration = Duration::from_secs(15 * 60);
/// How long after trouble a check is made again.
pub(crate) const TROUBLE: Duration = Duration::from_secs(60);
/// The longest sleep: a timer stands still while the computer sleeps, its clock does not.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);
/// After an absence longer than this everything is looked through.
const ABSENT: i64 = HOUR;
/// Looked through from a little before the moment that is known to be complete: clocks differ.
const SLACK: i64 = 5 * MINUTE;
/// How many messages of a thread are compared with what the platform lists.
const KNOWN: u32 = 500;

/// In the vault: the platform was told once to send webhooks.
const SUBSCRIBED: &str = "subscribed";
/// Checks and repairs every connection; then waits for the next time, or to be woken.
pub(crate) async fn run(shop: Arc<Shop>, stop: CancellationToken) {
    loop {
        let calm = tokio::select! {
            () = stop.cancelled() => return,
            calm = look_at_all(&shop) => calm,
        };
        let pause = if calm { CHECK_EVERY } else { TROUBLE };
        tokio::select! {
            () = stop.cancelled() => return,
            () = shop.wake.repair.notified() => {}
            () = passed(&shop, pause) => {}
        }
    }
}

/// Until so much time has passed, by the clock or by the timer: a clock that is set back delays
/// nothing.
async fn passed(shop: &Shop, pause: Duration) {
    let (begun, end) = (shop.now(), Instant::now() + pause);
    loop {
        let by_clock = u64::try_from(shop.now().since(begun)).unwrap_or(0);
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || Duration::from_millis(by_clock) >= pause {
            return;
        }
        tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
    }
}

/// False if something should be tried again soon.
async fn look_at_all(shop: &Shop) -> bool {
    let mut calm = true;
    for connected in shop.connections() {
        if connected.vault().is_err() || connected.health().locked {
            continue;
        }
        notice_absence(shop, &connected).await;
        match look_at(shop, &connected).await {
            Ok(()) => {}
            Err(error) => {
                tracing::warn!(connection = %connected.id, %error, "not repaired yet");
                calm = false;
            }
        }
    }
    calm
}

/// Looks at one connection now: subscription first, then what may be missing. A look that came to
/// nothing is made again soon, and its moment is kept for whoever is told when.
pub(crate) async fn look_at(shop: &Shop, connected: &Arc<Connected>) -> Result<()> {
    let looked = look_through(shop, connected).await;
    let in_vain = looked.is_err().then(|| shop.now());
    shop.learn(connected, |health| health.looked_in_vain_at = in_vain)
        .await;
    looked
}

async fn look_through(shop: &Shop, connected: &Arc<Connected>) -> Result<()> {
    // No platform is needed to say it, so it is said without a sign-in too.
    if cannot_look_back(connected) {
        say_what_is_lost(connected).await?;
    }
    let Some(token) = shop.token_of(connected.id).await? else {
        shop.learn(connected, |health| health.sign_in = SignIn::Ended)
            .await;
        return Ok(());
    };
    keep_subscribed(shop, connected, &token).await?;
    fill_gaps(shop, connected, &token).await?;
    // Not before all was asked: a sign-in that is good for one call and not for the next would be
    // found to have ended anew each time.
    shop.learn(connected, |health| health.sign_in = SignIn::Good)
        .await;
    note_complete(shop, connected).await?;
    note_looked_at(shop, connected).await
}

async fn keep_subscribed(shop: &Shop, connected: &Arc<Connected>, token: &Token) -> Result<()> {
    let account = &connected.account;
    let facts = connected
        .read(|read| read.facts())
        .await?
        .ok_or(Error::Gone)?;
    let apps = match subscribed_apps(&shop.graph, account, token).await {
        Ok(apps) => apps,
        Err(error) => return Err(learn_from(shop, connected, error).await),
    };
    if !is_subscribed(&apps, facts.app_id.as_deref()) {
        // The first time there was nothing to lose.
        let first = connected
            .read(|read| read.mark(SUBSCRIBED))
            .await?
            .is_none();
        if !first {
            let since = connected
                .read(complete_until)
                .await?
                .unwrap_or(facts.connected_at);
            tracing::warn!(connection = %connected.id, "the subscription was lost");
            shop.learn(connected, |health| health.unsubscribed_since = Some(since))
                .await;
            connected
                .write(move |write| mark_uncounted(write, since))
                .await?;
        }
        if let Err(error) = subscribe(&shop.graph, account, token).await {
            return Err(learn_from(shop, connected, error).await);
        }
    }
    connected
        .write(|write| write.set_mark(SUBSCRIBED, Some("yes")))
        .await?;
    shop.learn(connected, |health| health.unsubscribed_since = None)
        .await;
    Ok(())
}

/// Says when this connection was last looked at to the end.
async fn note_looked_at(shop: &Shop, connected: &Connected) -> Result<()> {
    let (id, now) = (connected.id, shop.now());
    shop.shop_db(move |db| db.write(|write| write.note_checked(id, now)))
        .await?;
    shop.herald.tell(News::Connections);
    Ok(())
}

/// What a refusal says about the connection.
async fn learn_from(shop: &Shop, connected: &Connected, error: PlatformError) -> Error {
    match error.verdict() {
        Some(Verdict::SignInEnded) => {
            shop.learn(connected, |health| health.sign_in = SignIn::Ended)
                .await;
        }
        Some(Verdict::PermissionMissing) => {
            shop.learn(connected, |health| {
                health.sign_in = SignIn::PermissionMissing;
            })
            .await;
        }
        Some(Verdict::ProofWrong) => {
            let whose = Whose::Connection(connected.id);
            if let Err(error) = shop.renew_token(&whose, Extend::No).await {
                tracing::warn!(?error, "no fresh proof from the relay");
            }
        }
        _ => {}
    }
    Error::Unexpected(error.to_string())
}

/// After a start, a sleep, a road that was gone: whoever was away for long may have missed what the
/// relay could not keep.
async fn notice_absence(shop: &Shop, connected: &Arc<Connected>) {
    let now = shop.now();
    let noticed = connected
        .write(move |write| match complete_until(write)? {
            Some(until) if now.since(until) > ABSENT => mark_missing(write, until),
            _ => Ok(()),
        })
        .await;
    if let Err(error) = noticed {
        tracing::debug!(%error, "the last moment was not read");
    }
}

/// Notes that everything until now is here: nothing is missing, and the road is open.
async fn note_complete(shop: &Shop, connected: &Arc<Connected>) -> Result<()> {
    if *shop.link.borrow() != LinkState::Online {
        return Ok(());
    }
    let now = shop.now();
    connected
        .write(move |write| {
            if write.mark(MISSING_SINCE)?.is_none() {
                write.set_mark(COMPLETE_UNTIL, Some(&now.0.to_string()))?;
            }
            Ok(())
        })
        .await
}

async fn fill_gaps(shop: &Shop, connected: &Arc<Connected>, token: &Token) -> Result<()> {
    if cannot_look_back(connected) {
        return say_what_is_lost(connected).await;
    }
    let Some(missing) = connected.read(Missing::read).await? else {
        return Ok(());
    };
    let from = missing.since.plus(-SLACK);
    let account = &connected.account;
    let changed = match history::changed_since(&shop.graph, account, token, from).await {
        Ok(changed) => changed,
        Err(error) => return Err(learn_from(shop, connected, error).await),
    };
    if let Some(at) = changed.cut_at {
        note_cut_off(connected, at).await?;
    }
    for thread in changed.threads {
        let known = known_ids(connected, &thread).await?;
        let is_known = |id: &str| known.contains(id);
        let read = history::messages(&shop.graph, account, token, &thread, from, is_known).await;
        match read {
            Ok(recovered) => merge(shop, connected, &thread, recovered).await?,
            Err(error) => return Err(learn_from(shop, connected, error).await),
        }
    }
    let all = connected.write(move |write| missing.close(write)).await?;
    if !all {
        shop.wake.repair.notify_one();
    }
    Ok(())
}

/// WhatsApp has no history to read.
fn cannot_look_back(connected: &Connected) -> bool {
    matches!(connected.account, Account::Whatsapp { .. })
}

/// Where nobody can look back, what is lost is said.
async fn say_what_is_lost(connected: &Arc<Connected>) -> Result<()> {
    connected
        .write(|write| {
            let Some(missing) = Missing::read(write)? else {
                return Ok(());
            };
            if let Some(lost) = lost_for_good(write)? {
                write.add_gap(&Gap {
                    conversation: None,
                    at: missing.since,
                    lost,
                    reason: "relay".to_owned(),
                })?;
            }
            missing.close(write)?;
            Ok(())
        })
        .await
}

/// More conversations have changed than are ever listed: what the others held is not here, and
/// nobody knows how much it is. At least one message: that is said.
async fn note_cut_off(connected: &Arc<Connected>, at: Timestamp) -> Result<()> {
    connected
        .write(move |write| {
            write.note_gap(&Gap {
                conversation: None,
                at,
                lost: 1,
                reason: "platform".to_owned(),
            })
        })
        .await
}

async fn known_ids(connected: &Arc<Connected>, thread: &Thread) -> Result<HashSet<String>> {
    let keys: Vec<ContactKey> = thread
        .contact
        .as_ref()
        .map(|contact| contact.keys.clone())
        .unwrap_or_default();
    connected
        .read(move |read| {
            let mut known = HashSet::new();
            for key in &keys {
                if let Some(conversation) = read.conversation_with(key)? {
                    let page = read.thread(conversation, Page::Newest, KNOWN)?;
                    known.extend(page.messages.into_iter().filter_map(|one| one.platform_id));
                }
            }
            Ok(known)
        })
        .await
}

async fn merge(
    shop: &Shop,
    connected: &Arc<Connected>,
    thread: &Thread,
    recovered: Recovered,
) -> Result<()> {
    let account = connected.account.clone();
    let (version, now) = (shop.version.clone(), shop.now());
    let contact = thread.contact.clone();
    let db = Arc::clone(&shop.db);
    let changes = connected
        .write(move |write| {
            let receiver = Receiver {
                account: &account,
                version: &version,
                now,
                db: &db,
            };
            let mut changes = Changes::default();
            for event in &recovered.events {
                let raw = recovered
                    .raw
                    .get(&event.key)
                    .map_or(&b""[..], Vec::as_slice);
                let changed = ingest::apply_event(write, &receiver, event, Road::Recovered, raw)?;
                changes.conversations.extend(changed.conversations);
            }
            // One gap a day and conversation: where its last unreadable message stood.
            let mut days: BTreeMap<i64, (Timestamp, u32)> = BTreeMap::new();
            for gone in &recovered.unavailable {
                let day = gone.at.0.div_euclid(domain::time::DAY);
                let (last, count) = days.entry(day).or_insert((gone.at, 0));
                (*last, *count) = (gone.at.max(*last), *count + 1);
            }
            let erased = contact
                .as_ref()
                .map_or(Ok(None), |contact| receiver.erased(contact))?;
            days.retain(|_, (last, _)| erased.is_none_or(|until| *last > until));
            if let Some(contact) = contact.filter(|_| !days.is_empty()) {
                let conversation = write.contact_of(&contact, now)?;
                for (at, lost) in days.into_values() {
                    let reason = "platform".to_owned();
                    let gap = Gap {
                        conversation: Some(conversation),
                        at,
                        lost,
                        reason,
                    };
                    write.note_gap(&gap)?;
                }
                changes.conversations.insert(conversation);
            }
            Ok(changes)
        })
        .await?;
    shop.announce(&changes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::inbound::Author;
    use domain::{Channel, ConversationId};
    use futures_util::FutureExt as _;
    use serde_json::{Value, json};
    use store::Cursor;

    use super::*;
    use crate::read::Trouble;
    use crate::testing::{Answer, NOW, PAGE, PERSON, TestShop, ok, refused};

    const APP: &str = "1055501234567890";
    const FIELDS: &str = "messages,message_deliveries,message_reads,message_echoes";

    fn subscribed() -> Answer {
        let fields: Vec<&str> = FIELDS.split(',').collect();
        ok(json!({"data": [{"id": APP, "subscribed_fields": fields}]}))
    }

    fn nothing() -> Answer {
        ok(json!({"data": []}))
    }

    fn done() -> Answer {
        ok(json!({"success": true}))
    }

    fn moment(at: Timestamp) -> String {
        let second = at.seconds();
        // Only the seconds of one minute are needed here.
        format!(
            "2026-11-22T10:{:02}:{:02}+0000",
            (second / 60) % 60,
            second % 60
        )
    }

    fn thread_of(messages: &[Value]) -> Answer {
        ok(json!({"id": "t_1", "messages": {"data": messages}}))
    }

    fn listed() -> Answer {
        let people = json!({"data": [{"id": PERSON, "name": "Amina"}, {"id": PAGE}]});
        let thread =
            json!({"id": "t_1", "updated_time": moment(NOW.plus(MINUTE)), "participants": people});
        ok(json!({"data": [thread]}))
    }

    fn told(id: &str, text: &str, at: Timestamp) -> Value {
        json!({
            "id": id, "created_time": moment(at), "message": text,
            "from": {"id": PERSON, "name": "Amina"},
            "to": {"data": [{"id": PAGE}]}
        })
    }

    fn conversation(of: &TestShop) -> ConversationId {
        ConversationId {
            connection: of.connected.id,
            row: 1,
        }
    }

    fn looked_at(of: &TestShop) -> Option<Timestamp> {
        let id = of.connected.id;
        let record = of.shop.db.read(|read| read.connection(id)).unwrap();
        record.and_then(|record| record.checked_at)
    }

    #[tokio::test]
    async fn a_new_connection_is_subscribed_and_misses_nothing() {
        let of = TestShop::messenger().await;
        of.platform.answers("GET", "/subscribed_apps", &[nothing()]);
        of.platform.answers("POST", "/subscribed_apps", &[done()]);
        look_at(&of.shop, &of.connected).await.unwrap();
        assert_eq!(of.platform.calls("POST", "/subscribed_apps").len(), 1);
        assert!(of.platform.calls("GET", "/conversations").is_empty());
        assert_eq!(of.connected.trouble(NOW), None);
    }

    #[tokio::test]
    async fn a_lost_subscription_is_made_again_and_what_was_missed_is_merged() {
        let of = TestShop::messenger().await;
        of.platform
            .answers("GET", "/subscribed_apps", &[subscribed()]);
        look_at(&of.shop, &of.connected).await.unwrap();
        of.hears("m_1", "came by itself");
        of.clock.pass(2 * MINUTE);
        of.platform
            .answers("GET", "/subscribed_apps", &[nothing(), subscribed()]);
        of.platform.answers("POST", "/subscribed_apps", &[done()]);
        of.platform.answers("GET", "/conversations", &[listed()]);
        let missed = told("m_2", "was missed", NOW.plus(MINUTE));
        let known = told("m_1", "came by itself", NOW);
        of.platform
            .answers("GET", "/t_1", &[thread_of(&[missed, known])]);
        look_at(&of.shop, &of.connected).await.unwrap();
        assert_eq!(
            of.texts(conversation(&of)),
            ["came by itself", "was missed"]
        );
        look_at(&of.shop, &of.connected).await.unwrap();
        assert_eq!(
            of.platform.calls("GET", "/conversations").len(),
            1,
            "mended once"
        );
        assert_eq!(of.connected.trouble(NOW), None);
    }

    #[tokio::test]
    async fn what_cannot_be_read_any_more_is_a_counted_gap() {
        let of = TestShop::messenger().await;
        of.hears("m_1", "here");
        of.vault().write(|write| mark_missing(write, NOW)).unwrap();
        of.platform
            .answers("GET", "/subscribed_apps", &[subscribed()]);
        of.platform.answers("GET", "/conversations", &[listed()]);
        let mut nodes = vec![told("m_9", "newest", NOW.plus(MINUTE))];
        let bare = |n: i64| json!({"id": format!("old_{n}"), "created_time": moment(NOW.plus(n))});
        nodes.extend((0..3).map(bare));
        of.platform.answers("GET", "/t_1", &[thread_of(&nodes)]);
        // Meta says of older ones that they were deleted.
        for n in 0..3 {
            of.platform
                .answers("GET", &format!("/old_{n}"), &[refused(100, 33)]);
        }
        look_at(&of.shop, &of.connected).await.unwrap();
        let gaps = of
            .vault()
            .read(|read| read.gaps(conversation(&of), Timestamp(0), Timestamp(i64::MAX)))
            .unwrap();
        assert_eq!(gaps.iter().map(|gap| gap.lost).collect::<Vec<_>>(), [3]);
        assert_eq!(
            of.texts(conversation(&of)),
            ["here", "newest"],
            "a gap is no deletion"
        );
    }

    #[tokio::test]
    async fn on_whatsapp_what_the_relay_lost_is_said() {
        let of = TestShop::with(Channel::Whatsapp).await;
        let cursor = Cursor {
            stream: [3; 16],
            seq: 7,
            chain: [0; 32],
            durable: 0,
        };
        mark_lost(&of.shop, &of.connected, 4, cursor).await.unwrap();
        let apps = json!({"data": [{"whatsapp_business_api_data": {"id": APP}}]});
        of.platform.answers("GET", "/subscribed_apps", &[ok(apps)]);
        look_at(&of.shop, &of.connected).await.unwrap();
        assert_eq!(of.vault().read(|read| read.lost()).unwrap(), 4);
        assert_eq!(
            of.vault().read(|read| read.cursor()).unwrap().unwrap().seq,
            7
        );
    }

    #[tokio::test]
    async fn what_comes_to_be_missing_while_the_platform_is_asked_is_looked_for_too() {
        let of = TestShop::messenger().await;
        of.vault().write(|write| mark_missing(write, NOW)).unwrap();
        of.platform
            .answers("GET", "/subscribed_apps", &[subscribed()]);
        let (vault, later) = (of.vault(), NOW.plus(MINUTE));
        // Later than what was known: the moment stands, and is said once more.
        let meanwhile = move || vault.write(|write| mark_uncounted(write, later)).unwrap();
        of.platform.meanwhile("GET", "/conversations", meanwhile);
        of.platform.answers("GET", "/conversations", &[nothing()]);
        look_at(&of.shop, &of.connected).await.unwrap();
        assert!(of.vault().read(Missing::read).unwrap().is_some());
        let again = of.shop.wake.repair.notified();
        tokio::time::timeout(Duration::ZERO, again).await.unwrap();
        look_at(&of.shop, &of.connected).await.unwrap();
        assert_eq!(of.platform.calls("GET", "/conversations").len(), 2);
        assert_eq!(of.vault().read(Missing::read).unwrap(), None);
        assert_eq!(of.vault().read(lost_for_good).unwrap(), None);
    }

    #[tokio::test]
    async fn on_whatsapp_each_loss_counts_once_and_is_said_without_a_sign_in() {
        let of = TestShop::with(Channel::Whatsapp).await;
        of.platform
            .answers("GET", "/subscribed_apps", &[refused(190, 458)]);
        // The second is said twice, as after a crash; nobody counted the third.
        for (count, since) in [(4, 1), (3, 2), (3, 2), (0, 3)] {
            let since = NOW.plus(since);
            mark_refused(&of.shop, &of.connected, count, since)
                .await
                .unwrap();
        }
        assert!(look_at(&of.shop, &of.connected).await.is_err());
        assert_eq!(of.vault().read(|read| read.lost()).unwrap(), 7);
        // Found at the same place as what was lost before it.
        let since = NOW.plus(1);
        mark_refused(&of.shop, &of.connected, 5, NOW.plus(4))
            .await
            .unwrap();
        of.vault()
            .write(|write| mark_uncounted(write, since))
            .unwrap();
        assert!(look_at(&of.shop, &of.connected).await.is_err());
        assert_eq!(of.vault().read(|read| read.lost()).unwrap(), 12);
    }

    #[tokio::test]
    async fn a_platform_that_fails_in_between_is_asked_again_from_the_beginning() {
        let of = TestShop::messenger().await;
        of.says("m_1", "here", Author::Person);
        of.vault().write(|write| mark_missing(write, NOW)).unwrap();
        of.platform
            .answers("GET", "/subscribed_apps", &[subscribed()]);
        of.platform.answers("GET", "/conversations", &[listed()]);
        let busy = Answer::Json(503, json!({"error": {"code": 2, "message": "x"}}));
        let missed = thread_of(&[told("m_2", "missed", NOW.plus(MINUTE))]);
        of.platform.answers("GET", "/t_1", &[busy, missed]);
        assert!(look_at(&of.shop, &of.connected).await.is_err());
        assert_eq!(looked_at(&of), None, "not to the end");
        let in_vain = || of.connected.health().looked_in_vain_at;
        assert_eq!(in_vain(), Some(of.clock.now()));
        look_at(&of.shop, &of.connected).await.unwrap();
        assert_eq!(of.texts(conversation(&of)), ["here", "missed"]);
        assert_eq!(looked_at(&of), Some(of.clock.now()));
        assert_eq!(in_vain(), None);
    }

    #[tokio::test]
    async fn a_sign_in_that_ended_is_named_and_erases_nothing() {
        let of = TestShop::messenger().await;
        of.hears("m_1", "here");
        of.platform
            .answers("GET", "/subscribed_apps", &[refused(190, 458)]);
        assert!(look_at(&of.shop, &of.connected).await.is_err());
        assert_eq!(of.connected.trouble(NOW), Some(Trouble::SignInEnded));
        assert_eq!(of.texts(conversation(&of)), ["here"]);
    }

    #[tokio::test]
    async fn a_sign_in_good_for_one_call_only_wakes_nobody_a_second_time() {
        let of = TestShop::messenger().await;
        of.says("m_1", "here", Author::Person);
        of.vault().write(|write| mark_missing(write, NOW)).unwrap();
        of.platform
            .answers("GET", "/subscribed_apps", &[subscribed()]);
        of.platform
            .answers("GET", "/conversations", &[refused(190, 460)]);
        for woken in [true, false, false] {
            assert!(look_at(&of.shop, &of.connected).await.is_err());
            assert_eq!(of.connected.trouble(NOW), Some(Trouble::SignInEnded));
            let permit = of.shop.wake.repair.notified().now_or_never();
            assert_eq!(permit.is_some(), woken);
        }
    }
}
