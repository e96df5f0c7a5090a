//! A token, and the only place it may go.

use std::fmt;

use domain::secrets::Secret;
use reqwest::header::HeaderValue;
use url::{Origin, Url};

use super::urls::is_loopback;

/// Meta hands out links to WhatsApp media on this host; they need the token of the Graph API.
const MEDIA_HOST: &str = "https://lookaside.fbsbx.com";

/// An access token bound to the origin it was issued for. It leaves this type only as the value
/// of an `Authorization` header for that origin.
#[derive(Clone)]
pub struct Token {
    value: Secret,
    proof: Option<Secret>,
    origin: Url,
}

impl Token {
    /// A token with its `appsecret_proof`, where the relay sent one, and the address of the
    /// platform it was issued at.
    pub fn new(value: Secret, proof: Option<Secret>, origin: Url) -> Self {
        Self {
            value,
            proof,
            origin,
        }
    }

    /// Where the token was issued.
    pub fn origin(&self) -> Origin {
        self.origin.origin()
    }

    /// Whether `url` is where this token was issued, over an encrypted road or on this computer.
    pub fn may_go_to(&self, url: &Url) -> bool {
        let encrypted = url.scheme() == "https" || is_loopback(url);
        encrypted && url.origin() == self.origin()
    }

    /// The same for a media link that the Graph API itself gave for a media id.
    pub(crate) fn may_fetch_media(&self, url: &Url) -> bool {
        let media_host = Url::parse(MEDIA_HOST).expect("the address is well formed");
        let graph = super::PlatformUrls::meta().graph;
        let metas_own = self.origin() == graph.origin();
        self.may_go_to(url) || (metas_own && url.origin() == media_host.origin())
    }

    /// The header for a request to `url`; `None` if the token must not go there.
    pub(crate) fn header(&self, url: &Url) -> Option<HeaderValue> {
        self.may_go_to(url).then(|| self.bearer()).flatten()
    }

    pub(crate) fn media_header(&self, url: &Url) -> Option<HeaderValue> {
        self.may_fetch_media(url).then(|| self.bearer()).flatten()
    }

    fn bearer(&self) -> Option<HeaderValue> {
        let mut line = b"Bearer ".to_vec();
        line.extend_from_slice(self.value.expose_secret_bytes());
        let secret = Secret::new(line);
        let mut header = HeaderValue::from_bytes(secret.expose_secret_bytes()).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// The proof that the caller knows the app's secret, for the query of a call.
    pub(crate) fn proof(&self) -> Option<&str> {
        self.proof
            .as_ref()
            .and_then(|proof| std::str::from_utf8(proof.expose_secret_bytes()).ok())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("value", &"***")
            .field("proof", &self.proof.as_ref().map(|_| "***"))
            .field("origin", &self.origin().ascii_serialization())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(origin: &str) -> Token {
        let secret = |text: &str| Secret::new(text.as_bytes().to_vec());
        Token::new(
            secret("EAAsecret"),
            Some(secret("p00f")),
            origin.parse().unwrap(),
        )
    }

    #[test]
    fn a_token_goes_only_where_it_was_issued() {
        let real = token("https://graph.facebook.com");
        let sandbox = token("http://127.0.0.1:8790/graph");
        for (token, url, goes) in [
            (&real, "https://graph.facebook.com/v25.0/me", true),
            (&real, "https://graph.facebook.com:8443/v25.0/me", false),
            (&real, "http://graph.facebook.com/v25.0/me", false),
            (&real, "https://graph.facebook.com.evil.example/", false),
            (&real, "https://graph.instagram.com/me", false),
            (&real, "https://lookaside.fbsbx.com/x", false),
            (&real, "http://127.0.0.1:8790/graph/me", false),
            (&sandbox, "http://127.0.0.1:8790/graph/me", true),
            (&sandbox, "http://127.0.0.1:8791/graph/me", false),
            (&sandbox, "https://graph.facebook.com/me", false),
        ] {
            assert_eq!(token.header(&url.parse().unwrap()).is_some(), goes, "{url}");
        }
    }

    #[test]
    fn a_token_issued_over_plain_http_elsewhere_goes_nowhere() {
        let url: Url = "http://relay.example/graph/me".parse().unwrap();
        assert!(token("http://relay.example/graph").header(&url).is_none());
    }

    #[test]
    fn the_media_host_gets_the_token_of_the_real_graph_api_alone() {
        let media: Url = "https://lookaside.fbsbx.com/whatsapp/?mid=1"
            .parse()
            .unwrap();
        assert!(
            token("https://graph.facebook.com")
                .media_header(&media)
                .is_some()
        );
        assert!(
            token("http://127.0.0.1:8790")
                .media_header(&media)
                .is_none()
        );
        let cdn: Url = "https://scontent.xx.fbcdn.net/a.jpg".parse().unwrap();
        assert!(
            token("https://graph.facebook.com")
                .media_header(&cdn)
                .is_none()
        );
    }

    #[test]
    fn a_token_is_never_printed() {
        let token = token("https://graph.facebook.com");
        let header = token.header(&"https://graph.facebook.com/".parse().unwrap());
        let printed = format!("{token:?} {header:?}");
        assert!(
            !printed.contains("EAAsecret") && !printed.contains("p00f"),
            "{printed}"
        );
    }
}
