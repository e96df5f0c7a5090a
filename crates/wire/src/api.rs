//! Requests and answers of the `/v1` routes.
//!
//! All but [`RelayAbout`] are signed by the device, see [`crate::auth`]. A refusal is a [`Refusal`]
//! with a code the device acts upon.
//!
//! | Route | Request | Answer |
//! |---|---|---|
//! | `GET /v1/relay` | | [`RelayAbout`] |
//! | `POST /v1/enrol` | [`EnrolRequest`] | [`EnrolAnswer`] |
//! | `POST /v1/logins` | [`LoginRequest`] | [`LoginAnswer`] |
//! | `POST /v1/claim` | [`ClaimRequest`] | [`ClaimAnswer`], in it a sealed [`HandOff`] |
//! | `POST /v1/connections` | [`ConnectRequest`] | [`ConnectAnswer`] |
//! | `POST /v1/connections/prove` | [`ProveRequest`] | [`ProveAnswer`] |
//! | `DELETE /v1/connections/{stream}` | | [`DisconnectAnswer`] |
//! | `POST /v1/tokens` | [`TokenRequest`] | [`TokenAnswer`], in it a sealed [`FreshToken`] |
//! | `GET /v1/stream` | WebSocket, see [`crate::frame`] | |
//! | `POST /v1/deletions` | [`DeletionNotice`] | [`DeletionAnswer`] |
//! | `POST /v1/deletions/refused` | [`OrderRefused`] | empty |

use serde::{Deserialize, Serialize};

use crate::order::DeletionCode;
use crate::{
    AccountRef, Blob, DeviceId, Digest, KeyId, LoginId, RelayKeys, SealKey, StreamId, Verifier,
    VerifyKey,
};

/// What a relay says about itself. Also at `GET /keys`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayAbout {
    /// The version of what this crate describes.
    pub protocol: u32,
    /// The relay's keys. Shown as words before they are pinned, see [`crate::words`].
    pub keys: RelayKeys,
    /// Who runs it; empty if it does not say.
    pub operator: String,
    /// Where to reach them.
    pub contact: String,
    /// The id of the Meta app it receives for; echoes of this app are our own.
    pub app_id: String,
    /// Whether a new device needs a code from the operator.
    pub enrol: EnrolMode,
    /// The relay's time.
    pub now: i64,
}

/// Who may enrol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnrolMode {
    /// Anybody.
    Open,
    /// Who has a code from the operator.
    Code,
}

/// Makes a device known. The request is signed with the identity it names. Enrolling twice is the
/// same as once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The device's identity.
    pub identity: VerifyKey,
    /// The name of the control stream's seal key.
    pub key_id: KeyId,
    /// The control stream's seal key.
    pub seal_key: SealKey,
    /// The operator's code, where one is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// The device is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolAnswer {
    /// The device's id.
    pub device: DeviceId,
    /// Its control stream.
    pub control: StreamId,
}

/// The platform a login is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Facebook login: Pages, their Instagram accounts, WhatsApp numbers.
    Facebook,
}

/// Starts a login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginRequest {
    /// Where.
    pub platform: Platform,
    /// SHA-256 of a random value that the device shows at the claim.
    pub verifier_hash: Digest,
    /// The port on 127.0.0.1 where the device waits for the browser.
    pub loopback_port: u16,
    /// The name of a seal key made for this login.
    pub key_id: KeyId,
    /// That key.
    pub seal_key: SealKey,
    /// Whether to ask again for permissions the person declined before.
    #[serde(default)]
    pub ask_again: bool,
}

/// Where the browser is to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginAnswer {
    /// The login that has started.
    pub login: LoginId,
    /// The platform's address for the browser.
    pub authorize_url: String,
    /// After this moment it has to be started again.
    pub expires_at: i64,
}

