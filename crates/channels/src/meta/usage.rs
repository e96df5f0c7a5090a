//! How much of Meta's allowance is used, from headers that hold JSON. A broken one never fails a
//! call: it is as if it were not there.

use reqwest::header::HeaderMap;
use serde_json::Value;
use std::time::Duration;

/// What the usage headers of one answer say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The highest percentage of any allowance; Meta throttles at 100.
    pub percent: u32,
    /// How long until Meta listens again, where it says so.
    pub wait: Option<Duration>,
}

/// Reads `X-App-Usage`, `X-Business-Use-Case-Usage`, `X-Ad-Account-Usage` and `Retry-After`.
pub fn usage(headers: &HeaderMap) -> Usage {
    let json = |name: &str| -> Option<Value> {
        serde_json::from_str(headers.get(name)?.to_str().ok()?).ok()
    };
    let mut usage = Usage::default();
    for value in ["x-app-usage", "x-ad-account-usage"]
        .iter()
        .filter_map(|name| json(name))
    {
        usage.add(&value);
    }
    if let Some(Value::Object(business)) = json("x-business-use-case-usage") {
        for case in business.values().filter_map(Value::as_array).flatten() {
            usage.add(case);
        }
    }
    let retry_after = headers
        .get("retry-after")
        .and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok())
        .map(Duration::from_secs);
    usage.wait = usage.wait.max(retry_after);
    usage
}

impl Usage {
    fn add(&mut self, case: &Value) {
        for name in [
            "call_count",
            "total_time",
            "total_cputime",
            "acc_id_util_pct",
        ] {
            let percent = case.get(name).and_then(number).unwrap_or(0);
            self.percent = self.percent.max(u32::try_from(percent).unwrap_or(u32::MAX));
        }
        let minutes = case
            .get("estimated_time_to_regain_access")
            .and_then(number)
            .unwrap_or(0);
        if minutes > 0 {
            self.wait = self
                .wait
                .max(Some(Duration::from_secs(minutes.saturating_mul(60))));
        }
    }
}

/// A whole number from a number or its digits; fractions lose what is behind the point.
fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => {
            let text = number.to_string();
            text.split('.').next()?.parse().ok()
        }
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderName;

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_bytes(name.as_bytes()).unwrap(),
                    value.parse().unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn the_highest_figure_and_the_longest_wait_count() {
        let usage = usage(&headers(&[
            (
                "X-App-Usage",
                r#"{"call_count":28,"total_time":25,"total_cputime":25}"#,
            ),
            (
                "X-Business-Use-Case-Usage",
                r#"{"1":[{"call_count":100,"estimated_time_to_regain_access":19},{"total_time":"3"}]}"#,
            ),
            ("Retry-After", "30"),
        ]));
        assert_eq!(
            usage,
            Usage {
                percent: 100,
                wait: Some(Duration::from_secs(19 * 60))
            }
        );
    }

    #[test]
    fn a_broken_header_is_as_if_absent() {
        for broken in [
            "",
            "{",
            "[]",
            "7",
            r#"{"a":7}"#,
            r#"{"a":[null]}"#,
            r#"{"call_count":-1}"#,
        ] {
            let usage = usage(&headers(&[
                ("x-app-usage", broken),
                ("x-business-use-case-usage", broken),
                ("retry-after", "soon"),
            ]));
            assert_eq!(usage, Usage::default(), "{broken}");
        }
    }
}
