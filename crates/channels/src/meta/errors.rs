//! Meta's errors, made for whoever must do something about them. The numbers decide, never the
//! HTTP status (Meta answers 400 to nearly everything) and never the words, with one exception:
//! a wrong `appsecret_proof` has no number of its own.

use std::time::Duration;

use domain::Timestamp;
use domain::outbound::{Failure, Holds, Outcome, Reason};
use domain::time::SECOND;
use serde_json::Value;

use super::verdict::{Verdict, verdict};
use crate::json::{word, yes};

/// What a call can end in besides its answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing left this computer, or nobody took it: surely not done.
    #[error("the platform cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The question left, the answer did not come: it may have been done.
    #[error("the platform's answer was lost")]
    Lost(#[source] reqwest::Error),
    /// The platform said no.
    #[error("the platform refused: {0:?}")]
    Refused(Refusal),
    /// The platform failed with this status and without Meta's error: it may have been done.
    #[error("the platform failed with status {0}")]
    Failed(u16),
    /// Something other than Meta answered with this status: surely not done.
    #[error("something else answered, with status {0}")]
    Foreign(u16),
    /// An answer of success that is not what Meta documents: it was done.
    #[error("the platform's answer could not be read")]
    Unreadable,
    /// This token was not issued for this platform address; nothing was sent.
    #[error("the token belongs to another address")]
    WrongOrigin,
    /// This channel has no such thing; nothing was sent.
    #[error("this channel does not offer that")]
    NotOffered,
}

/// A refusal by Meta.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What it comes to.
    pub verdict: Verdict,
    /// Meta's number.
    pub code: i64,
    /// Meta's second number.
    pub subcode: Option<i64>,
    /// How long Meta asks to wait, where it does.
    pub wait: Option<Duration>,
    /// The HTTP status was 5xx: if the verdict is [`Verdict::Down`] it may have been done.
    pub server_side: bool,
}

impl Refusal {
    /// Reads Meta's error body in any of its three shapes; `None` if it is none.
    pub(crate) fn read(body: &Value, status: u16, wait: Option<Duration>) -> Option<Self> {
        let error = body.get("error").filter(|error| error.is_object());
        let (error, message) = match error {
            Some(error) => (error, word(error, "message")),
            None => (body, Some(word(body, "error_message")?)),
        };
        let number = |name: &str| word(error, name).and_then(|text| text.parse::<i64>().ok());
        // Instagram's code exchange writes the HTTP status where the code should be.
        let code = number("code")
            .filter(|_| body.get("error").is_some())
            .unwrap_or(1);
        let subcode = number("error_subcode");
        let proof = message.is_some_and(|message| message.contains("appsecret_proof"));
        let verdict = match body.get("error") {
            Some(_) if proof && matches!(code, 100 | 104) => Verdict::ProofWrong,
            Some(_) => verdict(code, subcode, yes(error, "is_transient")),
            None => Verdict::Refused,
        };
        Some(Self {
            verdict,
            code,
            subcode,
            wait,
            server_side: status >= 500,
        })
    }

    /// The reason and Meta's numbers, for the owner.
    pub fn failure(&self) -> Failure {
        Failure {
            reason: self.verdict.reason(),
            code: Some(self.numbers()),
        }
    }

    fn numbers(&self) -> String {
        match (self.verdict, self.subcode) {
            (Verdict::ProofWrong, _) => PROOF_WRONG.to_owned(),
            (_, Some(subcode)) => format!("{}/{subcode}", self.code),
            (_, None) => self.code.to_string(),
        }
    }
}

/// [`Failure::code`] of a send that failed because the `appsecret_proof` was refused.
const PROOF_WRONG: &str = "100/appsecret_proof";

/// Whether a send failed because Meta refused the `appsecret_proof`: nothing was sent, and a
/// fresh proof from the relay makes the next attempt work.
pub fn is_proof_refused(failure: &Failure) -> bool {
    failure.code.as_deref() == Some(PROOF_WRONG)
}

/// The reason and code of a WhatsApp status that says `failed`.
pub(crate) fn failure_of_status(code: Option<i64>) -> Failure {
    let verdict = code.map_or(Verdict::Refused, |code| verdict(code, None, false));
    Failure {
        reason: verdict.reason(),
        code: code.map(|code| code.to_string()),
    }
}

/// How long to wait where Meta names no time.
const PAUSE: i64 = 60 * SECOND;
/// WhatsApp allows one message in six seconds to one person.
const PAIR_PAUSE: i64 = 6 * SECOND;

impl Error {
    /// What became of a message whose sending ended in this error.
    pub fn outcome(&self, now: Timestamp) -> Outcome {
        let down = |reason| Outcome::Retry {
            at: now,
            failure: Failure { reason, code: None },
            holds: Holds::Connection,
        };
        match self {
            Self::Unreachable(_) => down(Reason::Offline),
            Self::Foreign(_) => down(Reason::PlatformDown),
            Self::Lost(_) | Self::Failed(_) | Self::Unreadable => Outcome::Unconfirmed,
            Self::Refused(refusal) => refusal.outcome(now),
            Self::WrongOrigin | Self::NotOffered => Outcome::Failed(Failure {
                reason: Reason::Refused,
                code: None,
            }),
        }
    }

