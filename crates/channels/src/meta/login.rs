//! The login itself: is it still accepted, and ending it. The login's dance is the relay's.

use domain::Timestamp;
use serde_json::Value;

use super::graph::confirmed;
use super::{Error, Graph, Token, Verdict};
use crate::json::{as_word, list, moment, word, yes};

/// Whether Meta still accepts a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It does.
    Accepted,
    /// It was removed, has expired or is otherwise over.
    Ended,
}

/// Asks Meta whether it still accepts a token. An error says neither.
pub async fn probe(graph: &Graph, token: &Token) -> Result<Probe, Error> {
    match graph.get(token, &["me"], &[("fields", "id")]).await {
        Ok(_) => Ok(Probe::Accepted),
        Err(error) if error.verdict() == Some(Verdict::SignInEnded) => Ok(Probe::Ended),
        Err(error) => Err(error),
    }
}

/// How a login was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// Meta confirmed it.
    Confirmed,
    /// The owner had removed the app at Meta before.
    AlreadyGone,
}

/// 190 with this: the person has removed the app.
const APP_REMOVED: i64 = 458;

/// Takes all permissions back from the app: the login with all its connections is over. Needs
/// the login's own token, not a Page's.
pub async fn revoke(graph: &Graph, token: &Token, user: &str) -> Result<Revoked, Error> {
    match graph.delete(token, &[user, "permissions"]).await {
        Ok(answer) => confirmed(&answer).map(|()| Revoked::Confirmed),
        Err(Error::Refused(refusal)) if refusal.subcode == Some(APP_REMOVED) => {
            Ok(Revoked::AlreadyGone)
        }
        Err(error) => Err(error),
    }
}

/// What `debug_token` says of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFacts {
    /// Whether Meta accepts it.
    pub valid: bool,
    /// The person who logged in.
    pub user: Option<String>,
    /// When it ends; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// When access to data ends, although the token still counts as valid.
    pub data_access_expires_at: Option<Timestamp>,
    /// The permissions, each with the accounts it is for; no accounts means all.
    pub scopes: Vec<(String, Vec<String>)>,
}

impl TokenFacts {
    /// Reads the answer, wrapped in `data` or not.
    pub fn read(answer: &Value) -> Self {
        let facts = answer.get("data").unwrap_or(answer);
        let granular: Vec<(String, Vec<String>)> = list(facts, "granular_scopes")
            .iter()
            .filter_map(|one| {
                let accounts = list(one, "target_ids").iter().filter_map(as_word).collect();
                Some((word(one, "scope")?, accounts))
            })
            .collect();
        let plain = list(facts, "scopes").iter().filter_map(as_word);
        let missing: Vec<_> = plain
            .filter(|scope| !granular.iter().any(|(known, _)| known == scope))
            .map(|scope| (scope, Vec::new()))
            .collect();
        Self {
            valid: yes(facts, "is_valid"),
            user: word(facts, "user_id"),
            expires_at: moment(facts, "expires_at"),
            data_access_expires_at: moment(facts, "data_access_expires_at"),
            scopes: granular.into_iter().chain(missing).collect(),
        }
    }
}
