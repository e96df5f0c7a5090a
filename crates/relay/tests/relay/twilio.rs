//! Twilio's signature against the shared vectors: the real check judges each as it should, and checks
//! that are wrong in one way each do not.

use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use relay::Secret;
use relay::twilio::{Body, verify};
use serde_json::Value;
use sha1::Sha1;

use crate::vectors::{text, vectors};

/// The vectors that a check judges wrongly.
fn misjudged(check: impl Fn(&Value) -> bool) -> Vec<String> {
    let vectors = vectors("twilio");
    assert_eq!(vectors.len(), 16);
    let wrong = vectors
        .iter()
        .filter(|vector| check(vector) != (text(vector, "expected") == "valid"));
    wrong.map(|vector| text(vector, "id").to_owned()).collect()
}

#[test]
fn the_shared_vectors_are_judged_as_they_should_be() {
    let wrong = misjudged(|vector| {
        let body = match vector["form_body"].as_str() {
            Some(form) => Body::Form(form.as_bytes()),
            None => Body::Raw(text(vector, "json_body").as_bytes()),
        };
        let value = HeaderValue::from_str(text(vector, "header")).unwrap();
        let name = text(vector, "header_name").parse().unwrap();
        let headers = HeaderMap::from_iter([(name, value)]);
        let token = Secret::new(text(vector, "auth_token"));
        verify(&headers, text(vector, "url"), body, &token).is_ok()
    });
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// A check put together from the steps of the real one, each of which can be done wrongly.
struct Steps {
    url: fn(&str) -> String,
    parameters: fn(&mut Vec<(String, String)>),
}

/// The steps as they are right.
const RIGHT: Steps = Steps {
    url: str::to_owned,
    parameters: |parameters| {
        parameters.sort();
        parameters.dedup();
    },
};

impl Steps {
    fn misjudge(&self) -> Vec<String> {
        misjudged(|vector| {
            let form = vector["form_body"].as_str().unwrap_or_default();
            let mut parameters: Vec<_> = url::form_urlencoded::parse(form.as_bytes())
                .into_owned()
                .collect();
            (self.parameters)(&mut parameters);
            let mut signed = (self.url)(text(vector, "url"));
            for (name, value) in parameters {
                signed.extend([name, value]);
            }
            let mac = Hmac::<Sha1>::new_from_slice(text(vector, "auth_token").as_bytes())
                .unwrap()
                .chain_update(signed);
            BASE64.encode(mac.finalize().into_bytes()) == text(vector, "header")
        })
    }
}

/// A mistake, the steps with it, and a vector that shows it.
type Mistake = (&'static str, Steps, &'static str);

fn in_order(parameters: &mut Vec<(String, String)>) {
    (RIGHT.parameters)(parameters);
}

const fn reading(parameters: fn(&mut Vec<(String, String)>)) -> Steps {
    Steps {
        parameters,
        ..RIGHT
    }
}

const fn addressed(url: fn(&str) -> String) -> Steps {
    Steps { url, ..RIGHT }
}

const WITH_PARAMETERS: [Mistake; 7] = [
    (
        "parameters as they came",
        reading(Vec::dedup),
        "docs_vector",
    ),
    (
        "capitals and small letters sorted together",
        reading(|all| {
            all.sort_by_key(|(name, _)| name.to_lowercase());
            all.dedup();
        }),
        "lower_case_param_sorts_last",
    ),
    (
        "each value as often as it came",
        reading(|all| all.sort()),
        "duplicate_params",
    ),
    (
        "values in the order they came",
        reading(|all| {
            all.sort_by(|one, other| one.0.cmp(&other.0));
            all.dedup();
        }),
        "duplicate_params",
    ),
    (
        "empty values left out",
        reading(|all| {
            in_order(all);
            all.retain(|(_, value)| !value.is_empty());
        }),
        "inbound_sms_unicode_and_empty",
    ),
    (
        "only what is known",
        reading(|all| {
            in_order(all);
            all.retain(|(name, _)| name != "FutureParam");
        }),
        "extra_unknown_param_valid",
    ),
    (
        "no parameters at all",
        reading(Vec::clear),
        "status_callback",
    ),
];

const WITH_THE_ADDRESS: [Mistake; 6] = [
    (
        "the port left out",
        addressed(|url| {
            let ports = [":443", ":80", ":1234"];
            ports.iter().fold(url.to_owned(), |url, port| {
                url.replace(&format!(".com{port}/"), ".com/")
            })
        }),
        "http_nonstandard_port",
    ),
    (
        "the query left out",
        addressed(|url| url.split('?').next().unwrap_or_default().to_owned()),
        "inbound_sms_query_string",
    ),
    (
        "the query decoded",
        addressed(|url| url.replace("%2B", "+")),
        "inbound_sms_query_string",
    ),
    (
        "any host",
        addressed(|url| url.replace("evil.example", "relay.shopbell.example")),
        "wrong_host",
    ),
    (
        "any scheme",
        addressed(|url| url.replace("http://relay", "https://relay")),
        "wrong_scheme",
    ),
    (
        "a last slash more or less",
        addressed(|url| url.trim_end_matches('/').to_owned()),
        "trailing_slash",
    ),
];

#[test]
fn control_a_check_that_is_wrong_in_one_step_misjudges_a_vector() {
    assert!(RIGHT.misjudge().is_empty());
    for (what, steps, caught_by) in WITH_PARAMETERS.into_iter().chain(WITH_THE_ADDRESS) {
        let wrong = steps.misjudge();
        assert!(wrong.iter().any(|id| id == caught_by), "{what}: {wrong:?}");
    }
}
