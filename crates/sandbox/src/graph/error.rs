//! One refusal of Meta's: code, subcode, type, words and HTTP status, and the body it makes.

use serde_json::{Map, Value, json};

/// One refusal, without the trace id that every answer gets of its own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: i64,
    pub(crate) subcode: Option<i64>,
    kind: &'static str,
    message: String,
    user: Option<Box<(String, String)>>,
    transient: bool,
    /// After how many minutes a limit lets calls through again.
    pub(super) regain_minutes: i64,
    /// WhatsApp's `error_data.details`.
    details: Option<String>,
}

impl Refusal {
    pub(crate) fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code,
            subcode: None,
            kind: "OAuthException",
            message: message.into(),
            user: None,
            transient: false,
            regain_minutes: 1,
            details: None,
        }
    }

    pub(super) fn sub(self, subcode: i64) -> Self {
        Self {
            subcode: Some(subcode),
            ..self
        }
    }

    pub(super) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(super) fn method_exception(self) -> Self {
        Self {
            kind: "GraphMethodException",
            ..self
        }
    }

    pub(super) fn transient(self) -> Self {
        Self {
            transient: true,
            ..self
        }
    }

    pub(super) fn regained_in(self, minutes: i64) -> Self {
        Self {
            regain_minutes: minutes,
            ..self
        }
    }

    pub(super) fn user(self, title: &str, message: &str) -> Self {
        Self {
            user: Some(Box::new((title.to_owned(), message.to_owned()))),
            ..self
        }
    }

    /// The host of Instagram Login names its exceptions differently.
    pub(crate) fn for_instagram_login(self) -> Self {
        Self {
            kind: "IGApiException",
            ..self
        }
    }

    /// WhatsApp's form: the message repeats the code, the details say what is wrong.
    pub(crate) fn whatsapp(
        status: u16,
        code: i64,
        title: &str,
        details: impl Into<String>,
    ) -> Self {
        let details = Some(details.into());
        Self {
            details,
            ..Self::new(code, format!("(#{code}) {title}")).status(status)
        }
    }

    /// The body of the answer.
    pub(crate) fn body(&self, trace: &str) -> Value {
        let mut error = Map::new();
        error.insert("message".into(), json!(self.message));
        error.insert("type".into(), json!(self.kind));
        error.insert("code".into(), json!(self.code));
        if let Some(details) = &self.details {
            error.insert(
                "error_data".into(),
                json!({"messaging_product": "whatsapp", "details": details}),
            );
        }
        if let Some(subcode) = self.subcode {
            error.insert("error_subcode".into(), json!(subcode));
        }
        if self.transient {
            error.insert("is_transient".into(), json!(true));
        }
        if let Some((title, message)) = self.user.as_deref() {
            error.insert("error_user_title".into(), json!(title));
            error.insert("error_user_msg".into(), json!(message));
        }
        error.insert("fbtrace_id".into(), json!(trace));
        json!({ "error": error })
    }

    /// The same refusal as it stands in a `failed` status of a webhook.
    pub(crate) fn in_webhook(&self) -> Value {
        let title = self
            .message
            .split_once(") ")
            .map_or(self.message.as_str(), |(_, title)| title);
        json!({
            "code": self.code,
            "title": title,
            "message": title,
            "error_data": {"details": self.details.as_deref().unwrap_or(title)},
            "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
        })
    }
}
