//! One call: which host, version, path, token and parameters it has, and who makes it.

use axum::extract::Request;
use axum::http::Method;
use axum::http::header::AUTHORIZATION;
use serde_json::Value;

use super::error::Refusal;
use super::params::{Params, Upload};
use crate::signing;
use crate::world::World;
use crate::world::logins::{Token, TokenKind};
use crate::world::people;
use crate::world::shop::{self, Channel, User};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// graph.facebook.com
    Graph,
    /// graph.instagram.com
    Instagram,
}

impl Host {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Graph => "graph",
            Self::Instagram => "instagram",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) host: Host,
    pub(crate) method: Method,
    pub(crate) version: String,
    /// Without host and version.
    pub(crate) path: Vec<String>,
    pub(crate) params: Params,
    pub(crate) token: Option<String>,
    pub(crate) token_in: Option<&'static str>,
    /// What a link in the parameters leads to, fetched before the world was asked.
    pub(crate) fetched: Option<Result<Upload, String>>,
}

/// Who makes a call.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// The app itself, by `app id|app secret`.
    App,
    /// A person, or a Page on a person's behalf.
    Token(Token),
}

impl Call {
    pub(crate) async fn read(request: Request) -> Result<Self, Refusal> {
        let mut path: Vec<String> = request
            .uri()
            .path()
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(str::to_owned)
            .collect();
        let instagram = path.first().is_some_and(|first| first == "instagram");
        let host = if instagram {
            Host::Instagram
        } else {
            Host::Graph
        };
        if !path.is_empty() {
            path.remove(0);
        }
        let mut version = "v25.0".to_owned();
        if path.first().is_some_and(|first| is_version(first)) {
            version = path.remove(0);
        }
        let method = request.method().clone();
        let header = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| {
                value
                    .strip_prefix("Bearer ")
                    .or_else(|| value.strip_prefix("OAuth "))
            })
            .map(str::to_owned);
        let params = Params::read(request).await?;
        let token_in = params.token_in.or(header.as_ref().map(|_| "header"));
        let token = params.text("access_token").or(header);
        Ok(Self {
            host,
            method,
            version,
            path,
            params,
            token,
            token_in,
            fetched: None,
        })
    }

    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// Who calls, if the token and its proof are good.
    pub(crate) fn caller(&self, world: &World, now: i64) -> Result<Caller, Refusal> {
        let me = self.path.first().is_some_and(|first| first == "me");
        let token = self.token.as_deref().ok_or_else(|| Refusal::no_token(me))?;
        if let Some((id, secret)) = token.split_once('|') {
            let ours = id == world.app.id && secret == world.app.secret;
            return if ours {
                Ok(Caller::App)
            } else {
                Err(Refusal::malformed_token())
            };
        }
        let good = world.logins.check(token, &world.app.id, now)?;
        match self.params.text("appsecret_proof") {
            Some(proof) => {
                let time = self.params.text("appsecret_time");
                let fresh = time.as_deref().is_none_or(|time| {
                    time.parse::<i64>()
                        .is_ok_and(|time| (now / 1000 - time).abs() <= 300)
                });
                let secret = &world.app.secret;
                if !fresh || !signing::proof_holds(secret, token, time.as_deref(), &proof) {
                    return Err(Refusal::proof_wrong());
                }
            }
            None if world.switches.proof_required => return Err(Refusal::proof_missing()),
            None => {}
        }
        Ok(Caller::Token(good))
    }

    /// Names the caller for the record, without the token.
    pub(crate) fn caller_label(&self, world: &World) -> String {
        let Some(token) = &self.token else {
            return String::new();
        };
        if token.contains('|') {
            return "app".to_owned();
        }
        world
            .logins
            .token(token)
            .map_or_else(|| "unknown".to_owned(), Token::label)
    }

    /// The words faults can name this call by: method, path, host and, where it has them, channel
    /// and whether it sends a message.
    pub(crate) fn subject(&self, world: &World) -> String {
        let channel = self.channel(world).map_or("", Channel::name);
        let path = self.path.join("/");
        let sends = if self.sends() { "send" } else { "" };
        format!(
            "{} /{path} {} {channel} {sends}",
            self.method,
            self.host.name()
        )
    }

    /// Whether this is a message, not a read mark, a typing sign or a reaction of Messenger's.
    pub(super) fn sends(&self) -> bool {
        let messages = self.path.last().is_some_and(|last| last == "messages");
        let says = ["message", "type", "text"]
            .iter()
            .any(|name| self.params.raw(name).is_some());
        messages && self.method == Method::POST && says && self.params.raw("status").is_none()
    }

    fn channel(&self, world: &World) -> Option<Channel> {
        let first = self.path.first()?;
        if let Some(channel) = shop::channel_of(first)
            && channel != Channel::Messenger
        {
            return Some(channel);
        }
        if let Some(platform) = self.params.text("platform") {
            return Channel::named(&platform);
        }
        let recipient = self.params.json("recipient").ok().flatten();
        let id = recipient.as_ref()?.get("id").and_then(Value::as_str)?;
        let page = match first.as_str() {
            "me" => match world.logins.token(self.token.as_deref()?)?.kind {
                TokenKind::Page(page) => page,
                TokenKind::User { .. } => return None,
            },
            page => shop::page(page)?.id,
        };
        let instagram = shop::page(page)?.instagram.as_ref();
        let is_instagram = instagram
            .is_some_and(|account| people::by_id(id, Channel::Instagram, account.id).is_some());
        Some(if is_instagram {
            Channel::Instagram
        } else {
            Channel::Messenger
        })
    }

    /// The object and kind Meta counts this call's use for.
    pub(crate) fn business_use_case(&self) -> Option<(&str, &'static str)> {
        let id = self.path.first()?;
        match shop::channel_of(id) {
            Some(Channel::Whatsapp) => Some((id, "whatsapp")),
            Some(Channel::Messenger) => Some((id, "messenger")),
            Some(Channel::Instagram) => Some((id, "instagram")),
            None => shop::waba(id).map(|waba| (waba.id, "whatsapp")),
        }
    }
}

fn is_version(segment: &str) -> bool {
    segment
        .strip_prefix('v')
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(major, minor)| {
            let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            digits(major) && digits(minor)
        })
}

impl Caller {
    pub(crate) fn token(&self) -> Result<&Token, Refusal> {
        match self {
            Self::Token(token) => Ok(token),
            Self::App => Err(Refusal::parameter(
                "An app access token cannot be used for this request; use a user or page token.",
            )),
        }
    }

    /// Refuses unless the person granted `scope`, for `target` if one is named.
    pub(crate) fn needs(
        &self,
        world: &World,
        scope: &str,
        target: Option<&str>,
    ) -> Result<&'static User, Refusal> {
        let user = self.token()?.user;
        if world.logins.allows(user, scope, target) {
            return Ok(user);
        }
        Err(Refusal::permission(scope))
    }

    /// The Page this token is for; a person's own token is refused.
    pub(crate) fn page(&self) -> Result<&'static str, Refusal> {
        match self.token()?.kind {
            TokenKind::Page(page) => Ok(page),
            TokenKind::User { .. } => Err(Refusal::page_token_needed()),
        }
    }
}
