//! Pictures for the window, by opaque id, through a scheme of our own with ranges. No path, no
//! token and no remote address ever crosses it.

use std::ops::Range;

use engine::Engine;
use engine::read::Media;
use tauri::http::{Request, Response, StatusCode, header};
use tauri::{Manager, Runtime, UriSchemeContext, UriSchemeResponder};

use crate::shell::Shell;

/// The scheme the window asks for pictures by.
pub const SCHEME: &str = "shopmedia";

/// Answers one request of the window's.
#[expect(
    clippy::needless_pass_by_value,
    reason = "Tauri hands the context over by value"
)]
pub fn answer<R: Runtime>(
    context: UriSchemeContext<'_, R>,
    request: Request<Vec<u8>>,
    responder: UriSchemeResponder,
) {
    let engine = context.app_handle().state::<Shell>().engine().clone();
    tauri::async_runtime::spawn(async move { responder.respond(read(&engine, &request).await) });
}

async fn read(engine: &Engine, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let Ok(id) = request.uri().path().trim_start_matches('/').parse() else {
        return empty(StatusCode::NOT_FOUND);
    };
    let wanted = request
        .headers()
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok());
    let range = match wanted.map(parse_range) {
        Some(None) => return empty(StatusCode::RANGE_NOT_SATISFIABLE),
        Some(range) => range,
        None => None,
    };
    let partial = range.is_some();
    match engine.media(id, range).await {
        Ok(media) => found(media, partial),
        Err(_) => empty(StatusCode::NOT_FOUND),
    }
}

fn found(media: Media, partial: bool) -> Response<Vec<u8>> {
    let mut response = Response::builder()
        .header(header::CONTENT_TYPE, &media.content_type)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CACHE_CONTROL, "no-store");
    if partial {
        let last = (media.offset + media.bytes.len() as u64).saturating_sub(1);
        response = response.status(StatusCode::PARTIAL_CONTENT).header(
            header::CONTENT_RANGE,
            format!("bytes {}-{last}/{}", media.offset, media.total),
        );
    }
    response
        .body(media.bytes)
        .unwrap_or_else(|_| empty(StatusCode::INTERNAL_SERVER_ERROR))
}

fn empty(status: StatusCode) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status;
    response
}

/// One range of bytes, as RFC 9110 section 14.1.2 writes it: `bytes=0-99` or `bytes=100-`. Several
/// ranges and suffixes are answered as not satisfiable; players then ask for the whole.
fn parse_range(text: &str) -> Option<Range<u64>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let first: u64 = first.parse().ok()?;
    let end = if last.is_empty() {
        u64::MAX
    } else {
        last.parse::<u64>().ok()?.checked_add(1)?
    };
    (first < end).then_some(first..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_writes_them() {
        assert_eq!(parse_range("bytes=0-99"), Some(0..100));
        assert_eq!(parse_range("bytes=100-"), Some(100..u64::MAX));
        for text in [
            "",
            "bytes=",
            "bytes=-5",
            "bytes=5-4",
            "bytes=0-1,4-5",
            "items=0-1",
        ] {
            assert_eq!(parse_range(text), None, "{text}");
        }
    }
}
