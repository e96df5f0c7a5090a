//! The relay is told of every erasure, for as long as it takes, until its signed answer makes the
//! receipt whole.

use std::fs;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use store::{Stage, Wipe};
use tokio_util::sync::CancellationToken;
use wire::api::DeletionNotice;
use wire::receipt::{RelayStatement, VerifiedReceipt};

use super::{Eraser, Owed, owed_name, receipt_of};
use crate::link::client::{RelayError, send_deletion};
use crate::random;
use crate::read::WipeProgress;
use crate::shop::blocking;

/// The first and the longest pause between two notices to a relay that does not answer.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

impl Eraser {
    /// Tells the relay of every erasure until it has answered each.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        loop {
            let left = tokio::select! {
                () = stop.cancelled() => return,
                left = self.tell_all() => left,
            };
            let wait = random::jitter(pause);
            pause = if left {
                (pause * 2).min(LONGEST_PAUSE)
            } else {
                FIRST_PAUSE
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.wake.notified() => pause = FIRST_PAUSE,
                () = tokio::time::sleep(wait), if left => {}
            }
        }
    }

    /// True if a relay is still to answer.
    pub(super) async fn tell_all(&self) -> bool {
        let mut left = false;
        for wipe in self.owed() {
            if wipe.stage < Stage::Swept {
                continue;
            }
            match self.tell_once(&wipe).await {
                Ok(()) => self.show(WipeProgress::Done {
                    receipt: wipe.deletion_id.clone(),
                }),
                Err(error) => {
                    tracing::info!(%error, "the relay has not confirmed an erasure yet");
                    left = true;
                }
            }
        }
        left
    }

    /// Tells the relay, unless it has answered already and only the keychain is still waited for.
    async fn tell_once(&self, wipe: &Wipe) -> Result<(), RelayError> {
        let told = receipt_of(&self.paths, &wipe.deletion_id).filter(|receipt| {
            VerifiedReceipt::verify(receipt, None).is_ok_and(|known| known.statement.is_some())
        });
        match told {
            Some(_) if wipe.secrets_left => Ok(()),
            Some(receipt) => self.finish(wipe, receipt).await,
            None => self.tell(wipe).await,
        }
    }

    async fn tell(&self, wipe: &Wipe) -> Result<(), RelayError> {
        let owed = Owed::of(wipe).ok_or(RelayError::NotARelay)?;
        // Cut off between the last step and this, an erasure has none yet.
        self.write_completion(wipe).map_err(|error| {
            tracing::warn!(%error, "the receipt of an erasure cannot be written yet");
            RelayError::Unreachable
        })?;
        let completion = self
            .completion_of(wipe, &owed)
            .ok_or(RelayError::NotARelay)?;
        let mut receipt = VerifiedReceipt::assemble(&owed.notice, &completion, None);
        if let Some((base, keys)) = &owed.relay {
            let notice = DeletionNotice {
                notice: owed.notice.clone(),
                completion: completion.clone(),
            };
            let answer = send_deletion(&self.http, base, &notice).await?;
            let stated = RelayStatement::verify(&answer.statement, &owed.notice, &completion);
            let stated = stated.map_err(|_| RelayError::NotARelay)?;
            if !keys.contains(&stated.relay_key) {
                // Somebody else's word is no receipt.
                return Err(RelayError::NotARelay);
            }
            let statement = Some(answer.statement.as_str());
            receipt = VerifiedReceipt::assemble(&owed.notice, &completion, statement);
        }
        self.finish(wipe, receipt).await
    }

    /// The receipt is whole: it is written down before the journal forgets. While keychain items are
    /// left, it does not.
    async fn finish(&self, wipe: &Wipe, receipt: String) -> Result<(), RelayError> {
        let (paths, id) = (self.paths.clone(), wipe.deletion_id.clone());
        let (waits, pen) = (wipe.secrets_left, Arc::clone(&self.pen));
        let written = blocking(move || {
            let _writing = pen.lock().unwrap_or_else(PoisonError::into_inner);
            store::write_receipt(&paths, &id, &receipt)?;
            if waits {
                return Ok(());
            }
            match fs::remove_file(paths.receipts().join(format!("{}.txt", owed_name(&id)))) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
                _ => Ok(()),
            }
        })
        .await;
        let finished = written.and_then(|()| match waits {
            true => Ok(()),
            false => Ok(self.journal().finish(&wipe.deletion_id)?),
        });
        finished.map_err(|error| {
            tracing::warn!(%error, "a receipt was not written yet");
            RelayError::Unreachable
        })
    }
}
