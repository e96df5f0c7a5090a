//! What people see who are not served: a sentence, and what to do next, where a program is content
//! with a status.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::language::Language;
use super::text::Text;
use super::wants_json;
use crate::relay::Relay;

/// In seconds.
const COME_BACK: HeaderValue = HeaderValue::from_static("60");

/// Puts a page in place of an answer that is nothing but a status.
pub(crate) async fn in_words(State(relay): State<Relay>, request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let language = Language::asked(query, request.headers());
    let is_program = wants_json(request.headers());
    let answer = next.run(request).await;
    if is_program || answer.headers().contains_key(header::CONTENT_TYPE) {
        return answer;
    }
    let mut said = match answer.status() {
        StatusCode::TOO_MANY_REQUESTS => Text::busy(&relay, language),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            Text::down(&relay, language)
        }
        StatusCode::NOT_FOUND => return Text::unknown_request(&relay, language),
        _ => return answer,
    };
    said.headers_mut().insert(header::RETRY_AFTER, COME_BACK);
    said
}
