//! Deletion receipts: proof that something was erased, which anyone can check offline.
//!
//! A receipt is three signed notes, one below the other. The **notice** is signed by the device's
//! identity before the wipe begins, and names a key made for this wipe. The **completion** is signed
//! by that key when the wipe is done, since the identity may be gone by then. The relay's
//! **statement** names the hashes of both and says what the relay itself erased. None of them holds
//! personal data. Each says only what its signer knows.

use crate::ids::BadId;
use crate::note::{self, BadNote};
use crate::order::DeletionCode;
use crate::{
    DeletionId, DeviceId, Digest, LoginId, RelayId, SigningSecret, StreamId, VerifyKey, read_date,
    write_date,
};

/// Why a receipt, or a part of one, is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// It is not written as one.
    #[error("this is not a Shopbell receipt")]
    Malformed,
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

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl $name {
            /// Its word in the text.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            fn read(word: &str) -> Result<Self, Untrusted> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(Untrusted::Malformed),
                }
            }
        }
    };
}

words! {
    /// Who asked for a wipe.
    AskedBy {
        /// The owner of the shop.
        Owner = "owner",
        /// Meta's data-deletion callback.
        Meta = "meta",
        /// Meta's deauthorize callback, after its grace.
        Deauthorized = "deauthorized",
        /// A person who wrote to the shop.
        Person = "person",
        /// A retention rule of the shop.
        Retention = "retention",
    }
}
words! {
    /// How much a wipe covers.
    Scope {
        /// One connection.
        Connection = "connection",
        /// All connections of a login.
        Login = "login",
        /// One person.
        Person = "person",
        /// Everything on this device.
        Everything = "everything",
    }
}
words! {
    /// What Meta said when access was to be given up.
    AtMeta {
        /// Meta confirmed it.
        Confirmed = "confirmed",
        /// Another connection still needs it.
        StillNeeded = "still-needed",
        /// Access had ended before.
        AlreadyGone = "already-gone",
        /// Meta did not confirm it; the owner does it in Meta's own settings.
        NotConfirmed = "not-confirmed",
    }
}

/// Where an owner ends access when Meta did not confirm it.
pub const META_SETTINGS: &str = "https://www.facebook.com/settings?tab=business_tools";

/// What a device announces before it wipes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WipeNotice {
    /// The wipe.
    pub deletion: DeletionId,
    /// Who asked.
    pub asked_by: AskedBy,
    /// When.
    pub asked_at: i64,
    /// The deletion order it carries out, if one.
    pub code: Option<DeletionCode>,
    /// How much it covers.
    pub scope: Scope,
    /// The device's identity; its id follows from it.
    pub identity: VerifyKey,
    /// The key that will sign the completion.
    pub wipe_key: VerifyKey,
    /// The relay it tells.
    pub relay: RelayId,
    /// The streams that end.
    pub streams: Vec<StreamId>,
    /// The logins that end on this device.
    pub logins: Vec<LoginId>,
}

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

/// What the relay states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayStatement {
    /// The wipe.
    pub deletion: DeletionId,
    /// The hash of the notice.
    pub notice: Digest,
    /// The hash of the completion.
    pub completion: Digest,
    /// The relay.
    pub relay: RelayId,
    /// The key it signed with.
    pub relay_key: VerifyKey,
    /// When it heard.
    pub received_at: i64,
    /// When it had erased its part.
    pub erased_at: i64,
    /// How many streams it erased.
    pub streams: u64,
    /// How many sealed envelopes it erased, none of which it could read.
    pub envelopes: u64,
    /// How many proofs of access it erased.
    pub routes: u64,
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

impl WipeNotice {
    /// The device that wipes.
    pub fn device(&self) -> DeviceId {
        DeviceId::of(&self.identity)
    }

    /// Signs the notice with the device's identity.
    pub fn sign(&self, identity: &SigningSecret) -> String {
        note::sign(&self.text(), &format!("device/{}", self.device()), identity)
    }

    /// Reads a notice and checks its signature.
    pub fn verify(signed: &str) -> Result<Self, Untrusted> {
        let notice = Self::unchecked(signed)?;
        notice.check_signature(signed)?;
        Ok(notice)
    }

