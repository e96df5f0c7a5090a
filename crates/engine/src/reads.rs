//! Tells the platform, and so the person, that their messages were read. Best effort: a reading
//! that cannot be told is never shown as trouble.

use std::sync::Arc;
use std::time::Duration;

use channels::meta::send::mark_read;
use channels::meta::{Error as PlatformError, Verdict};
use store::vault::conversations::ReadToTell;
use tokio_util::sync::CancellationToken;

use crate::connected::Connected;
use crate::error::{Error, Result};
use crate::shop::Shop;

/// How many are looked up at once.
const LOOK_UP: u32 = 32;
/// How long to wait after a platform that could not be reached.
const LATER: Duration = Duration::from_secs(60);

/// Tells every reading that was not told yet; then waits for the next.
pub(crate) async fn run(shop: Arc<Shop>, stop: CancellationToken) {
    loop {
        let left = tokio::select! {
            () = stop.cancelled() => return,
            left = tell_all(&shop) => left,
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = shop.wake.reads.notified() => {}
            () = tokio::time::sleep(LATER), if left => {}
        }
    }
}

/// True if some are left for later.
async fn tell_all(shop: &Shop) -> bool {
    let mut left = false;
    for connected in shop.connections() {
        let to_tell = connected.read(|read| read.reads_to_tell(LOOK_UP)).await;
        for one in to_tell.unwrap_or_default() {
            match tell(shop, &connected, one).await {
                Ok(true) => {}
                Ok(false) => left = true,
                Err(error) => {
                    tracing::debug!(%error, "a reading was not told");
                    left = true;
                }
            }
        }
    }
    left
}

/// True if the platform knows, or will never know.
async fn tell(shop: &Shop, connected: &Arc<Connected>, one: ReadToTell) -> Result<bool> {
    let id = one.conversation;
    let contact = connected
        .read(move |read| read.contact(id))
        .await?
        .ok_or(Error::Gone)?;
    let token = shop.token_of(connected.id).await?;
    if let (Some(key), Some(token)) = (contact.keys.first(), token) {
        let account = &connected.account;
        let told = mark_read(&shop.graph, account, &token, key, &one.platform_id).await;
        if told.is_err_and(|error| may_help_later(&error)) {
            return Ok(false);
        }
    }
    connected
        .write(move |write| write.read_was_told(&one))
        .await?;
    Ok(true)
}

fn may_help_later(error: &PlatformError) -> bool {
    match error {
        PlatformError::Refused(refusal) => {
            matches!(
                refusal.verdict,
                Verdict::Down | Verdict::TooFast(_) | Verdict::ProofWrong
            )
        }
        PlatformError::Unreachable(_) | PlatformError::Lost(_) | PlatformError::Failed(_) => true,
        PlatformError::Foreign(_)
        | PlatformError::Unreadable
        | PlatformError::WrongOrigin
        | PlatformError::NotOffered => false,
    }
}
