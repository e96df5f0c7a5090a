//! Sends what the owner has queued, in order within a conversation and one at a time there. A row
//! leaves the outbox only together with its message's new state, and is committed as "sending"
//! before the first byte leaves. What may have arrived is never sent again by this program.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use channels::meta::errors::is_proof_refused;
use domain::inbound::AttachmentKind;
use domain::outbound::{Body, Failure, Holds, Outcome, Outgoing, Reason};
use domain::reply_window::Means;
use domain::time::SECOND;
use domain::{ConversationId, Timestamp};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use store::vault::outbox::OutboxRow;
use tokio_util::sync::CancellationToken;

use crate::compose;
use crate::connected::{Connected, SignIn};
use crate::error::Result;
use crate::news::News;
use crate::read::Returned;
use crate::shop::Shop;
use crate::tokens::{Extend, Whose};

/// How many replies are on their way at once.
const AT_ONCE: usize = 8;
/// The longest sleep: the clock may be moved while we sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How often a platform that is down is tried.
const MOST_ATTEMPTS: u32 = 5;
/// The pauses between tries, in seconds; the last one is used again and again.
const PAUSES: [i64; 5] = [2, 5, 15, 30, 60];
/// While this computer is offline the pauses stay short, so that replies leave soon after.
const OFFLINE_PAUSE: i64 = 10;

/// Sends what is due; then waits until something is due, someone wakes us, or we are told to stop.
pub(crate) async fn run(shop: Arc<Shop>, stop: CancellationToken) {
    let mut on_the_way = FuturesUnordered::new();
    let mut busy: BTreeSet<ConversationId> = BTreeSet::new();
    loop {
        for (connected, row) in due(&shop, AT_ONCE.saturating_sub(busy.len())).await {
            let conversation = row.conversation;
            if busy.len() < AT_ONCE && busy.insert(conversation) {
                let shop = Arc::clone(&shop);
                on_the_way.push(async move {
                    send_one(&shop, &connected, &row).await;
                    conversation
                });
            }
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = shop.wake.outbox.notified() => {}
            () = tokio::time::sleep(until_next(&shop).await), if busy.len() < AT_ONCE => {}
            Some(conversation) = on_the_way.next() => {
                busy.remove(&conversation);
            }
        }
    }
    // What is on its way may still be told what became of it; the caller bounds the wait.
    while on_the_way.next().await.is_some() {}
}

async fn due(shop: &Shop, room: usize) -> Vec<(Arc<Connected>, OutboxRow)> {
    let mut found = Vec::new();
    let limit = u32::try_from(room).unwrap_or(u32::MAX);
    if limit == 0 {
        return found;
    }
    let now = shop.now();
    for connected in shop.connections() {
        if connected.health().locked {
            continue;
        }
        // More than there is room for: some may belong to a conversation that is busy.
        let rows = connected
            .read(move |read| read.due(now, limit.saturating_mul(2)))
            .await;
        for row in rows.unwrap_or_default() {
            found.push((Arc::clone(&connected), row));
        }
    }
    found
}

async fn until_next(shop: &Shop) -> Duration {
    let now = shop.now();
    let mut next = LONGEST_SLEEP;
    for connected in shop.connections() {
        if let Ok(Some(due)) = connected.read(|read| read.next_due()).await {
            let wait = u64::try_from(due.since(now)).unwrap_or(0);
            next = next.min(Duration::from_millis(wait.max(20)));
        }
    }
    next
}

/// What became of a row before it was sent.
enum Claimed {
    /// It is ours to send, by these means.
    Yes(OutboxRow, Means),
    /// The reply window has closed meanwhile: the words are a draft again.
    BackToDraft,
    /// Somebody else has it, or it is gone.
    No,
}

/// The single place where a row is claimed, sent and settled.
async fn send_one(shop: &Shop, connected: &Arc<Connected>, row: &OutboxRow) {
    let sent = async {
        match claim(shop, connected, row).await? {
            Claimed::No => return Ok(()),
            Claimed::BackToDraft => {}
            Claimed::Yes(row, means) => {
                tell(shop, &row);
                let outcome = attempt(shop, connected, &row, means).await;
                settle(shop, connected, &row, (means, outcome)).await?;
            }
        }
        tell(shop, row);
        Ok::<(), crate::error::Error>(())
    };
    if let Err(error) = sent.await {
        tracing::warn!(row = row.id, %error, "a reply could not be settled");
    }
}

fn tell(shop: &Shop, row: &OutboxRow) {
    let conversation = row.conversation;
    shop.herald.tell(News::Messages {
        conversation,
        arrived: false,
    });
    shop.herald.tell(News::Conversations(vec![conversation]));
    shop.herald.tell(News::App);
}