/// Names of the loopback's query parameters.
pub mod loopback {
    /// The path on the loopback.
    pub const PATH: &str = "/h";
    /// The parameter that carries the one-time code.
    pub const CODE: &str = "c";
    /// The parameter that carries, instead of a code, why there is none; see
    /// [`super::LoginFailure`].
    pub const FAILURE: &str = "e";
}

/// Why a login brought nothing. Travels in the loopback's address, by its snake-case name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginFailure {
    /// The person cancelled.
    Cancelled,
    /// The platform's answer made no sense, or it refused the exchange.
    Failed,
    /// The platform could not be reached.
    Unreachable,
    /// Something a newer version knows.
    #[serde(other)]
    Unknown,
}

impl LoginFailure {
    /// Its name in the address.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
        }
    }

    /// The failure of a name.
    pub fn from_name(name: &str) -> Self {
        [Self::Cancelled, Self::Failed, Self::Unreachable]
            .into_iter()
            .find(|failure| failure.name() == name)
            .unwrap_or(Self::Unknown)
    }
}

/// Asks for what a login brought, with the one-time code that arrived on the device's own machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimRequest {
    /// The login.
    pub login: LoginId,
    /// The one-time code.
    pub handoff: String,
    /// The value whose hash started the login, in hexadecimal.
    pub verifier: Verifier,
}

/// What a login brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimAnswer {
    /// A [`HandOff`] as JSON, sealed ([`crate::seal::Use::HandOff`], about the login).
    pub sealed: Blob,
    /// After this moment it is forgotten.
    pub expires_at: i64,
}

/// What a login brought, sealed to the device that started it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOff {
    /// The login.
    pub login: LoginId,
    /// When it was made, by the relay's time: a deletion order reaches it if it is older than the
    /// order.
    pub made_at: i64,
    /// Who logged in.
    pub user: HandOffUser,
    /// The permissions that were granted.
    pub granted: Vec<String>,
    /// The permissions that were asked for and not granted.
    pub declined: Vec<String>,
    /// The accounts that were found, also those that cannot be connected.
    pub accounts: Vec<FoundAccount>,
}

/// Who logged in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOffUser {
    /// Meta's id of this person for this app.
    pub app_scoped_id: String,
    /// Their name.
    pub name: String,
    /// The user token.
    pub token: String,
    /// Its `appsecret_proof`.
    pub proof: String,
    /// When it ends, in milliseconds; `None` if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// One account that could be, or cannot be, connected.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundAccount {
    /// Its name in this login.
    pub account_ref: AccountRef,
    /// `instagram`, `messenger` or `whatsapp`.
    pub channel: String,
    /// The platform's id: Page id, Instagram account id, phone number id. Empty where there is
    /// none, as for a Page without an Instagram account.
    pub platform_id: String,
    /// Its name.
    pub name: String,
    /// Its handle or number, as people know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// Where its picture is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture_url: Option<String>,
    /// The Page it is or belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_id: Option<String>,
    /// The WhatsApp Business account a number belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waba_id: Option<String>,
    /// The token to use for it: the Page's, or the user's for WhatsApp.
    pub token: String,
    /// Its `appsecret_proof`.
    pub proof: String,
    /// When the token ends, in milliseconds; `None` if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// Whether it can be connected.
    pub state: FoundState,
    /// On how many other computers it is connected.
    pub elsewhere: u32,
}

/// Whether an account can be connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum FoundState {
    /// It can.
    Ready,
    /// The person may not answer messages for this Page.
    NoMessagingTask,
    /// The Page has no professional Instagram account.
    NoProfessionalAccount,
    /// A permission it needs was not granted, or not for this account.
    PermissionDeclined {
        /// Which.
        permission: String,
    },
    /// Something a newer version knows.
    #[serde(other)]
    Unknown,
}

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

/// Asks for what only the app secret can make.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRequest {
    /// The token.
    pub token: String,
    /// Whether to ask for a token that lasts longer.
    pub extend: bool,
    /// The name of a seal key made for this request.
    pub key_id: KeyId,
    /// That key.
    pub seal_key: SealKey,
}

