//! Fetches the names and pictures of people on Messenger and Instagram, whose webhooks carry
//! neither. Once when they first write, then again after a week; a platform that does not tell is
//! asked more and more rarely.

use std::sync::Arc;
use std::time::Duration;

use channels::meta::media::fetch_link;
use channels::meta::profile::profile;
use channels::meta::{Error as PlatformError, Token, Verdict};
use domain::time::{DAY, MINUTE};
use domain::{Channel, ConversationId, Timestamp};
use store::MediaFile;
use store::vault::contacts::FetchedProfile;
use tokio_util::sync::CancellationToken;

use crate::arrivals;
use crate::connected::{Connected, SignIn};
use crate::decode::Purpose;
use crate::error::{Error, Result};
use crate::news::News;
use crate::shop::Shop;
use crate::tokens::{Fresh, Whose};

/// How often somebody's profile is asked for.
const AGAIN_AFTER: i64 = 7 * DAY;
/// After a platform that could not be reached.
const SOON: i64 = 5 * MINUTE;
/// How many are looked up at once.
const LOOK_UP: u32 = 16;
/// How long to sleep when nobody wakes us.
const SLEEP: Duration = Duration::from_secs(300);

/// Asks for every profile that is due; then waits for new people.
pub(crate) async fn run(shop: Arc<Shop>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = ask_all(&shop) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = shop.wake.profiles.notified() => {}
            () = tokio::time::sleep(SLEEP) => {}
        }
    }
}

async fn ask_all(shop: &Shop) {
    for connected in shop.connections() {
        if !matches!(connected.channel(), Channel::Messenger | Channel::Instagram) {
            continue;
        }
        'connection: loop {
            let now = shop.now();
            let due = connected
                .read(move |read| read.profiles_due(now, LOOK_UP))
                .await;
            let due = due.unwrap_or_default();
            if due.is_empty() {
                break;
            }
            for conversation in due {
                let asked = ask(shop, &connected, conversation).await;
                arrivals::release(shop, conversation).await;
                match asked {
                    Ok(Asked::Settled) => {}
                    Ok(Asked::NoProof) => break 'connection,
                    Err(error) => {
                        tracing::warn!(%error, "a profile was not written");
                        return;
                    }
                }
            }
        }
    }
}

/// What became of a question.
enum Asked {
    /// It was answered, or is asked again later.
    Settled,
    /// Besides, no proof that the platform takes is to be had: the others would fare the same.
    NoProof,
}

async fn ask(shop: &Shop, connected: &Arc<Connected>, id: ConversationId) -> Result<Asked> {
    let contact = connected
        .read(move |read| read.contact(id))
        .await?
        .ok_or(Error::Gone)?;
    let now = shop.now();
    let Some(key) = contact.keys.first().cloned() else {
        return postpone(connected, id, now.plus(AGAIN_AFTER)).await;
    };
    let key = &key;
    let question = |token: Token| async move { profile(&shop.graph, &token, key).await };
    let whose = Whose::Connection(connected.id);
    let told = match shop.ask_meta(&whose, Fresh::Kept, question).await? {
        None => return postpone(connected, id, now.plus(SOON)).await,
        Some(Ok(told)) => told,
        Some(Err(error)) => {
            if error.verdict() == Some(Verdict::SignInEnded) {
                shop.learn(connected, |health| health.sign_in = SignIn::Ended)
                    .await;
            }
            postpone(connected, id, next(&error, now)).await?;
            return Ok(match error.verdict() {
                Some(Verdict::ProofWrong) => Asked::NoProof,
                _ => Asked::Settled,
            });
        }
    };
    let picture = match &told.picture {
        Some(link) => portrait(shop, connected, link).await,
        None => None,
    };
    let fetched = FetchedProfile {
        name: told.name,
        handle: told.handle,
        picture,
    };
    connected
        .write(move |write| write.set_profile(id, &fetched, now, now.plus(AGAIN_AFTER)))
        .await?;
    shop.herald.tell(News::Conversations(vec![id]));
    Ok(Asked::Settled)
}

/// When to ask again after a refusal.
fn next(error: &PlatformError, now: Timestamp) -> Timestamp {
    match error {
        PlatformError::Refused(refusal) => match refusal.verdict {
            Verdict::Down | Verdict::TooFast(_) | Verdict::ProofWrong | Verdict::SignInEnded => {
                now.plus(SOON)
            }
            _ => now.plus(DAY),
        },
        _ => now.plus(SOON),
    }
}

async fn postpone(connected: &Arc<Connected>, id: ConversationId, at: Timestamp) -> Result<Asked> {
    connected
        .write(move |write| write.postpone_profile(id, at))
        .await?;
    Ok(Asked::Settled)
}

/// The person's picture, drawn anew and small. Without it the name is still worth having.
async fn portrait(shop: &Shop, connected: &Arc<Connected>, link: &str) -> Option<MediaFile> {
    let mut bytes = Vec::new();
    fetch_link(&shop.graph, link, &mut bytes).await.ok()?;
    let decoded = shop.decoder.decode(bytes, Purpose::Portrait).await.ok()?;
    connected
        .work(move |vault| vault.media().write(&decoded.full.bytes))
        .await
        .ok()
}
