//! What a relay answers a device: what is understood is written back and read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};
use wire::api;

fn again<A: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<A> {
    let answer: A = serde_json::from_slice(bytes).ok()?;
    let written = serde_json::to_vec(&answer).expect("what was read can be written");
    let read: A = serde_json::from_slice(&written).expect("what was written can be read");
    assert_eq!(serde_json::to_vec(&read).ok(), Some(written));
    Some(answer)
}

fuzz_target!(|bytes: &[u8]| {
    if let Some(about) = again::<api::RelayAbout>(bytes) {
        let _ = about.keys.are_sound();
    }
    let _ = again::<api::EnrolAnswer>(bytes);
    let _ = again::<api::LoginAnswer>(bytes);
    let _ = again::<api::ClaimAnswer>(bytes);
    let _ = again::<api::HandOff>(bytes);
    let _ = again::<api::ConnectAnswer>(bytes);
    let _ = again::<api::ProveAnswer>(bytes);
    let _ = again::<api::DisconnectAnswer>(bytes);
    let _ = again::<api::TokenAnswer>(bytes);
    let _ = again::<api::FreshToken>(bytes);
    let _ = again::<api::DeletionAnswer>(bytes);
    let _ = again::<api::DeletionStatus>(bytes);
    let _ = again::<api::Refusal>(bytes);
});
