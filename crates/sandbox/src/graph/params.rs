//! The parameters of one call, from wherever Meta takes them: query, form, JSON or multipart.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use serde_json::Value;

use super::error::Refusal;

/// Larger than the largest picture, document and video together that a test would send.
const BODY_LIMIT: usize = 120 * 1024 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Params {
    values: BTreeMap<String, Value>,
    files: BTreeMap<String, Upload>,
    /// Where the access token was found, if in one of these.
    pub(crate) token_in: Option<&'static str>,
}

/// A file of a multipart body.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) mime: String,
    pub(crate) bytes: Bytes,
}

impl Params {
    pub(crate) async fn read(request: Request) -> Result<Self, Refusal> {
        let mut params = Self::default();
        let query = request.uri().query().unwrap_or_default().to_owned();
        params.take_form(query.as_bytes(), "query");
        let kind = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_ascii_lowercase();
        if kind.starts_with("multipart/form-data") {
            params.take_multipart(request).await?;
            return Ok(params);
        }
        let body = axum::body::to_bytes(request.into_body(), BODY_LIMIT)
            .await
            .map_err(|_| Refusal::parameter("The request body is too large or was cut short."))?;
        if kind.starts_with("application/json") {
            params.take_json(&body)?;
        } else {
            params.take_form(&body, "body");
        }
        Ok(params)
    }

    fn take_form(&mut self, form: &[u8], place: &'static str) {
        for (name, value) in url::form_urlencoded::parse(form) {
            self.insert(name.into_owned(), Value::String(value.into_owned()), place);
        }
    }

    fn take_json(&mut self, body: &[u8]) -> Result<(), Refusal> {
        if body.is_empty() {
            return Ok(());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => {
                for (name, value) in object {
                    self.insert(name, value, "body");
                }
                Ok(())
            }
            _ => Err(Refusal::parameter("The request body is not a JSON object.")),
        }
    }

    async fn take_multipart(&mut self, request: Request) -> Result<(), Refusal> {
        let broken = || Refusal::parameter("The multipart body could not be read.");
        let mut parts = Multipart::from_request(request, &())
            .await
            .map_err(|_| broken())?;
        while let Some(part) = parts.next_field().await.map_err(|_| broken())? {
            let name = part.name().unwrap_or_default().to_owned();
            let file_name = part.file_name().map(str::to_owned);
            let mime = part
                .content_type()
                .unwrap_or("application/octet-stream")
                .to_owned();
            let bytes = part.bytes().await.map_err(|_| broken())?;
            match file_name {
                Some(file_name) => {
                    self.files.insert(
                        name,
                        Upload {
                            name: file_name,
                            mime,
                            bytes,
                        },
                    );
                }
                None => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    self.insert(name, Value::String(text), "body");
                }
            }
        }
        Ok(())
    }

    fn insert(&mut self, name: String, value: Value, place: &'static str) {
        if name == "access_token" {
            self.token_in = Some(place);
        }
        self.values.insert(name, value);
    }

    /// A parameter as text; numbers and truth values are written out.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.values.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    pub(crate) fn needed(&self, name: &str) -> Result<String, Refusal> {
        self.text(name)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| Refusal::parameter_needed(name))
    }

    /// A parameter as JSON, whether it came inside a JSON body or as JSON text in a form.
    pub(crate) fn json(&self, name: &str) -> Result<Option<Value>, Refusal> {
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some).map_err(|_| {
                Refusal::parameter(&format!("Param {name} must be a valid JSON object."))
            }),
            Some(other) => Ok(Some(other.clone())),
        }
    }

    pub(crate) fn raw(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    pub(crate) fn file(&self, name: &str) -> Option<&Upload> {
        self.files.get(name)
    }

    /// Everything but secrets, for the record of calls.
    pub(crate) fn record(&self) -> Value {
        const SECRET: [&str; 6] = [
            "access_token",
            "client_secret",
            "appsecret_proof",
            "code",
            "fb_exchange_token",
            "input_token",
        ];
        let shown = |(name, value): (&String, &Value)| {
            let value = if SECRET.contains(&name.as_str()) {
                "…".into()
            } else {
                value.clone()
            };
            (name.clone(), value)
        };
        let mut record: serde_json::Map<String, Value> = self.values.iter().map(shown).collect();
        for (name, file) in &self.files {
            record.insert(
                name.clone(),
                format!("{} ({} bytes)", file.mime, file.bytes.len()).into(),
            );
        }
        Value::Object(record)
    }
}