    /// The same for a step that comes before the message itself: whatever happened to it, the
    /// message was surely not sent.
    pub(crate) fn outcome_before_sending(&self, now: Timestamp) -> Outcome {
        match self.outcome(now) {
            Outcome::Unconfirmed => Outcome::Retry {
                at: now.plus(PAUSE),
                failure: Failure {
                    reason: Reason::PlatformDown,
                    code: None,
                },
                holds: Holds::Connection,
            },
            outcome => outcome,
        }
    }

    /// What Meta's refusal comes to, if it was one.
    pub fn verdict(&self) -> Option<Verdict> {
        match self {
            Self::Refused(refusal) => Some(refusal.verdict),
            Self::Unreachable(_)
            | Self::Lost(_)
            | Self::Failed(_)
            | Self::Foreign(_)
            | Self::Unreadable
            | Self::WrongOrigin
            | Self::NotOffered => None,
        }
    }
}

impl Refusal {
    fn outcome(&self, now: Timestamp) -> Outcome {
        let failure = self.failure();
        let wait = self
            .wait
            .and_then(|wait| i64::try_from(wait.as_millis()).ok());
        match self.verdict {
            Verdict::Down if self.server_side => Outcome::Unconfirmed,
            Verdict::Down => {
                let at = now.plus(wait.unwrap_or(0));
                Outcome::Retry {
                    at,
                    failure,
                    holds: Holds::Connection,
                }
            }
            Verdict::TooFast(holds) => {
                let pause = if holds == Holds::Person {
                    PAIR_PAUSE
                } else {
                    PAUSE
                };
                Outcome::Retry {
                    at: now.plus(wait.unwrap_or(pause)),
                    failure,
                    holds,
                }
            }
            Verdict::ProofWrong => Outcome::Retry {
                at: now,
                failure,
                holds: Holds::Connection,
            },
            Verdict::SignInEnded
            | Verdict::PermissionMissing
            | Verdict::WindowClosed
            | Verdict::PersonUnavailable
            | Verdict::UnknownRecipient
            | Verdict::Gone
            | Verdict::Blocked
            | Verdict::NotDelivered
            | Verdict::OptedOut
            | Verdict::PictureRefused
            | Verdict::Refused => Outcome::Failed(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_000_000_000);

    /// Whether a rule would send a second time what may have been sent. `told` is how each error
    /// of which nobody knows the end is settled.
    fn doubles(told: impl Fn(&Error) -> Outcome) -> bool {
        let open = [Error::Failed(500), Error::Failed(408), Error::Unreadable];
        open.iter().any(|error| told(error) != Outcome::Unconfirmed)
    }

    #[test]
    fn what_may_have_been_sent_is_never_tried_again() {
        assert!(!doubles(|error| error.outcome(NOW)));
    }

    #[test]
    fn the_check_notices_a_rule_that_tries_again() {
        assert!(doubles(|error| error.outcome_before_sending(NOW)));
    }

    #[test]
    fn all_three_shapes_of_an_error_are_read() {
        let code = |body: Value| Refusal::read(&body, 400, None).map(|refusal| refusal.code);
        assert_eq!(
            code(json!({"error": {"code": 190, "message": "…"}})),
            Some(190)
        );
        assert_eq!(code(json!({"error": {"code": "190"}})), Some(190));
        let data = json!({"error": {"code": 131_047, "error_data": {"details": "…"}}});
        assert_eq!(code(data), Some(131_047));
        let exchange = json!({"error_type": "OAuthException", "code": 400, "error_message": "…"});
        assert_eq!(code(exchange), Some(1));
        for none in [
            json!({}),
            json!([]),
            json!({"error": "x"}),
            json!({"code": 5}),
            json!(null),
        ] {
            assert_eq!(code(none), None);
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        const NAMES: [&str; 6] = [
            "error",
            "code",
            "error_subcode",
            "message",
            "is_transient",
            "error_message",
        ];
        let leaf = prop_oneof![
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            let name = prop::sample::select(&NAMES[..]).prop_map(str::to_owned);
            prop::collection::vec((name, inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect()))
        })
    }

    proptest! {
        #[test]
        fn any_error_body_comes_to_an_outcome(body in any_json(), status in 200_u16..600) {
            if let Some(refusal) = Refusal::read(&body, status, Some(Duration::MAX)) {
                let error = Error::Refused(refusal);
                // A refusal is never taken for a message that was sent.
                let sent = matches!(error.outcome(NOW), Outcome::Sent { .. });
                prop_assert!(!sent);
            }
        }
    }
}
