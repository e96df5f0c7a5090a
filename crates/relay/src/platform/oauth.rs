//! The login at Facebook, by the `oauth2` crate: address, state, PKCE, exchange.
//!
//! Meta's exchange is a GET with its own error object and may leave the token's type out. The HTTP
//! closure and the token type here are all that differs from the book.

use std::pin::Pin;
use std::time::Duration;

use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
};
use oauth2::{
    AccessToken, AsyncHttpClient, AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret,
    CsrfToken, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope, StandardRevocableToken,
    TokenResponse, TokenType, TokenUrl,
};
use serde::{Deserialize, Serialize};

use super::SCOPES;
use super::graph::{self, Platform, PlatformError, read, refusal_in, send};
use crate::config::GRAPH_VERSION;
use crate::secret::Secret;

/// What identifies one authorization at both ends.
#[derive(Debug)]
pub(crate) struct Authorization {
    pub(crate) state: String,
    pub(crate) pkce_verifier: String,
    pub(crate) redirect_url: String,
}

/// A person's token.
#[derive(Debug)]
pub(crate) struct UserToken {
    pub(crate) token: Secret,
    /// Seconds it lasts, where Meta says so.
    pub(crate) lasts: Option<i64>,
}

/// Meta's token: there is one type, whether it is named or not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Bearer;

impl TokenType for Bearer {}

#[derive(Serialize, Deserialize)]
struct MetaToken {
    access_token: AccessToken,
    #[serde(skip)]
    token_type: Bearer,
    #[serde(default)]
    expires_in: Option<u64>,
}

impl std::fmt::Debug for MetaToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MetaToken")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

impl TokenResponse for MetaToken {
    type TokenType = Bearer;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }
    fn token_type(&self) -> &Bearer {
        &self.token_type
    }
    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }
    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }
    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

impl From<MetaToken> for UserToken {
    fn from(token: MetaToken) -> Self {
        Self {
            token: Secret::new(token.access_token.secret()),
            lasts: token.expires_in.and_then(|lasts| i64::try_from(lasts).ok()),
        }
    }
}

/// What Meta answers when a token is exchanged for one that lasts longer.
#[derive(Deserialize)]
struct Longer {
    access_token: String,
    expires_in: Option<i64>,
}

impl From<Longer> for UserToken {
    fn from(longer: Longer) -> Self {
        Self {
            token: Secret::new(longer.access_token),
            lasts: longer.expires_in,
        }
    }
}

type Facebook = Client<
    BasicErrorResponse,
    MetaToken,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// How the exchange travels.
struct AsMetaWants<'a>(&'a Platform);

impl<'c> AsyncHttpClient<'c> for AsMetaWants<'_> {
    type Error = PlatformError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, PlatformError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.0.ask_as_meta_wants(request))
    }
}

impl Platform {
    /// Where the browser is to go.
    pub(crate) fn authorize_url(&self, login: &Authorization, ask_again: bool) -> String {
        let verifier = PkceCodeVerifier::new(login.pkce_verifier.clone());
        let state = login.state.clone();
        let client = self.facebook(self.secret(), &login.redirect_url);
        let mut request = client
            .authorize_url(|| CsrfToken::new(state))
            // Meta wants its scopes with commas between them, and as one value.
            .add_scope(Scope::new(SCOPES.join(",")))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        if ask_again {
            request = request.add_extra_param("auth_type", "rerequest");
        }
        request.url().0.into()
    }

    /// Exchanges a code for a token.
    pub(crate) async fn exchange(
        &self,
        login: &Authorization,
        code: &str,
    ) -> Result<UserToken, PlatformError> {
        self.with_secret(|secret| async move {
            let client = self.facebook(&secret, &login.redirect_url);
            let token = client
                .exchange_code(AuthorizationCode::new(code.to_owned()))
                .set_pkce_verifier(PkceCodeVerifier::new(login.pkce_verifier.clone()))
                .request_async(&AsMetaWants(self))
                .await
                .map_err(failure_of)?;
            Ok(token.into())
        })
        .await
    }