    fn unchecked(signed: &str) -> Result<Self, Untrusted> {
        Self::read(note::text_of(signed).ok_or(Untrusted::Malformed)?)
    }

    fn check_signature(&self, signed: &str) -> Result<(), Untrusted> {
        note::verify(signed, &format!("device/{}", self.device()), &self.identity)?;
        Ok(())
    }

    fn text(&self) -> String {
        let code = self
            .code
            .map_or_else(|| "none".to_owned(), |code| code.to_string());
        format!(
            "shopbell.app/wipe-notice/v1\ndeletion {}\nasked-by {}\nasked-at {}\ncode {code}\n\
             scope {}\ndevice {}\ndevice-key {}\nwipe-key {}\nrelay {}\nstreams{}\nlogins{}\n",
            self.deletion,
            self.asked_by.word(),
            write_date(self.asked_at),
            self.scope.word(),
            self.device(),
            self.identity,
            self.wipe_key,
            self.relay,
            list(&self.streams),
            list(&self.logins),
        )
    }

    fn read(text: &str) -> Result<Self, Untrusted> {
        let mut lines = Lines::of(text, "shopbell.app/wipe-notice/v1")?;
        let deletion = lines.value("deletion")?.parse()?;
        let asked_by = AskedBy::read(lines.value("asked-by")?)?;
        let asked_at = lines.date("asked-at")?;
        let code = match lines.value("code")? {
            "none" => None,
            code => Some(code.parse()?),
        };
        let scope = Scope::read(lines.value("scope")?)?;
        let _: DeviceId = lines.value("device")?.parse()?;
        let notice = Self {
            deletion,
            asked_by,
            asked_at,
            code,
            scope,
            identity: lines.value("device-key")?.parse()?,
            wipe_key: lines.value("wipe-key")?.parse()?,
            relay: lines.value("relay")?.parse()?,
            streams: lines.ids("streams")?,
            logins: lines.ids("logins")?,
        };
        (notice.text() == text)
            .then_some(notice)
            .ok_or(Untrusted::Malformed)
    }
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

    fn unchecked(
        signed: &str,
        (notice, signed_notice): (&WipeNotice, &str),
    ) -> Result<Self, Untrusted> {
        let completion = Self::read(note::text_of(signed).ok_or(Untrusted::Malformed)?)?;
        let belongs = completion.deletion == notice.deletion
            && completion.notice == Digest::of(signed_notice.as_bytes());
        belongs.then_some(completion).ok_or(Untrusted::Mixed)
    }

