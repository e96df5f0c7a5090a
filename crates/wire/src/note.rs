//! Signed notes: a text and a signature line below it, in the form of C2SP's *signed-note*, so that
//! other tools can check them too.
//!
//! Ours are strict: one signature, no blank line inside the text, one spelling for everything. A
//! note that differs from how we would write it is not a note.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::{Signature, SigningSecret, VerifyKey};

/// Why a note is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadNote {
    /// It is not written as a note.
    #[error("this is not a signed note")]
    Malformed,
    /// The signature is not the key's.
    #[error("the signature of the note is not good")]
    Signature,
}

/// The byte that stands for Ed25519 in a note's key hash.
const ED25519: u8 = 1;

/// Signs a text. `name` says who signs; it has neither spaces nor a plus sign. The text ends with a
/// line break and has no blank lines.
pub fn sign(text: &str, name: &str, key: &SigningSecret) -> String {
    let signature = key.sign_whole(text.as_bytes());
    let line = [
        &key_hash(name, &key.public()),
        signature.as_bytes().as_slice(),
    ]
    .concat();
    format!("{text}\n\u{2014} {name} {}\n", STANDARD.encode(line))
}

/// Checks a note and gives its text.
pub fn verify<'a>(note: &'a str, name: &str, key: &VerifyKey) -> Result<&'a str, BadNote> {
    let text = text_of(note).ok_or(BadNote::Malformed)?;
    let line = note
        .strip_prefix(text)
        .and_then(|rest| rest.strip_prefix("\n\u{2014} "));
    let (signer, base64) = line
        .and_then(|line| line.strip_suffix('\n')?.split_once(' '))
        .ok_or(BadNote::Malformed)?;
    let bytes = STANDARD.decode(base64).map_err(|_| BadNote::Malformed)?;
    let (hash, signature) = bytes.split_first_chunk::<4>().ok_or(BadNote::Malformed)?;
    let signature = Signature::from_slice(signature).ok_or(BadNote::Malformed)?;
    let ours = signer == name && *hash == key_hash(name, key);
    if !ours || !key.verifies_whole(text.as_bytes(), &signature) {
        return Err(BadNote::Signature);
    }
    Ok(text)
}

/// The text of a note whose signature nobody has checked.
pub fn text_of(note: &str) -> Option<&str> {
    let (text, _) = note.split_once("\n\n")?;
    note.get(..text.len() + 1)
}

fn key_hash(name: &str, key: &VerifyKey) -> [u8; 4] {
    let mut hash = Sha256::new();
    hash.update(name.as_bytes());
    hash.update(b"\n");
    hash.update([ED25519]);
    hash.update(key.as_bytes());
    let hash = hash.finalize();
    hash.first_chunk::<4>().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningSecret {
        SigningSecret::from_seed(&[1; 32])
    }

    #[test]
    fn a_note_is_frozen_and_verifies() {
        let note = sign("hello\nthere\n", "device/1", &key());
        insta::assert_snapshot!("note", note);
        assert_eq!(
            verify(&note, "device/1", &key().public()),
            Ok("hello\nthere\n")
        );
    }

    #[test]
    fn another_name_or_key_does_not_verify() {
        let note = sign("hello\n", "device/1", &key());
        assert_eq!(
            verify(&note, "device/2", &key().public()),
            Err(BadNote::Signature)
        );
        let other = SigningSecret::from_seed(&[2; 32]).public();
        assert_eq!(verify(&note, "device/1", &other), Err(BadNote::Signature));
    }

    #[test]
    fn every_changed_added_or_missing_byte_is_noticed() {
        let note = sign("hello\nthere\n", "device/1", &key());
        for at in 0..note.len() {
            for bit in 0..8 {
                let mut bytes = note.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                if let Ok(changed) = String::from_utf8(bytes) {
                    assert!(
                        verify(&changed, "device/1", &key().public()).is_err(),
                        "{changed}"
                    );
                }
            }
        }
        for changed in [
            format!("{note}\n"),
            format!("\n{note}"),
            note.replace('\n', "\r\n"),
        ] {
            assert!(
                verify(&changed, "device/1", &key().public()).is_err(),
                "{changed}"
            );
        }
        assert!(verify(note.trim_end(), "device/1", &key().public()).is_err());
    }

    #[test]
    fn the_reference_key_hash_is_ours() {
        // From the signed-note specification: a verifier key is `name+hash+base64(0x01 || key)`.
        let verifier = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let mut parts = verifier.split('+');
        let (name, hash) = (parts.next().unwrap(), parts.next().unwrap());
        let bytes = STANDARD.decode(parts.next().unwrap()).unwrap();
        let key = VerifyKey::from_slice(&bytes[1..]).unwrap();
        let ours: String = key_hash(name, &key)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(ours, hash);
    }
}
