//! Routes: confirming them, proving them anew, giving them back.

use serde::{Deserialize, Serialize};

use crate::{AccountRef, KeyId, LoginId, SealKey, StreamId};

/// Confirms a login from the owner's own machine: makes routes for the chosen accounts and burns
/// the hand-off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectRequest {
    /// The login.
    pub login: LoginId,
    /// The one-time code.
    pub handoff: String,
    /// The accounts the owner chose.
    pub accounts: Vec<ConnectAccount>,
}

/// One chosen account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectAccount {
    /// Its name in this login.
    pub account_ref: AccountRef,
    /// The name of the seal key of the connection's stream.
    pub key_id: KeyId,
    /// The seal key of the connection's stream.
    pub seal_key: SealKey,
}

/// The streams of the chosen accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectAnswer {
    /// One per chosen account.
    pub streams: Vec<ConnectedStream>,
}

/// The stream of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectedStream {
    /// The account.
    pub account_ref: AccountRef,
    /// Its stream: the one it had on this device, or a new one.
    pub stream: StreamId,
    /// Whether the stream was there before. From here on it is sealed to the key just given.
    pub kept: bool,
    /// Until when the proof is good.
    pub good_until: i64,
    /// On how many other computers it is connected.
    pub elsewhere: u32,
}

/// Proves routes anew: the relay asks Meta what the token may do, keeps the date and forgets the
/// token. For a stream the relay does not know any more, it makes a route and a new stream.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProveRequest {
    /// The login the token is of.
    pub login: LoginId,
    /// The user token.
    pub token: String,
    /// What is to be proven.
    pub accounts: Vec<ProveAccount>,
}

/// One account to be proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProveAccount {
    /// The stream it has.
    pub stream: StreamId,
    /// `instagram`, `messenger` or `whatsapp`.
    pub channel: String,
    /// The platform's id.
    pub platform_id: String,
    /// The name of the stream's seal key.
    pub key_id: KeyId,
    /// The stream's seal key.
    pub seal_key: SealKey,
}

/// What came of the proofs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProveAnswer {
    /// One per account, in the order of the request.
    pub accounts: Vec<Proven>,
}

/// What came of one proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Proven {
    /// The right is there.
    Good {
        /// The stream: the one that was named, or a new one if the relay knew it no more.
        stream: StreamId,
        /// Until when the proof is good.
        good_until: i64,
        /// On how many other computers it is connected.
        elsewhere: u32,
    },
    /// Meta does not confirm the right; the route has stopped.
    RightLost {
        /// What is missing: the name of a permission, `MESSAGING`, or `account`.
        missing: String,
    },
    /// Something a newer version knows.
    #[serde(other)]
    Unknown,
}

/// A connection's route is gone and its stream dropped. Asking again gives the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisconnectAnswer {
    /// Whether no other route is left on that Page or WhatsApp account, on any computer: only then
    /// is the app to be unsubscribed there.
    pub last_on_subscription: bool,
    /// Whether the person of the login has no other connection, on any computer: only then are the
    /// permissions to be revoked, since that ends them everywhere.
    pub last_of_login: bool,
    /// How many envelopes were erased with the stream.
    pub erased: u64,
}

/// A route as the relay knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The stream.
    pub stream: StreamId,
    /// The login it rests on (the newest, if several do).
    pub login: LoginId,
    /// Whether events are forwarded on it now.
    pub live: bool,
    /// Until when the proof is good.
    pub good_until: i64,
    /// On how many other computers the same account is connected.
    pub elsewhere: u32,
}

redacted! {
    ProveRequest { login, accounts },
}