    fn check_signature(&self, signed: &str, notice: &WipeNotice) -> Result<(), Untrusted> {
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

impl RelayStatement {
    /// Signs the statement with the relay's key, which it names.
    pub fn sign(&self, key: &SigningSecret) -> String {
        note::sign(&self.text(), &format!("relay/{}", self.relay), key)
    }

    /// Reads a statement and checks that it belongs to these two notes, whose own signatures are
    /// for the caller to check. The key is the one it names itself: whether that is the relay's is
    /// for the caller to know.
    pub fn verify(
        signed: &str,
        signed_notice: &str,
        signed_completion: &str,
    ) -> Result<Self, Untrusted> {
        let notice = WipeNotice::unchecked(signed_notice)?;
        let statement = Self::unchecked(signed, (&notice, signed_notice), signed_completion)?;
        statement.check_signature(signed)?;
        Ok(statement)
    }

    fn unchecked(
        signed: &str,
        (notice, signed_notice): (&WipeNotice, &str),
        signed_completion: &str,
    ) -> Result<Self, Untrusted> {
        let statement = Self::read(note::text_of(signed).ok_or(Untrusted::Malformed)?)?;
        let belongs = statement.deletion == notice.deletion
            && statement.relay == notice.relay
            && statement.notice == Digest::of(signed_notice.as_bytes())
            && statement.completion == Digest::of(signed_completion.as_bytes());
        belongs.then_some(statement).ok_or(Untrusted::Mixed)
    }

    fn check_signature(&self, signed: &str) -> Result<(), Untrusted> {
        note::verify(signed, &format!("relay/{}", self.relay), &self.relay_key)?;
        Ok(())
    }

    fn text(&self) -> String {
        format!(
            "shopbell.app/relay-statement/v1\ndeletion {}\nnotice {}\ncompletion {}\nrelay {}\n\
             relay-key {}\nreceived-at {}\nerased-at {}\nerased streams={} envelopes={} routes={}\n",
            self.deletion,
            self.notice,
            self.completion,
            self.relay,
            self.relay_key,
            write_date(self.received_at),
            write_date(self.erased_at),
            self.streams,
            self.envelopes,
            self.routes,
        )
    }

    fn read(text: &str) -> Result<Self, Untrusted> {
        let mut lines = Lines::of(text, "shopbell.app/relay-statement/v1")?;
        let mut statement = Self {
            deletion: lines.value("deletion")?.parse()?,
            notice: lines.value("notice")?.parse()?,
            completion: lines.value("completion")?.parse()?,
            relay: lines.value("relay")?.parse()?,
            relay_key: lines.value("relay-key")?.parse()?,
            received_at: lines.date("received-at")?,
            erased_at: lines.date("erased-at")?,
            streams: 0,
            envelopes: 0,
            routes: 0,
        };
        let counts = lines.counts("erased")?;
        let [(_, streams), (_, envelopes), (_, routes)] = counts.as_slice() else {
            return Err(Untrusted::Malformed);
        };
        (statement.streams, statement.envelopes, statement.routes) =
            (*streams, *envelopes, *routes);
        (statement.text() == text)
            .then_some(statement)
            .ok_or(Untrusted::Malformed)
    }
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

    /// Checks a receipt, offline. `relay_key` is the relay key to trust, which must have signed;
    /// without it the receipt shows only that its parts fit and which key signed.
    pub fn verify(receipt: &str, relay_key: Option<&VerifyKey>) -> Result<Self, Untrusted> {
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

fn list<T: std::fmt::Display>(items: &[T]) -> String {
    items.iter().map(|item| format!(" {item}")).collect()
}

fn counts(items: &[(String, u64)]) -> String {
    items
        .iter()
        .map(|(name, count)| format!(" {}={count}", word_of(name)))
        .collect()
}

fn word_of(name: &str) -> String {
    name.chars()
        .filter(|letter| letter.is_ascii_lowercase() || *letter == '-')
        .collect()
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { '?' } else { letter })
        .collect()
}

/// The lines of a text, taken in order.
struct Lines<'a>(std::iter::Peekable<std::str::Lines<'a>>);

impl<'a> Lines<'a> {
    fn of(text: &'a str, first: &str) -> Result<Self, Untrusted> {
        let mut lines = text.lines().peekable();
        (lines.next() == Some(first))
            .then_some(Self(lines))
            .ok_or(Untrusted::Malformed)
    }

    fn value(&mut self, name: &str) -> Result<&'a str, Untrusted> {
        let value = self.0.peek().and_then(|line| line.strip_prefix(name));
        let value = value.and_then(|value| {
            if value.is_empty() {
                Some("")
            } else {
                value.strip_prefix(' ')
            }
        });
        self.0.next_if(|_| value.is_some());
        value.ok_or(Untrusted::Malformed)
    }

    fn date(&mut self, name: &str) -> Result<i64, Untrusted> {
        read_date(self.value(name)?).ok_or(Untrusted::Malformed)
    }

    fn ids<T: std::str::FromStr<Err = BadId>>(&mut self, name: &str) -> Result<Vec<T>, Untrusted> {
        let ids = self.value(name)?.split_ascii_whitespace();
        ids.map(|id| id.parse().map_err(Untrusted::from)).collect()
    }

    fn counts(&mut self, name: &str) -> Result<Vec<(String, u64)>, Untrusted> {
        let count = |pair: &str| {
            let (name, count) = pair.split_once('=')?;
            Some((name.to_owned(), count.parse().ok()?))
        };
        let pairs = self.value(name)?.split_ascii_whitespace();
        pairs
            .map(|pair| count(pair).ok_or(Untrusted::Malformed))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for changed in [
            format!("{receipt}\n"),
            format!("{receipt} "),
            receipt.replace('\n', "\r\n"),
        ] {
            assert!(VerifiedReceipt::verify(&changed, Some(&trusted)).is_err());
        }
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
