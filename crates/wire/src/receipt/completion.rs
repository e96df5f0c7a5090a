//! The completion: what a device reports when it has wiped, signed by the key of that wipe.

use super::lines::{Lines, counts, one_line};
use super::{AtMeta, META_SETTINGS, Untrusted, WipeNotice};
use crate::note;
use crate::{DeletionId, Digest, SigningSecret, write_date};

/// What a device reports when it has wiped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WipeCompletion {
    /// The wipe.
    pub deletion: DeletionId,
    /// The hash of the notice.
    pub notice: Digest,
    /// When it was done.
    pub completed_at: i64,
    /// What was erased: names of things and their number. Names are lower-case words.
    pub erased: Vec<(String, u64)>,
    /// What was kept, such as orders without names.
    pub kept: Vec<(String, u64)>,
    /// Whether the permissions were revoked at Meta.
    pub revoked: AtMeta,
    /// Whether the app was unsubscribed at Meta.
    pub unsubscribed: AtMeta,
    /// Backup files that remain, by file name.
    pub backups: Vec<String>,
}

impl WipeCompletion {
    /// Signs the completion with the wipe's key.
    pub fn sign(&self, wipe: &SigningSecret) -> String {
        note::sign(&self.text(), &format!("wipe/{}", self.deletion), wipe)
    }

    /// Reads a completion and checks that it belongs to this notice, which is checked as well.
    pub fn verify(signed: &str, signed_notice: &str) -> Result<Self, Untrusted> {
        let notice = WipeNotice::verify(signed_notice)?;
        let completion = Self::unchecked(signed, (&notice, signed_notice))?;
        completion.check_signature(signed, &notice)?;
        Ok(completion)
    }

    pub(super) fn unchecked(
        signed: &str,
        (notice, signed_notice): (&WipeNotice, &str),
    ) -> Result<Self, Untrusted> {
        let completion = Self::read(note::text_of(signed).ok_or(Untrusted::Malformed)?)?;
        let belongs = completion.deletion == notice.deletion
            && completion.notice == Digest::of(signed_notice.as_bytes());
        belongs.then_some(completion).ok_or(Untrusted::Mixed)
    }

    pub(super) fn check_signature(
        &self,
        signed: &str,
        notice: &WipeNotice,
    ) -> Result<(), Untrusted> {
        note::verify(signed, &format!("wipe/{}", self.deletion), &notice.wipe_key)?;
        Ok(())
    }

    fn text(&self) -> String {
        let mut text = format!(
            "shopbell.app/wipe-completion/v1\ndeletion {}\nnotice {}\ncompleted-at {}\nerased{}\n\
             kept{}\nrevoked-at-meta {}\nunsubscribed-at-meta {}\n",
            self.deletion,
            self.notice,
            write_date(self.completed_at),
            counts(&self.erased),
            counts(&self.kept),
            self.revoked.word(),
            self.unsubscribed.word(),
        );
        if [self.revoked, self.unsubscribed].contains(&AtMeta::NotConfirmed) {
            text.push_str(&format!("end-access-at {META_SETTINGS}\n"));
        }
        for backup in &self.backups {
            text.push_str(&format!("backup-remains {}\n", one_line(backup)));
        }
        text
    }

    fn read(text: &str) -> Result<Self, Untrusted> {
        let mut lines = Lines::of(text, "shopbell.app/wipe-completion/v1")?;
        let mut completion = Self {
            deletion: lines.value("deletion")?.parse()?,
            notice: lines.value("notice")?.parse()?,
            completed_at: lines.date("completed-at")?,
            erased: lines.counts("erased")?,
            kept: lines.counts("kept")?,
            revoked: AtMeta::read(lines.value("revoked-at-meta")?)?,
            unsubscribed: AtMeta::read(lines.value("unsubscribed-at-meta")?)?,
            backups: Vec::new(),
        };
        if [completion.revoked, completion.unsubscribed].contains(&AtMeta::NotConfirmed) {
            lines.value("end-access-at")?;
        }
        while let Ok(backup) = lines.value("backup-remains") {
            completion.backups.push(backup.to_owned());
        }
        (completion.text() == text)
            .then_some(completion)
            .ok_or(Untrusted::Malformed)
    }
}
