//! Tells the platform, and so the person, that their messages were read. Best effort: a reading
//! that cannot be told is never shown as trouble.

use std::sync::Arc;
use std::time::Duration;

use channels::meta::send::mark_read;
use channels::meta::{Error as PlatformError, Token, Verdict};
use store::vault::reading::ReadToTell;
use tokio_util::sync::CancellationToken;

use crate::connected::Connected;
use crate::error::{Error, Result};
use crate::shop::Shop;
use crate::tokens::{Fresh, Whose};

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

/// What became of one.
enum Told {
    /// The platform knows, or will never know.
    Yes,
    /// Another time it may.
    Later,
    /// No proof that the platform takes is to be had: the others would fare the same.
    NoProof,
}

/// True if some are left for later.
async fn tell_all(shop: &Shop) -> bool {
    let mut left = false;
    for connected in shop.connections() {
        let to_tell = connected.read(|read| read.reads_to_tell(LOOK_UP)).await;
        for one in to_tell.unwrap_or_default() {
            match tell(shop, &connected, one).await {
                Ok(Told::Yes) => {}
                Ok(Told::Later) => left = true,
                Ok(Told::NoProof) => {
                    left = true;
                    break;
                }
                Err(error) => {
                    tracing::debug!(%error, "a reading was not told");
                    left = true;
                }
            }
        }
    }
    left
}

async fn tell(shop: &Shop, connected: &Arc<Connected>, one: ReadToTell) -> Result<Told> {
    let id = one.conversation;
    let contact = connected
        .read(move |read| read.contact(id))
        .await?
        .ok_or(Error::Gone)?;
    if let Some(key) = contact.keys.first() {
        let (account, message) = (&connected.account, &one.platform_id);
        let ask = |token: Token| async move {
            mark_read(&shop.graph, account, &token, key, message).await
        };
        let whose = Whose::Connection(connected.id);
        if let Some(Err(error)) = shop.ask_meta(&whose, Fresh::Kept, ask).await? {
            if error.verdict() == Some(Verdict::ProofWrong) {
                return Ok(Told::NoProof);
            }
            if may_help_later(&error) {
                return Ok(Told::Later);
            }
        }
    }
    connected
        .write(move |write| write.read_was_told(&one))
        .await?;
    Ok(Told::Yes)
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
