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

/// Shows some fields of a type and none of the others, which hold secrets or names.
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

mod connections;
mod deletion;
mod enrol;
mod login;
mod refusal;
mod tokens;

pub use connections::{
    ConnectAccount, ConnectAnswer, ConnectRequest, ConnectedStream, DisconnectAnswer, ProveAccount,
    ProveAnswer, ProveRequest, Proven, Route,
};
pub use deletion::{
    DeletionAnswer, DeletionDevice, DeletionNotice, DeletionState, DeletionStatus, DeviceState,
    OrderRefused,
};
pub use enrol::{EnrolAnswer, EnrolMode, EnrolRequest, RelayAbout};
pub use login::{
    ClaimAnswer, ClaimRequest, FoundAccount, FoundState, HandOff, HandOffUser, LoginAnswer,
    LoginFailure, LoginRequest, Platform, loopback,
};
pub use refusal::{Refusal, RefusalCode};
pub use tokens::{FreshToken, TokenAnswer, TokenRequest};

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::*;
    use crate::order::DeletionCode;
    use crate::{
        AccountRef, Blob, DeviceId, Digest, KeyId, LoginId, RelayId, RelayKeys, SealKey,
        SigningSecret, StreamId, Verifier,
    };

    const LOGIN: LoginId = LoginId::from_bytes([1; 16]);
    const STREAM: StreamId = StreamId::from_bytes([2; 16]);
    const ACCOUNT: AccountRef = AccountRef::from_bytes([3; 16]);
    const KEY_ID: KeyId = KeyId::from_bytes([4; 8]);
    const SEAL_KEY: SealKey = SealKey::from_bytes([5; 32]);

    /// One line of the golden file. What is written reads back as the same, and a field that a newer
    /// version adds is passed over.
    fn line<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
        (route, body): (&str, T),
    ) -> String {
        let json = serde_json::to_value(&body).unwrap();
        assert_eq!(serde_json::from_value::<T>(json.clone()).unwrap(), body);
        if let serde_json::Value::Object(mut newer) = json.clone() {
            newer.insert("added_later".to_owned(), true.into());
            assert_eq!(serde_json::from_value::<T>(newer.into()).unwrap(), body);
        }
        format!("{route} {json}\n")
    }

    fn code() -> DeletionCode {
        DeletionCode::from_entropy([1; 15])
    }

    fn found(state: FoundState) -> FoundAccount {
        FoundAccount {
            account_ref: ACCOUNT,
            channel: "instagram".into(),
            platform_id: "17841400000000000".into(),
            name: "Fern & Ribbon".into(),
            handle: Some("fern.and.ribbon".into()),
            picture_url: None,
            page_id: Some("11".into()),
            waba_id: None,
            token: "a token".into(),
            proof: "a proof".into(),
            expires_at: Some(9),
            state,
            elsewhere: 1,
        }
    }

    fn hand_off() -> HandOff {
        HandOff {
            login: LOGIN,
            made_at: 7,
            user: HandOffUser {
                app_scoped_id: "7001".into(),
                name: "Olive Owner".into(),
                token: "a token".into(),
                proof: "a proof".into(),
                expires_at: None,
            },
            granted: vec!["pages_messaging".into()],
            declined: vec!["instagram_basic".into()],
            accounts: vec![
                found(FoundState::Ready),
                found(FoundState::NoMessagingTask),
                found(FoundState::NoProfessionalAccount),
                found(FoundState::PermissionDeclined {
                    permission: "pages_messaging".into(),
                }),
            ],
        }
    }

    fn becoming_known() -> String {
        let secret = SigningSecret::from_seed(&[6; 32]);
        let about = RelayAbout {
            protocol: 1,
            keys: RelayKeys::of(RelayId::from_bytes([7; 16]), &secret, &secret),
            operator: "Ribbon Tools Ltd".into(),
            contact: "privacy@example.org".into(),
            app_id: "1055501234567890".into(),
            enrol: EnrolMode::Code,
            now: 8,
        };
        let asked = EnrolRequest {
            identity: secret.public(),
            key_id: KEY_ID,
            seal_key: SEAL_KEY,
            code: Some("AAAAA-BBBBB".into()),
        };
        let answer = EnrolAnswer {
            device: DeviceId::from_bytes([8; 16]),
            control: STREAM,
        };
        [
            line(("GET /v1/relay", about)),
            line(("POST /v1/enrol", asked)),
            line(("=", answer)),
        ]
        .concat()
    }

    fn logging_in() -> String {
        let asked = LoginRequest {
            platform: Platform::Facebook,
            verifier_hash: Digest::from_bytes([9; 32]),
            loopback_port: 45_678,
            key_id: KEY_ID,
            seal_key: SEAL_KEY,
            ask_again: true,
        };
        let answer = LoginAnswer {
            login: LOGIN,
            authorize_url: "https://www.facebook.com/v25.0/dialog/oauth?client_id=1".into(),
            expires_at: 9,
        };
        let claim = ClaimRequest {
            login: LOGIN,
            handoff: "a code".into(),
            verifier: Verifier::from_bytes([10; 32]),
        };
        let claimed = ClaimAnswer {
            sealed: Blob(vec![1, 2, 3]),
            expires_at: 9,
        };
        [
            line(("POST /v1/logins", asked)),
            line(("=", answer)),
            line(("POST /v1/claim", claim)),
            line(("=", claimed)),
            line(("sealed", hand_off())),
        ]
        .concat()
    }

    fn connecting() -> String {
        let connect = ConnectRequest {
            login: LOGIN,
            handoff: "a code".into(),
            accounts: vec![ConnectAccount {
                account_ref: ACCOUNT,
                key_id: KEY_ID,
                seal_key: SEAL_KEY,
            }],
        };
        let connected = ConnectAnswer {
            streams: vec![ConnectedStream {
                account_ref: ACCOUNT,
                stream: STREAM,
                kept: true,
                good_until: 9,
                elsewhere: 2,
            }],
        };
        let prove = ProveRequest {
            login: LOGIN,
            token: "a token".into(),
            accounts: vec![ProveAccount {
                stream: STREAM,
                channel: "whatsapp".into(),
                platform_id: "61".into(),
                key_id: KEY_ID,
                seal_key: SEAL_KEY,
            }],
        };
        let good = Proven::Good {
            stream: STREAM,
            good_until: 9,
            elsewhere: 0,
        };
        let lost = Proven::RightLost {
            missing: "pages_messaging".into(),
        };
        let proven = ProveAnswer {
            accounts: vec![good, lost],
        };
        let disconnected = DisconnectAnswer {
            last_on_subscription: true,
            last_of_login: false,
            erased: 3,
        };
        [
            line(("POST /v1/connections", connect)),
            line(("=", connected)),
            line(("POST /v1/connections/prove", prove)),
            line(("=", proven)),
            line(("DELETE /v1/connections/{stream} =", disconnected)),
        ]
        .concat()
    }

    fn tokens() -> String {
        let asked = TokenRequest {
            token: "a token".into(),
            extend: true,
            key_id: KEY_ID,
            seal_key: SEAL_KEY,
        };
        let answer = TokenAnswer {
            sealed: Blob(vec![4]),
        };
        let fresh = FreshToken {
            token: "a token".into(),
            proof: "a proof".into(),
            expires_at: Some(9),
        };
        [
            line(("POST /v1/tokens", asked)),
            line(("=", answer)),
            line(("sealed", fresh)),
        ]
        .concat()
    }

    fn deleting() -> String {
        let notice = DeletionNotice {
            notice: "a note".into(),
            completion: "another".into(),
        };
        let answer = DeletionAnswer {
            statement: "a third".into(),
        };
        let refused = OrderRefused {
            code: code(),
            reason: "not asked for".into(),
        };
        let states = [
            DeviceState::Waiting,
            DeviceState::Erased,
            DeviceState::Removed,
            DeviceState::NotReached,
        ];
        let at = "2026-11-22T10:00:00Z".to_owned();
        let status = |state| DeletionStatus {
            code: code(),
            state,
            received_at: at.clone(),
            relay_erased_at: Some(at.clone()),
            reason: (state == DeletionState::Refused).then(|| "not asked for".to_owned()),
            devices: states
                .map(|state| DeletionDevice {
                    state,
                    at: at.clone(),
                })
                .to_vec(),
        };
        let mut said = [
            line(("POST /v1/deletions", notice)),
            line(("=", answer)),
            line(("POST /v1/deletions/refused", refused)),
        ]
        .concat();
        for state in [
            DeletionState::Received,
            DeletionState::RelayErased,
            DeletionState::Completed,
            DeletionState::Refused,
        ] {
            said += &line(("GET /deletion/{code} =", status(state)));
        }
        said
    }

    fn refusals() -> String {
        let codes = [
            RefusalCode::Clock,
            RefusalCode::NotSigned,
            RefusalCode::UnknownDevice,
            RefusalCode::EnrolCode,
            RefusalCode::Malformed,
            RefusalCode::Gone,
            RefusalCode::WrongCode,
            RefusalCode::TokenRefused,
            RefusalCode::PlatformUnreachable,
            RefusalCode::TooMany,
            RefusalCode::Crowded,
            RefusalCode::Unavailable,
        ];
        let refusal = |code| Refusal {
            code,
            message: "why".into(),
            now: 1,
        };
        let lines = codes.map(|code| line(("refused", refusal(code))));
        lines.concat()
    }

    #[test]
    fn what_crosses_the_border_is_frozen() {
        let all = [
            becoming_known(),
            logging_in(),
            connecting(),
            tokens(),
            deleting(),
            refusals(),
        ];
        insta::assert_snapshot!("bodies", all.concat());
    }

    #[test]
    fn what_a_newer_version_says_is_told_apart() {
        let state: FoundState = serde_json::from_str(r#"{"is":"something_new"}"#).unwrap();
        assert_eq!(state, FoundState::Unknown);
        let proven: Proven = serde_json::from_str(r#"{"is":"something_new","why":1}"#).unwrap();
        assert_eq!(proven, Proven::Unknown);
        let code: RefusalCode = serde_json::from_str(r#""something_new""#).unwrap();
        assert_eq!(code, RefusalCode::Unknown);
        assert_eq!(LoginFailure::from_name("new"), LoginFailure::Unknown);
    }

    #[test]
    fn no_token_and_no_name_is_printed() {
        let fresh = FreshToken {
            token: "a token".into(),
            proof: "a proof".into(),
            expires_at: None,
        };
        let shown = format!("{:?} {fresh:?}", hand_off());
        for secret in ["a token", "a proof", "Olive", "Fern", "7001", "17841400"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