/// A token with its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenAnswer {
    /// A [`FreshToken`] as JSON, sealed ([`crate::seal::Use::Token`], about the device).
    pub sealed: Blob,
}

/// A token with its proof.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreshToken {
    /// The token: the one that was sent, or one that lasts longer.
    pub token: String,
    /// Its `appsecret_proof`.
    pub proof: String,
    /// When it ends, in milliseconds; `None` if it does not, or the platform did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// Tells the relay of a wipe. Authenticated by itself: not signed as a request, without an age
/// limit, the same twice as once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletionNotice {
    /// The wipe's notice, signed by the device's identity before the wipe began; see
    /// [`crate::receipt::WipeNotice`].
    pub notice: String,
    /// The wipe's completion, signed by the wipe's own key; see
    /// [`crate::receipt::WipeCompletion`].
    pub completion: String,
}

/// The relay has erased its part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletionAnswer {
    /// The relay's signed statement; with notice and completion it makes the receipt.
    pub statement: String,
}

/// The owner refused a deletion order that Meta does not stand behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRefused {
    /// The order.
    pub code: DeletionCode,
    /// Why, in plain words without any name; shown on the status page.
    pub reason: String,
}

/// The state of a deletion request, as `GET /deletion/{code}` gives it to programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletionStatus {
    /// The code.
    pub code: DeletionCode,
    /// How far it is.
    pub state: DeletionState,
    /// When the relay received it (`2026-11-22T10:00:00Z`).
    pub received_at: String,
    /// When the relay had erased its part.
    pub relay_erased_at: Option<String>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The computers it reaches; no order, no name.
    pub devices: Vec<DeletionDevice>,
}

/// How far a deletion request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeletionState {
    /// It has arrived.
    Received,
    /// The relay has erased its part; computers are still to confirm.
    RelayErased,
    /// All is erased.
    Completed,
    /// It was refused.
    Refused,
}

/// One computer a deletion request reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletionDevice {
    /// How far it is.
    pub state: DeviceState,
    /// When it came to that.
    pub at: String,
}

/// How far one computer is with a deletion request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// It has not confirmed yet; `at` is when it was last seen.
    Waiting,
    /// It confirmed, signed.
    Erased,
    /// It was removed from the relay.
    Removed,
    /// It has not been seen for 180 days.
    NotReached,
}

/// A request that was not granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What to act upon.
    pub code: RefusalCode,
    /// For a log; no personal data.
    pub message: String,
    /// The relay's time.
    pub now: i64,
}

/// What a refused device can do something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// The clock is off: keep the offset to `now` and try again.
    Clock,
    /// Not signed, or not by an enrolled device.
    NotSigned,
    /// The device is not enrolled here, or was removed: enrol again.
    UnknownDevice,
    /// A code from the operator is needed, or this one is not good.
    EnrolCode,
    /// The request makes no sense.
    Malformed,
    /// The login, hand-off or stream is unknown, over or already used.
    Gone,
    /// The one-time code or the verifier is wrong.
    WrongCode,
    /// The platform refuses the token.
    TokenRefused,
    /// The platform could not be reached: try again later.
    PlatformUnreachable,
    /// Too many requests: wait.
    TooMany,
    /// The relay cannot write right now: try again later.
    Unavailable,
    /// Something a newer version knows.
    #[serde(other)]
    Unknown,
}

macro_rules! redacted {
    ($($name:ident { $($shown:ident),* }),* $(,)?) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    $(.field(stringify!($shown), &self.$shown))*
                    .finish_non_exhaustive()
            }
        }
    )*};
}

redacted! {
    HandOff { login, granted, declined },
    HandOffUser { expires_at },
    FoundAccount { account_ref, channel, state },
    ProveRequest { login, accounts },
    TokenRequest { extend, key_id },
    FreshToken { expires_at },
}