async fn claim(shop: &Shop, connected: &Arc<Connected>, row: &OutboxRow) -> Result<Claimed> {
    let (id, message, conversation) = (row.id, row.message, row.conversation);
    let (now, true_now) = (shop.now(), shop.true_now());
    let of = Arc::clone(connected);
    connected
        .write(move |write| {
            let Some(means) = compose::means_now(write, &of, conversation, true_now)? else {
                if !write.back_to_draft(message, now)? {
                    return Ok(Claimed::No);
                }
                compose::mark_returned(write, conversation, Some(Returned::WindowClosed))?;
                return Ok(Claimed::BackToDraft);
            };
            Ok(write
                .claim_at(id, now, true_now)?
                .map_or(Claimed::No, |row| Claimed::Yes(row, means)))
        })
        .await
}

async fn attempt(
    shop: &Shop,
    connected: &Arc<Connected>,
    row: &OutboxRow,
    means: Means,
) -> Outcome {
    let not_here = |reason| Outcome::Failed(Failure { reason, code: None });
    let message = match outgoing(connected, row, means).await {
        Ok(Some(message)) => message,
        Ok(None) => return not_here(Reason::UnknownRecipient),
        Err(_) => return not_here(Reason::Refused),
    };
    let token = match shop.token_of(connected.id).await {
        Ok(Some(token)) => token,
        Ok(None) => return not_here(Reason::SignInEnded),
        // The keychain is locked: nothing was sent, nothing is lost.
        Err(_) => {
            let failure = Failure {
                reason: Reason::SignInEnded,
                code: None,
            };
            let at = shop.now().plus(OFFLINE_PAUSE * SECOND);
            return Outcome::Retry {
                at,
                failure,
                holds: Holds::Connection,
            };
        }
    };
    tracing::debug!(row = row.id, attempt = row.attempts, "sending");
    channels::send(
        &shop.graph,
        &connected.account,
        &token,
        &message,
        shop.now(),
    )
    .await
}

/// The message as it leaves; `None` if there is nobody to send it to.
pub(crate) async fn outgoing(
    connected: &Arc<Connected>,
    row: &OutboxRow,
    means: Means,
) -> Result<Option<Outgoing>> {
    let row = row.clone();
    let read = move |vault: &store::Vault| {
        let (contact, attachments) = vault.read(|read| {
            Ok((
                read.contact(row.conversation)?,
                read.attachments(row.message)?,
            ))
        })?;
        let Some(to) = contact.and_then(|contact| contact.keys.into_iter().next()) else {
            return Ok(None);
        };
        let picture = attachments
            .into_iter()
            .find(|one| one.kind == AttachmentKind::Picture);
        let body = match (row.text, picture) {
            (Some(text), _) => Body::Text(text),
            (None, Some(picture)) => {
                let file = picture.file.ok_or(store::Error::NotThere)?;
                let bytes = vault.media().read(&file)?;
                let mime = picture.mime.unwrap_or_else(|| "image/jpeg".to_owned());
                Body::Picture { bytes, mime }
            }
            (None, None) => return Ok(None),
        };
        Ok(Some(Outgoing {
            our_id: row.our_id,
            to,
            body,
            means,
        }))
    };
    connected.work(read).await
}

async fn settle(
    shop: &Shop,
    connected: &Arc<Connected>,
    row: &OutboxRow,
    (means, outcome): (Means, Outcome),
) -> Result<()> {
    if let Outcome::Retry { failure, .. } = &outcome
        && is_proof_refused(failure)
        && row.attempts <= 1
    {
        renew_proof(shop, connected).await;
    }
    let now = shop.now();
    let outcome = next_attempt(outcome, row.attempts, now);
    match &outcome {
        Outcome::Sent { .. } => {
            tracing::info!(row = row.id, "sent");
            shop.learn(connected, |health| health.sign_in = SignIn::Good)
                .await;
        }
        Outcome::Unconfirmed => {
            tracing::info!(row = row.id, "not confirmed");
        }
        Outcome::Failed(failure) => {
            tracing::info!(row = row.id, reason = failure.reason.name(), "not sent");
            learn_from(shop, connected, failure.reason, means).await;
        }
        Outcome::Retry { failure, .. } => {
            tracing::warn!(
                row = row.id,
                reason = failure.reason.name(),
                "will be tried again"
            );
        }
    }
    let refused_human = means == Means::HumanAgent
        && matches!(&outcome, Outcome::Failed(failure) if matches!(
            failure.reason,
            Reason::WindowClosed | Reason::PermissionMissing
        ));
    let row = row.clone();
    let in_doubt = outcome == Outcome::Unconfirmed;
    connected
        .write(move |write| {
            if refused_human {
                compose::mark_no_human_agent(write)?;
            }
            write.settle(&row, &outcome, now)
        })
        .await?;
    // Not before: it looks for what is written, and woken too early it sleeps again.
    if in_doubt {
        shop.wake.reconcile.notify_one();
    }
    Ok(())
}

