//! `GET /`: the customers' phones, in one file without anything from elsewhere.

use axum::response::Html;

pub(crate) async fn show() -> Html<&'static str> {
    Html(include_str!("phones.html"))
}
