//! Doors for the fuzz targets in `tests/fuzz`, in their builds alone: what is private otherwise.

use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hmac::Mac as _;
use ipnet::IpNet;

use crate::config::MetaApp;
use crate::deletion::signed_request;
use crate::limits::client_of;
use crate::login::{CameBack, ends_at};
use crate::pages;
use crate::platform::{self, Platform};
use crate::secret::Secret;
use crate::webhook::challenge;
use crate::webhook::signature::verify;
use crate::webhook::split::split;

const HEADER: HeaderName = HeaderName::from_static("x-hub-signature-256");

/// A webhook: never believed with these bytes as its signature, and split when it is signed.
pub fn webhook(bytes: &[u8]) {
    let secret = Secret::new("a secret");
    let secrets = [secret.clone()];
    let body = Bytes::copy_from_slice(bytes);
    let mac = secret.hmac().chain_update(bytes).finalize().into_bytes();
    let genuine = format!("sha256={}", hex::encode(mac));
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        // No text holds its own signature.
        let headers = HeaderMap::from_iter([(HEADER, value)]);
        assert!(verify(&headers, body.clone(), &secrets).is_err(), "forged");
    }
    let value = HeaderValue::from_str(&genuine).expect("digits");
    let headers = HeaderMap::from_iter([(HEADER, value)]);
    let Ok(verified) = verify(&headers, body, &secrets) else {
        panic!("what is signed is believed");
    };
    let _ = split(&verified, 1_795_341_600_000);
}

/// A callback that nobody signed with our secret is refused; the same payload is read if it is.
pub fn callback(text: &str) {
    let secret = Secret::new("a secret");
    let secrets = [secret.clone()];
    assert!(signed_request::verify(text, &secrets).is_err(), "forged");
    let payload = URL_SAFE_NO_PAD.encode(text);
    let mac = secret.hmac().chain_update(&payload).finalize().into_bytes();
    let signed = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(mac));
    if let Ok(request) = signed_request::verify(&signed, &secrets) {
        assert!(
            !request.user_id.is_empty(),
            "nobody is asked to be forgotten"
        );
    }
}

/// What anybody may write into a request's head: whose it is, in which language, back from a login
/// or asking whether the address is ours.
pub fn request(bytes: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        forwarded(&value);
        let (tag, tags) = pages::tag(
            "",
            &HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, value)]),
        );
        assert!(tags.contains(&tag), "{tag} is no language of the pages");
    }
    let Ok(query) = std::str::from_utf8(bytes) else {
        return;
    };
    let (asked, _) = pages::tag(&format!("lang=de&{query}"), &HeaderMap::new());
    assert_eq!(asked, "de", "the first wish counts");
    let back = CameBack::read(query);
    assert!(back.code.is_none_or(|code| !code.is_empty()));
    asks_whether_the_address_is_ours(query);
}

/// Only a trusted proxy says from where a request came, and it never says: from me.
fn forwarded(value: &HeaderValue) {
    const NAME: HeaderName = HeaderName::from_static("x-forwarded-for");
    let headers = HeaderMap::from_iter([(NAME, value.clone())]);
    let trusted: [IpNet; 2] = ["10.0.0.0/8", "fd00::/8"].map(|one| one.parse().expect("a network"));
    let client = |peer: &str| {
        let peer: IpAddr = peer.parse().expect("an address");
        client_of(SocketAddr::new(peer, 1), &headers, &trusted)
    };
    assert_eq!(
        client("192.0.2.1"),
        IpAddr::from([192, 0, 2, 1]),
        "believed"
    );
    let proxy = IpAddr::from([10, 0, 0, 1]);
    let behind = client("10.0.0.1");
    let inside = trusted.iter().any(|network| network.contains(&behind));
    assert!(behind == proxy || !inside, "{behind} is a proxy of ours");
    assert_eq!(client("::ffff:10.0.0.1"), behind, "the same proxy");
}

fn asks_whether_the_address_is_ours(query: &str) {
    const WORD: &str = "MxP4-wT9z_kQ7r";
    let token = Secret::new(WORD);
    if !query.contains(WORD) {
        assert!(challenge(query, &token).is_err(), "a guessed word");
    }
    let mut genuine = url::form_urlencoded::Serializer::new(String::new());
    genuine
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.verify_token", WORD)
        .append_pair("hub.challenge", query);
    let asked = genuine.finish();
    let answered = challenge(&format!("{asked}&{query}"), &token);
    assert_eq!(answered.as_deref(), Ok(query), "the challenge comes back");
}

/// What Meta answers the relay about a token and about accounts: whatever it says, nobody who was
/// granted nothing gets a connection by it.
pub fn platform_answer(bytes: &[u8]) {
    exchanged(bytes);
    if let Ok(debugged) = serde_json::from_slice::<platform::Debugged>(bytes) {
        let rights = platform::Rights::of(&debugged);
        for scope in debugged.granular_scopes.iter().map(|one| &one.scope) {
            // Longer than each id of the list, so none of them.
            let other = rights.ids(scope).map(|ids| ids.concat() + "0");
            let for_other = other.is_some_and(|other| rights.allows(scope, &other));
            assert!(!for_other, "{scope} for an id outside its list");
            let granted = debugged.scopes.contains(scope);
            assert!(
                granted || !rights.allows(scope, "1"),
                "{scope} was never granted"
            );
        }
    }
    let ready = platform::ready_without_rights(bytes);
    assert!(
        ready.is_empty(),
        "connected without a right: {}",
        ready.len()
    );
}

/// What a login's code and its token are answered with: a refusal brings no token.
fn exchanged(bytes: &[u8]) {
    static PLATFORM: LazyLock<Platform> = LazyLock::new(|| {
        let url = |text: &str| text.parse().expect("an address");
        Platform::new(MetaApp {
            id: "1".to_owned(),
            secrets: vec![Secret::new("a secret")],
            verify_token: Secret::new("a word"),
            graph_url: url("http://localhost/"),
            facebook_url: url("http://localhost/"),
            instagram_url: url("http://localhost/"),
        })
    });
    let refused = platform::refusal_in(bytes).is_some();
    let nothing = serde_json::from_slice(b"{}").expect("nothing is said of a token");
    for token in PLATFORM.answered(bytes).into_iter().flatten() {
        assert!(!refused, "a token in a refusal");
        let _ = ends_at(token.lasts, &nothing, i64::MAX);
    }
}