async fn renew_proof(shop: &Shop, connected: &Connected) {
    let whose = Whose::Connection(connected.id);
    if let Err(error) = shop.renew_token(&whose, Extend::No).await {
        tracing::warn!(?error, "no fresh proof from the relay");
    }
}

async fn learn_from(shop: &Shop, connected: &Connected, reason: Reason, means: Means) {
    let sign_in = match reason {
        Reason::SignInEnded => SignIn::Ended,
        // Lacking only the Human Agent feature is no lack of the connection's.
        Reason::PermissionMissing if means == Means::Response => SignIn::PermissionMissing,
        _ => return,
    };
    shop.learn(connected, |health| health.sign_in = sign_in)
        .await;
}

/// When a try that surely did not send is repeated, and when it is given up. `attempts` counts the
/// one that has just been made.
fn next_attempt(outcome: Outcome, attempts: u32, now: Timestamp) -> Outcome {
    let Outcome::Retry { at, failure, holds } = outcome else {
        return outcome;
    };
    let place = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let pause = PAUSES
        .get(place)
        .or(PAUSES.last())
        .copied()
        .unwrap_or(OFFLINE_PAUSE);
    let pause = match failure.reason {
        // The computer will be back; the reply window bounds the waiting.
        Reason::Offline => pause.min(OFFLINE_PAUSE),
        Reason::TooFast => pause,
        _ if is_proof_refused(&failure) && attempts <= 1 => 0,
        _ if attempts >= MOST_ATTEMPTS => return Outcome::Failed(failure),
        _ => pause,
    };
    Outcome::Retry {
        at: at.max(now.plus(pause * SECOND)),
        failure,
        holds,
    }
}

#[cfg(test)]
mod tests {
    use domain::time::{DAY, HOUR};
    use domain::{Delivery, MessageId};
    use serde_json::json;
    use store::vault::outbox::{NewReply, ReplyBody};

    use super::*;
    use crate::random;
    use crate::testing::{Answer, TestShop, ok, refused};

    const NOW: Timestamp = Timestamp(1_000_000);

    fn retry(reason: Reason, at: Timestamp) -> Outcome {
        let failure = Failure { reason, code: None };
        Outcome::Retry {
            at,
            failure,
            holds: Holds::Connection,
        }
    }

    fn next(reason: Reason, attempts: u32) -> Option<i64> {
        match next_attempt(retry(reason, NOW), attempts, NOW) {
            Outcome::Retry { at, .. } => Some(at.since(NOW) / SECOND),
            _ => None,
        }
    }

    #[test]
    fn a_platform_that_is_down_is_tried_five_times() {
        let pauses: Vec<_> = (1..=5)
            .map(|attempt| next(Reason::PlatformDown, attempt))
            .collect();
        assert_eq!(pauses, [Some(2), Some(5), Some(15), Some(30), None]);
    }

    #[test]
    fn offline_waits_without_end() {
        assert_eq!(next(Reason::Offline, 1), Some(2));
        assert_eq!(next(Reason::Offline, 500), Some(10));
    }

    #[test]
    fn what_the_platform_asks_to_wait_is_waited() {
        let later = NOW.plus(90 * SECOND);
        let Outcome::Retry { at, .. } = next_attempt(retry(Reason::TooFast, later), 1, NOW) else {
            panic!("given up");
        };
        assert_eq!(at, later);
    }

    #[test]
    fn what_may_have_arrived_is_never_tried_again() {
        assert_eq!(
            next_attempt(Outcome::Unconfirmed, 1, NOW),
            Outcome::Unconfirmed
        );
    }

    /// Queues a reply that may leave at once.
    fn queue(of: &TestShop, conversation: ConversationId, text: &str) -> MessageId {
        let now = of.clock.now();
        let reply = NewReply {
            conversation,
            our_id: random::our_id(),
            body: ReplyBody::Text(text),
            reply_to: None,
            means: Means::Response,
            now,
            hold_until: now,
        };
        of.vault().write(|write| write.queue_reply(&reply)).unwrap()
    }