    /// Exchanges a token for one that lasts longer.
    pub(crate) async fn lengthen(&self, token: &str) -> Result<UserToken, PlatformError> {
        let longer: Longer = self
            .with_secret(|secret| async move {
                let query = [
                    ("grant_type", "fb_exchange_token"),
                    ("client_id", &self.app().id),
                    ("client_secret", secret.expose()),
                    ("fb_exchange_token", token),
                ];
                read(
                    self.http()
                        .get(self.address("oauth/access_token"))
                        .query(&query),
                )
                .await
            })
            .await?;
        Ok(longer.into())
    }

    fn facebook(&self, secret: &Secret, redirect_url: &str) -> Facebook {
        let base = self.app().facebook_url.as_str().trim_end_matches('/');
        let dialog = format!("{base}/{GRAPH_VERSION}/dialog/oauth");
        let fits = "an address made of a checked one is an address";
        Client::new(ClientId::new(self.app().id.clone()))
            .set_client_secret(ClientSecret::new(secret.expose().to_owned()))
            .set_auth_type(oauth2::AuthType::RequestBody)
            .set_auth_uri(AuthUrl::new(dialog).expect(fits))
            .set_token_uri(TokenUrl::from_url(self.address("oauth/access_token")))
            .set_redirect_uri(RedirectUrl::new(redirect_url.to_owned()).expect(fits))
    }

    /// Sends the exchange the way Meta documents it.
    async fn ask_as_meta_wants(&self, request: HttpRequest) -> Result<HttpResponse, PlatformError> {
        let mut address = self.address("oauth/access_token");
        let parameters = url::form_urlencoded::parse(request.body());
        address
            .query_pairs_mut()
            .extend_pairs(parameters.filter(|(key, _)| key != "grant_type"));
        let (status, body) = send(self.http().get(address)).await?;
        as_the_crate_knows(status, body)
    }

    /// What comes of an exchange that Meta answers with these bytes, and of lengthening a token.
    #[cfg(fuzzing)]
    pub(crate) fn answered(&self, body: &[u8]) -> [Result<UserToken, PlatformError>; 2] {
        let answer = |_: HttpRequest| as_the_crate_knows(reqwest::StatusCode::OK, body.to_vec());
        let exchanged = self
            .facebook(self.secret(), "http://localhost/")
            .exchange_code(AuthorizationCode::new("a code".to_owned()))
            .request(&answer);
        let longer = serde_json::from_slice::<Longer>(body).map_err(|_| PlatformError::Nonsense);
        let longer = refusal_in(body).map_or(longer, Err);
        [
            exchanged.map(UserToken::from).map_err(failure_of),
            longer.map(UserToken::from),
        ]
    }
}

/// Meta's answer in the form the crate knows; an error's code travels in its description.
fn as_the_crate_knows(
    status: reqwest::StatusCode,
    body: Vec<u8>,
) -> Result<HttpResponse, PlatformError> {
    let (status, body) = match refusal_in(&body) {
        Some(PlatformError::Refused { code, subcode }) => {
            let error = serde_json::json!({
                "error": "invalid_grant",
                "error_description": format!("{code}/{subcode}"),
            });
            (
                reqwest::StatusCode::BAD_REQUEST,
                error.to_string().into_bytes(),
            )
        }
        Some(other) => return Err(other),
        None if status.is_success() => (status, body),
        None => return Err(graph::failure_of(status)),
    };
    let mut response = HttpResponse::new(body);
    *response.status_mut() = status;
    Ok(response)
}

/// What went wrong, without the body of the answer: that may hold a token.
fn failure_of(error: RequestTokenError<PlatformError, BasicErrorResponse>) -> PlatformError {
    match error {
        RequestTokenError::ServerResponse(answer) => {
            let codes = answer
                .error_description()
                .and_then(|text| text.split_once('/'));
            let number = |text: &str| text.parse().unwrap_or_default();
            let (code, subcode) = codes.unwrap_or_default();
            PlatformError::Refused {
                code: number(code),
                subcode: number(subcode),
            }
        }
        RequestTokenError::Request(error) => error,
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => PlatformError::Nonsense,
    }
}
