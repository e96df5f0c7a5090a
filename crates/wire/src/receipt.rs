//! Deletion receipts: proof that something was erased, which anyone can check offline.
//!
//! A receipt is three signed notes, one below the other. The **notice** is signed by the device's
//! identity before the wipe begins, and names a key made for this wipe. The **completion** is signed
//! by that key when the wipe is done, since the identity may be gone by then. The relay's
//! **statement** names the hashes of both and says what the relay itself erased. None of them holds
//! personal data. Each says only what its signer knows.

mod completion;
mod lines;
mod notice;
mod statement;
mod words;

use crate::VerifyKey;
use crate::ids::BadId;
use crate::note::{self, BadNote};

pub use completion::WipeCompletion;
pub use notice::WipeNotice;
pub use statement::RelayStatement;
pub use words::{AskedBy, AtMeta, META_SETTINGS, Scope};

/// Why a receipt, or a part of one, is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// It is not written as one.
    #[error("this is not a Shopbell receipt")]
    Malformed,
    /// Its lines end otherwise than they did, or a mark stands before the first one.
    #[error(
        "this file was saved anew, perhaps by an editor or a mail program, which changes the ends of \
         its lines"
    )]
    SavedAnew,
    /// A signature is not good: a byte was changed, or somebody else wrote it.
    #[error("a signature of this receipt is not good")]
    Signature,
    /// Its parts do not belong together.
    #[error("the parts of this receipt do not belong together")]
    Mixed,
    /// It was signed by another relay key than the one that is trusted.
    #[error("this receipt was signed by another relay key than the one given")]
    OtherRelayKey,
    /// A relay key is given, and no relay has signed: it was never answered, or its part was cut
    /// off.
    #[error("this receipt has no statement of the relay for the key given")]
    NoStatement,
}

impl From<BadNote> for Untrusted {
    fn from(bad: BadNote) -> Self {
        match bad {
            BadNote::Malformed => Self::Malformed,
            BadNote::Signature => Self::Signature,
        }
    }
}

impl From<BadId> for Untrusted {
    fn from(_: BadId) -> Self {
        Self::Malformed
    }
}

/// A receipt all of whose signatures are good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedReceipt {
    /// What the device announced.
    pub notice: WipeNotice,
    /// What the device reported.
    pub completion: WipeCompletion,
    /// What the relay stated; absent while it has not answered.
    pub statement: Option<RelayStatement>,
}

impl VerifiedReceipt {
    /// Puts a receipt together as it is kept in a file. Without a statement it is one the relay has
    /// not answered yet.
    pub fn assemble(notice: &str, completion: &str, statement: Option<&str>) -> String {
        match statement {
            Some(statement) => format!("{notice}\n{completion}\n{statement}"),
            None => format!("{notice}\n{completion}"),
        }
    }

    /// Whether its times fit together. Each is its signer's own word: where they do not fit, a clock
    /// was wrong or somebody moved one. Where they do, only the relay's bounds the others from
    /// outside, and nothing bounds the relay's.
    pub fn times_fit(&self) -> bool {
        /// How far two clocks may be apart.
        const SLACK: i64 = 5 * 60 * 1000;
        let inside = self.notice.asked_at <= self.completion.completed_at;
        let outside = self.statement.as_ref().is_none_or(|said| {
            // On an order of Meta's it erased before the computer told it.
            said.erased_at <= said.received_at
                && self.completion.completed_at <= said.received_at.saturating_add(SLACK)
        });
        inside && outside
    }

    /// Checks a receipt, offline. `relay_key` is the relay key to trust, which must have signed;
    /// without it the receipt shows only that its parts fit and which key signed.
    pub fn verify(receipt: &str, relay_key: Option<&VerifyKey>) -> Result<Self, Untrusted> {
        if receipt.contains('\r') || receipt.starts_with('\u{feff}') {
            return Err(Untrusted::SavedAnew);
        }
        let notes = split_notes(receipt).ok_or(Untrusted::Malformed)?;
        let (signed_notice, signed_completion, signed_statement) = match notes.as_slice() {
            [notice, completion] => (*notice, *completion, None),
            [notice, completion, statement] => (*notice, *completion, Some(*statement)),
            _ => return Err(Untrusted::Malformed),
        };
        let notice = WipeNotice::unchecked(signed_notice)?;
        let both = (&notice, signed_notice);
        let completion = WipeCompletion::unchecked(signed_completion, both)?;
        let statement = signed_statement
            .map(|signed| RelayStatement::unchecked(signed, both, signed_completion))
            .transpose()?;
        if let (Some(signed), Some(statement)) = (signed_statement, &statement) {
            statement.check_signature(signed)?;
        }
        completion.check_signature(signed_completion, &notice)?;
        notice.check_signature(signed_notice)?;
        match (relay_key, &statement) {
            (Some(_), None) => return Err(Untrusted::NoStatement),
            (Some(trusted), Some(statement)) if *trusted != statement.relay_key => {
                return Err(Untrusted::OtherRelayKey);
            }
            _ => {}
        }
        Ok(Self {
            notice,
            completion,
            statement,
        })
    }
}