    /// What the loop does once: everything that is due is sent and settled.
    async fn send_due(of: &TestShop) {
        for (connected, row) in due(&of.shop, 8).await {
            send_one(&of.shop, &connected, &row).await;
        }
    }

    fn sent() -> Answer {
        ok(json!({"recipient_id": "7001", "message_id": "m_1"}))
    }

    #[tokio::test]
    async fn a_reply_leaves_with_our_id_and_the_token_in_its_header() {
        let of = TestShop::messenger().await;
        let (conversation, _) = of.hears("m_0", "hello");
        of.platform.answers("POST", "/messages", &[sent()]);
        let message = queue(&of, conversation, "hello too");
        send_due(&of).await;
        assert_eq!(of.delivery(message), Some(Delivery::Sent));
        let calls = of.platform.calls("POST", "/messages");
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].authorization, "Bearer EAAtoken");
        assert!(!calls[0].query.contains("EAAtoken"));
        assert_eq!(
            calls[0].body["message"]["metadata"].as_str().map(str::len),
            Some(32)
        );
        send_due(&of).await;
        assert_eq!(of.platform.calls("POST", "/messages").len(), 1, "sent once");
    }

    #[tokio::test]
    async fn an_answer_that_was_lost_is_unconfirmed_and_not_sent_again() {
        let of = TestShop::messenger().await;
        let (conversation, _) = of.hears("m_0", "hello");
        of.platform
            .answers("POST", "/messages", &[Answer::Vanish, sent()]);
        let message = queue(&of, conversation, "did you get this");
        send_due(&of).await;
        assert_eq!(of.delivery(message), Some(Delivery::Unconfirmed));
        of.clock.pass(HOUR);
        send_due(&of).await;
        assert_eq!(of.delivery(message), Some(Delivery::Unconfirmed));
        assert_eq!(of.platform.calls("POST", "/messages").len(), 1);
    }

    #[tokio::test]
    async fn who_looks_for_a_lost_answer_is_woken_when_it_is_written_down() {
        let of = TestShop::messenger().await;
        let (conversation, _) = of.hears("m_0", "hello");
        of.platform.answers("POST", "/messages", &[Answer::Vanish]);
        queue(&of, conversation, "did you get this");
        let look = async {
            of.shop.wake.reconcile.notified().await;
            of.vault().read(|read| read.unconfirmed()).unwrap().len()
        };
        let ((), found) = tokio::join!(send_due(&of), look);
        assert_eq!(found, 1);
    }

    #[tokio::test]
    async fn a_rate_limit_waits_and_then_leaves() {
        let of = TestShop::messenger().await;
        let (conversation, _) = of.hears("m_0", "hello");
        of.platform
            .answers("POST", "/messages", &[refused(4, 0), sent()]);
        let message = queue(&of, conversation, "one");
        send_due(&of).await;
        assert_eq!(of.delivery(message), Some(Delivery::Queued));
        send_due(&of).await;
        assert_eq!(
            of.platform.calls("POST", "/messages").len(),
            1,
            "not before its time"
        );
        of.clock.pass(2 * HOUR);
        send_due(&of).await;
        assert_eq!(of.delivery(message), Some(Delivery::Sent));
    }

    #[tokio::test]
    async fn a_window_that_closed_meanwhile_makes_a_draft_of_the_reply() {
        let of = TestShop::messenger().await;
        let (conversation, _) = of.hears("m_0", "hello");
        let message = queue(&of, conversation, "too late");
        of.clock.pass(8 * DAY);
        send_due(&of).await;
        assert!(of.platform.calls("POST", "/messages").is_empty());
        assert_eq!(
            of.delivery(message),
            None,
            "the message is gone from the thread"
        );
        let draft = of
            .vault()
            .read(|read| compose::draft(read, conversation))
            .unwrap();
        assert_eq!(draft.text, "too late");
        assert_eq!(draft.returned, Some(Returned::WindowClosed));
    }

    #[tokio::test]
    async fn an_app_without_human_agent_is_learnt_from_its_refusal() {
        let of = TestShop::messenger().await;
        let (conversation, _) = of.hears("m_0", "hello");
        of.platform
            .answers("POST", "/messages", &[refused(10, 2_018_278)]);
        of.clock.pass(2 * DAY);
        let message = queue(&of, conversation, "a day later");
        send_due(&of).await;
        assert_eq!(of.delivery(message), Some(Delivery::Failed));
        let calls = of.platform.calls("POST", "/messages");
        assert_eq!(calls[0].body["tag"], "HUMAN_AGENT");
        assert!(!of.vault().read(compose::has_human_agent).unwrap());
        assert_eq!(of.connected.trouble(of.clock.now()), None);
    }

    /// By which means a person may answer now.
    fn means(of: &TestShop, conversation: ConversationId) -> Option<Means> {
        let read = |read: &store::VaultRead<'_>| {
            compose::means_now(read, &of.connected, conversation, of.clock.now())
        };
        of.vault().read(read).unwrap()
    }

    #[tokio::test]
    async fn the_platform_s_word_on_the_window_wins_until_the_person_writes_again() {
        let of = TestShop::messenger().await;
        let (conversation, _) = of.hears("m_0", "hello");
        let no = refused(10, 2_018_278);
        of.platform
            .answers("POST", "/messages", &[refused(551, 0), no.clone(), no]);
        queue(&of, conversation, "for another reason");
        send_due(&of).await;
        assert_eq!(means(&of, conversation), Some(Means::Response), "control");
        queue(&of, conversation, "in good time");
        send_due(&of).await;
        assert_eq!(means(&of, conversation), Some(Means::HumanAgent));
        queue(&of, conversation, "in person");
        send_due(&of).await;
        assert_eq!(means(&of, conversation), None);
        of.clock.pass(HOUR);
        of.hears("m_1", "are you there?");
        assert_eq!(means(&of, conversation), Some(Means::Response));
    }

    #[tokio::test]
    async fn a_sign_in_that_ended_fails_the_reply_and_names_the_trouble() {
        let of = TestShop::messenger().await;
        let (conversation, _) = of.hears("m_0", "hello");
        of.platform
            .answers("POST", "/messages", &[refused(190, 463)]);
        let message = queue(&of, conversation, "hello");
        send_due(&of).await;
        assert_eq!(of.delivery(message), Some(Delivery::Failed));
        let trouble = of.connected.trouble(of.clock.now());
        assert_eq!(trouble, Some(crate::read::Trouble::SignInEnded));
    }

    /// A reply whose answer is lost, and its echo by the platform's clock, an hour ahead of ours.
    async fn echo_by_another_clock(relay_tells_the_time: bool) -> Option<Delivery> {
        let of = TestShop::messenger().await;
        if relay_tells_the_time {
            let keys = crate::testing::relay::keys();
            let address = ("http://127.0.0.1:9".parse().unwrap(), keys);
            let http = crate::link::client::http_client();
            let (identity, clock) = (random::signing_secret(), Arc::clone(&of.shop.clock));
            let relay = crate::link::client::RelayClient::new(http, address, identity, clock);
            relay.learn_time(of.clock.now().plus(HOUR).0);
            of.shop.set_relay(Some(Arc::new(relay)));
        }
        let (conversation, _) = of.hears("m_0", "hello");
        of.platform.answers("POST", "/messages", &[Answer::Vanish]);
        let message = queue(&of, conversation, "hello too");
        send_due(&of).await;
        of.clock.pass(HOUR);
        let author = domain::inbound::Author::Shop;
        let echo = domain::inbound::InboundMessage {
            app_id: Some("1055501234567890".to_owned()),
            ..crate::testing::inbound("m_1", "hello too", author)
        };
        let (at, road) = (of.clock.now(), store::vault::messages::Road::Live);
        let echo = store::vault::messages::Arrival {
            message: &echo,
            at,
            arrived_at: at,
            road,
            quarantine: None,
        };
        of.vault().write(|write| write.add_message(&echo)).unwrap();
        of.delivery(message)
    }

    #[tokio::test]
    async fn an_echo_is_known_though_this_computer_s_clock_is_wrong() {
        assert_eq!(echo_by_another_clock(true).await, Some(Delivery::Sent));
        let control = echo_by_another_clock(false).await;
        assert_eq!(control, Some(Delivery::Unconfirmed));
    }

    #[tokio::test]
    async fn replies_of_one_conversation_leave_in_their_order_one_at_a_time() {
        let of = TestShop::messenger().await;
        let (conversation, _) = of.hears("m_0", "hello");
        of.platform.answers("POST", "/messages", &[sent()]);
        queue(&of, conversation, "first");
        queue(&of, conversation, "second");
        let ready = due(&of.shop, 8).await;
        assert_eq!(ready.len(), 1, "the second waits for the first");
        send_due(&of).await;
        of.platform
            .answers("POST", "/messages", &[ok(json!({"message_id": "m_2"}))]);
        send_due(&of).await;
        let texts: Vec<_> = of
            .platform
            .calls("POST", "/messages")
            .iter()
            .map(|call| {
                call.body["message"]["text"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect();
        assert_eq!(texts, ["first", "second"]);
    }
}
