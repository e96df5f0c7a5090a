//! The bodies that devices send to the relay, and the headers that sign them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::DeserializeOwned;
use wire::api::{
    ClaimRequest, ConnectRequest, DeletionNotice, EnrolRequest, LoginRequest, OrderRefused,
    ProveRequest, TokenRequest,
};
use wire::auth::RequestHeaders;

fuzz_target!(|text: &str| {
    drop(RequestHeaders::read(|_| Some(text)));
    read::<EnrolRequest>(text);
    read::<LoginRequest>(text);
    read::<ClaimRequest>(text);
    read::<ConnectRequest>(text);
    read::<ProveRequest>(text);
    read::<TokenRequest>(text);
    read::<DeletionNotice>(text);
    read::<OrderRefused>(text);
});

fn read<T: DeserializeOwned>(text: &str) {
    drop(serde_json::from_str::<T>(text));
}