/// Splits a receipt into its notes: each is a text, a blank line and one signature line; a blank
/// line stands between two of them.
fn split_notes(receipt: &str) -> Option<Vec<&str>> {
    let mut notes = Vec::new();
    let mut rest = receipt;
    loop {
        let text = note::text_of(rest)?;
        let signature = rest.get(text.len() + 1..)?.split_inclusive('\n').next()?;
        let (note, after) = rest.split_at_checked(text.len() + 1 + signature.len())?;
        notes.push(note);
        if after.is_empty() {
            return Some(notes);
        }
        rest = after.strip_prefix('\n')?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::DeletionCode;
    use crate::{DeletionId, Digest, LoginId, RelayId, SigningSecret, StreamId};

    fn key(seed: u8) -> SigningSecret {
        SigningSecret::from_seed(&[seed; 32])
    }

    fn notice() -> WipeNotice {
        WipeNotice {
            deletion: DeletionId::from_bytes([9; 16]),
            asked_by: AskedBy::Meta,
            asked_at: 1_795_341_600_000,
            code: Some(DeletionCode::from_entropy(*b"fifteen letters")),
            scope: Scope::Login,
            identity: key(1).public(),
            wipe_key: key(2).public(),
            relay: RelayId::from_bytes([3; 16]),
            streams: vec![StreamId::from_bytes([4; 16]), StreamId::from_bytes([5; 16])],
            logins: vec![LoginId::from_bytes([6; 16])],
        }
    }

    fn completion(signed_notice: &str) -> WipeCompletion {
        WipeCompletion {
            deletion: notice().deletion,
            notice: Digest::of(signed_notice.as_bytes()),
            completed_at: 1_795_341_602_000,
            erased: vec![("connections".into(), 2), ("files".into(), 31)],
            kept: vec![("orders".into(), 3)],
            revoked: AtMeta::NotConfirmed,
            unsubscribed: AtMeta::Confirmed,
            backups: vec!["shop 2026-11-20.shopbell".into()],
        }
    }

    fn statement(signed_notice: &str, signed_completion: &str) -> RelayStatement {
        RelayStatement {
            deletion: notice().deletion,
            notice: Digest::of(signed_notice.as_bytes()),
            completion: Digest::of(signed_completion.as_bytes()),
            relay: notice().relay,
            relay_key: key(7).public(),
            received_at: 1_795_341_603_000,
            erased_at: 1_795_341_603_000,
            streams: 2,
            envelopes: 14,
            routes: 2,
        }
    }

    fn receipt() -> String {
        let signed_notice = notice().sign(&key(1));
        let signed_completion = completion(&signed_notice).sign(&key(2));
        let signed_statement = statement(&signed_notice, &signed_completion).sign(&key(7));
        VerifiedReceipt::assemble(&signed_notice, &signed_completion, Some(&signed_statement))
    }

    #[test]
    fn a_receipt_is_frozen_and_verifies() {
        insta::assert_snapshot!("receipt", receipt());
        let verified = VerifiedReceipt::verify(&receipt(), Some(&key(7).public())).unwrap();
        assert_eq!(verified.notice, notice());
        let signed_notice = notice().sign(&key(1));
        assert_eq!(verified.completion, completion(&signed_notice));
        assert_eq!(verified.statement.map(|said| said.envelopes), Some(14));
    }

    #[test]
    fn a_receipt_without_the_relays_answer_says_so() {
        let signed_notice = notice().sign(&key(1));
        let signed_completion = completion(&signed_notice).sign(&key(2));
        let receipt = VerifiedReceipt::assemble(&signed_notice, &signed_completion, None);
        assert_eq!(
            VerifiedReceipt::verify(&receipt, None).unwrap().statement,
            None
        );
    }

    #[test]
    fn a_receipt_whose_relay_part_was_cut_off_does_not_pass_for_a_trusted_key() {
        let signed_notice = notice().sign(&key(1));
        let signed_completion = completion(&signed_notice).sign(&key(2));
        let cut = VerifiedReceipt::assemble(&signed_notice, &signed_completion, None);
        assert!(receipt().starts_with(&cut), "it is the whole one, cut");
        let trusted = key(7).public();
        assert_eq!(
            VerifiedReceipt::verify(&cut, Some(&trusted)),
            Err(Untrusted::NoStatement)
        );
        assert!(VerifiedReceipt::verify(&receipt(), Some(&trusted)).is_ok());
    }

    #[test]
    fn every_changed_byte_of_a_receipt_is_noticed() {
        let receipt = receipt();
        let trusted = key(7).public();
        for at in 0..receipt.len() {
            let mut bytes = receipt.clone().into_bytes();
            bytes[at] ^= 1 << (at % 7);
            if let Ok(changed) = String::from_utf8(bytes) {
                let verdict = VerifiedReceipt::verify(&changed, Some(&trusted));
                assert!(verdict.is_err(), "byte {at}");
            }
        }
        for changed in [format!("{receipt}\n"), format!("{receipt} ")] {
            assert!(VerifiedReceipt::verify(&changed, Some(&trusted)).is_err());
        }
        for carried in [receipt.replace('\n', "\r\n"), format!("\u{feff}{receipt}")] {
            assert_eq!(
                VerifiedReceipt::verify(&carried, Some(&trusted)),
                Err(Untrusted::SavedAnew)
            );
        }
    }

    #[test]
    fn no_date_is_moved_without_its_key() {
        let receipt = receipt();
        let trusted = key(7).public();
        let mut moved = 0;
        for (at, line) in receipt.lines().enumerate() {
            let Some((name, date)) = line.rsplit_once(' ') else {
                continue;
            };
            let Some(time) = crate::read_date(date) else {
                continue;
            };
            for step in 1..=75 {
                let time = time - step * 7 * 3_600_000;
                let line = format!("{name} {}", crate::write_date(time));
                let lines: Vec<&str> = receipt.split('\n').collect();
                let changed = [&lines[..at], &[&line], &lines[at + 1..]]
                    .concat()
                    .join("\n");
                let verdict = VerifiedReceipt::verify(&changed, Some(&trusted));
                assert!(verdict.is_err(), "{line}");
                moved += 1;
            }
        }
        assert_eq!(moved, 4 * 75);
    }

    #[test]
    fn times_that_do_not_fit_are_told_and_those_of_a_liar_who_takes_care_are_not() {
        let with = |asked: i64, completed: i64, received: i64, erased: i64| {
            let signed_notice = WipeNotice {
                asked_at: asked,
                ..notice()
            }
            .sign(&key(1));
            let signed_completion = WipeCompletion {
                completed_at: completed,
                ..completion(&signed_notice)
            }
            .sign(&key(2));
            let signed_statement = RelayStatement {
                received_at: received,
                erased_at: erased,
                ..statement(&signed_notice, &signed_completion)
            }
            .sign(&key(7));
            let receipt = VerifiedReceipt::assemble(
                &signed_notice,
                &signed_completion,
                Some(&signed_statement),
            );
            VerifiedReceipt::verify(&receipt, None).unwrap().times_fit()
        };
        let day = 24 * 3_600_000;
        let now = 1_795_341_600_000;
        assert!(with(now, now, now, now));
        assert!(
            with(now, now, now + 8 * day, now + 8 * day),
            "a late notice"
        );
        assert!(
            !with(now, now - day, now, now),
            "erased before it was asked"
        );
        assert!(with(now, now, now, now - day), "on an order of Meta's");
        assert!(
            !with(now, now, now - day, now - day),
            "known before it was done"
        );
        assert!(
            !with(now, now, now, now + day),
            "gone after that was stated"
        );
        // What all signers agree on nobody can tell from the truth.
        assert!(with(
            now - 300 * day,
            now - 300 * day,
            now - 300 * day,
            now - 300 * day
        ));
    }

    #[test]
    fn another_relay_key_is_named() {
        let other = key(8).public();
        let verdict = VerifiedReceipt::verify(&receipt(), Some(&other));
        assert_eq!(verdict, Err(Untrusted::OtherRelayKey));
    }

    #[test]
    fn parts_of_two_receipts_do_not_make_one() {
        let signed_notice = notice().sign(&key(1));
        let other_notice = WipeNotice {
            asked_at: 0,
            ..notice()
        }
        .sign(&key(1));
        let signed_completion = completion(&signed_notice).sign(&key(2));
        assert_eq!(
            WipeCompletion::verify(&signed_completion, &other_notice),
            Err(Untrusted::Mixed)
        );
        let said = statement(&signed_notice, "another").sign(&key(7));
        let verdict = RelayStatement::verify(&said, &signed_notice, &signed_completion);
        assert_eq!(verdict, Err(Untrusted::Mixed));
    }

    #[test]
    fn only_the_key_the_notice_names_completes_a_wipe() {
        let signed_notice = notice().sign(&key(1));
        let forged = completion(&signed_notice).sign(&key(1));
        assert_eq!(
            WipeCompletion::verify(&forged, &signed_notice),
            Err(Untrusted::Signature)
        );
        let forged = notice().sign(&key(2));
        assert_eq!(WipeNotice::verify(&forged), Err(Untrusted::Signature));
    }

    #[test]
    fn a_file_name_cannot_write_lines_into_a_receipt() {
        let signed_notice = notice().sign(&key(1));
        let mut sly = completion(&signed_notice);
        sly.backups = vec!["a\nerased connections=9\n".into()];
        let signed = sly.sign(&key(2));
        let read = WipeCompletion::verify(&signed, &signed_notice).unwrap();
        assert_eq!(read.backups, ["a?erased connections=9?"]);
    }
}
