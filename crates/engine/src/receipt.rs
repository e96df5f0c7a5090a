//! Checks a deletion receipt offline: `shopbell verify-receipt FILE [--relay-key K]`. It opens no
//! shop and needs no display; what it trusts, it says.

use std::fmt::{self, Write};
use std::fs;
use std::io;
use std::path::Path;

use wire::receipt::{AtMeta, META_SETTINGS, Scope, Untrusted, VerifiedReceipt};
use wire::{VerifyKey, write_date};

/// The largest file that is read: a receipt is a few thousand bytes.
const MOST_BYTES: u64 = 1024 * 1024;

/// Why a receipt is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The file cannot be read, or is far too large.
    #[error(
        "the file cannot be read ({0}): give the file that was saved with \"Save the receipt\""
    )]
    File(#[source] io::Error),
    /// The key given is no key: 64 hex digits.
    #[error("the relay key is 64 hex digits: copy it from the relay's page /keys")]
    Key,
    /// The receipt is not good.
    #[error("Not good: {0}. Do not rely on it; check the file as Shopbell saved it")]
    Untrusted(#[from] Untrusted),
}

/// Checks the receipt in `file` and says in words what it proves. `relay_key` is the relay's key to
/// trust; without it the words say which key signed and that nobody vouched for it.
pub fn verify_file(file: &Path, relay_key: Option<&str>) -> Result<String, ReceiptError> {
    let trusted: Option<VerifyKey> = match relay_key {
        None => None,
        Some(text) => Some(
            text.trim()
                .to_ascii_lowercase()
                .parse()
                .map_err(|_| ReceiptError::Key)?,
        ),
    };
    let size = fs::metadata(file).map_err(ReceiptError::File)?.len();
    if size > MOST_BYTES {
        return Err(ReceiptError::File(io::ErrorKind::FileTooLarge.into()));
    }
    let text = fs::read_to_string(file).map_err(ReceiptError::File)?;
    let verified = VerifiedReceipt::verify(&text, trusted.as_ref())?;
    let mut words = String::new();
    write(&verified, trusted.is_some(), &mut words).expect("a string takes every word");
    Ok(words)
}

fn write(receipt: &VerifiedReceipt, trusted: bool, out: &mut String) -> fmt::Result {
    let VerifiedReceipt {
        notice,
        completion,
        statement: _,
    } = receipt;
    writeln!(out, "Good: nothing in this receipt was changed.")?;
    writeln!(out, "Deletion {}", notice.deletion)?;
    let asked_at = write_date(notice.asked_at);
    writeln!(
        out,
        "Asked by {} at {asked_at}, scope {}",
        notice.asked_by.word(),
        notice.scope.word()
    )?;
    if let Some(code) = notice.code {
        writeln!(out, "Carries out the deletion request {}", code.grouped())?;
    }
    writeln!(
        out,
        "Computer {} erased at {}:",
        notice.device(),
        write_date(completion.completed_at)
    )?;
    for (name, number) in &completion.erased {
        writeln!(out, "  {}", counted(*number, name))?;
    }
    for (name, number) in &completion.kept {
        writeln!(out, "  kept: {}", counted(*number, name))?;
    }
    for backup in &completion.backups {
        writeln!(out, "  a backup remains: {backup}")?;
    }
    if notice.scope == Scope::Person {
        writeln!(out, "The connection itself goes on.")?;
    } else {
        writeln!(out, "Permissions at Meta: {}", said(completion.revoked))?;
        writeln!(
            out,
            "Subscription at Meta: {}",
            said(completion.unsubscribed)
        )?;
    }
    write_relay(receipt, trusted, out)
}

/// What the relay stated, and whose word it all is.
fn write_relay(receipt: &VerifiedReceipt, trusted: bool, out: &mut String) -> fmt::Result {
    if !receipt.times_fit() {
        writeln!(
            out,
            "Its times do not fit together: a clock was wrong, or one of them was made up."
        )?;
    }
    let identity = receipt.notice.identity;
    let Some(stated) = &receipt.statement else {
        writeln!(out, "The relay has not answered yet.")?;
        writeln!(out, "Signed with the computer's key {identity}")?;
        return writeln!(out, "Trusted: the computer's own word alone.");
    };
    writeln!(
        out,
        "Relay {} erased at {}: {}, {}, {}",
        stated.relay,
        write_date(stated.erased_at),
        counted(stated.streams, "streams"),
        counted(stated.envelopes, "sealed envelopes"),
        counted(stated.routes, "routes")
    )?;
    writeln!(
        out,
        "The relay heard of it at {}; an earlier time is the computer's own word.",
        write_date(stated.received_at)
    )?;
    writeln!(out, "Signed with the relay key {}", stated.relay_key)?;
    writeln!(out, "Signed with the computer's key {identity}")?;
    if trusted {
        return writeln!(out, "Trusted: the relay key you gave.");
    }
    writeln!(
        out,
        "Trusted: no key. Compare the relay key with the one the relay shows at /keys, or give it \
         with --relay-key."
    )
}

/// `1 picture`, `2 pictures`: what a receipt counts is named in the plural.
fn counted(number: u64, names: &str) -> String {
    let name = match number {
        1 => names.strip_suffix('s').unwrap_or(names),
        _ => names,
    };
    format!("{number} {name}")
}

fn said(what: AtMeta) -> String {
    match what {
        AtMeta::Confirmed => "taken back, Meta confirmed it".to_owned(),
        AtMeta::StillNeeded => "kept, another connection needs it".to_owned(),
        AtMeta::AlreadyGone => "had ended before".to_owned(),
        AtMeta::NotConfirmed => format!("not confirmed; end it at {META_SETTINGS}"),
    }
}

#[cfg(test)]
mod tests {
    use wire::receipt::{AskedBy, WipeCompletion, WipeNotice};
    use wire::{DeletionId, Digest, RelayId, SigningSecret};

    use super::*;

    fn receipt() -> String {
        completed_at(1_795_341_602_000)
    }

    fn completed_at(completed_at: i64) -> String {
        let (device, wipe) = (
            SigningSecret::from_seed(&[1; 32]),
            SigningSecret::from_seed(&[2; 32]),
        );
        let deletion = DeletionId::from_bytes([9; 16]);
        let notice = WipeNotice {
            deletion,
            asked_by: AskedBy::Owner,
            asked_at: 1_795_341_600_000,
            code: None,
            scope: Scope::Connection,
            identity: device.public(),
            wipe_key: wipe.public(),
            relay: RelayId::from_bytes([3; 16]),
            streams: Vec::new(),
            logins: Vec::new(),
        }
        .sign(&device);
        let completion = WipeCompletion {
            deletion,
            notice: Digest::of(notice.as_bytes()),
            completed_at,
            erased: vec![("messages".to_owned(), 214), ("pictures".to_owned(), 1)],
            kept: Vec::new(),
            revoked: AtMeta::NotConfirmed,
            unsubscribed: AtMeta::StillNeeded,
            backups: Vec::new(),
        }
        .sign(&wipe);
        VerifiedReceipt::assemble(&notice, &completion, None)
    }

    fn verify(text: &str, key: Option<&str>) -> Result<String, ReceiptError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("receipt.txt");
        fs::write(&file, text).unwrap();
        verify_file(&file, key)
    }

    #[test]
    fn a_receipt_says_what_it_proves_and_what_is_trusted() {
        let said = verify(&receipt(), None).unwrap();
        assert!(said.contains("214 messages"), "{said}");
        assert!(
            said.contains("end it at https://www.facebook.com/"),
            "{said}"
        );
        assert!(said.contains("The relay has not answered yet."), "{said}");
        assert!(
            said.contains("Trusted: the computer's own word alone."),
            "{said}"
        );
    }

    #[test]
    fn one_is_counted_as_one() {
        assert_eq!(counted(1, "pictures"), "1 picture");
        assert_eq!(counted(1, "sealed envelopes"), "1 sealed envelope");
        assert_eq!(counted(0, "routes"), "0 routes");
        assert_eq!(counted(214, "messages"), "214 messages");
        let said = verify(&receipt(), None).unwrap();
        assert!(said.contains("  1 picture\n"), "{said}");
    }

    #[test]
    fn times_that_do_not_fit_are_said() {
        let words = "Its times do not fit together";
        assert!(!verify(&receipt(), None).unwrap().contains(words));
        let said = verify(&completed_at(1_795_000_000_000), None).unwrap();
        assert!(said.contains(words), "{said}");
    }

    #[test]
    fn any_changed_byte_fails() {
        let good = receipt();
        for at in (0..good.len()).step_by(7) {
            let mut bytes = good.clone().into_bytes();
            bytes[at] ^= 1;
            if let Ok(changed) = String::from_utf8(bytes) {
                assert!(verify(&changed, None).is_err(), "byte {at}");
            }
        }
    }

    #[test]
    fn a_key_that_is_none_is_named() {
        assert!(matches!(
            verify(&receipt(), Some("abc")),
            Err(ReceiptError::Key)
        ));
    }
}
