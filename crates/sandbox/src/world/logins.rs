//! Who has allowed the app what, and the codes and tokens made from it.

use std::collections::{BTreeMap, BTreeSet};

use super::shop::{self, User};
use crate::graph::error::Refusal;
use crate::ids::Ids;

const MINUTE: i64 = 60_000;
pub(crate) const CODE_LIFE: i64 = 10 * MINUTE;
/// A token fresh from the code lives an hour or two.
const SHORT_LIFE: i64 = 90 * MINUTE;
/// Sixty days, and the odd seconds less that Meta's answers show.
pub(crate) const LONG_LIFE: i64 = 5_183_944_000;
const DATA_ACCESS_LIFE: i64 = 90 * 24 * 60 * MINUTE;

/// Every permission the app may ask for.
pub(crate) const SCOPES: [&str; 19] = [
    "public_profile",
    "email",
    "pages_show_list",
    "pages_manage_metadata",
    "pages_messaging",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "pages_manage_posts",
    "read_insights",
    "leads_retrieval",
    "instagram_basic",
    "instagram_manage_messages",
    "instagram_manage_comments",
    "instagram_content_publish",
    "instagram_manage_insights",
    "whatsapp_business_management",
    "whatsapp_business_messaging",
    "business_management",
];

#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) granted: bool,
    /// The accounts ticked for this permission; empty where it is about no account.
    pub(crate) targets: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    User { long: bool },
    Page(&'static str),
}

#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) user: &'static User,
    pub(crate) issued_at: i64,
    pub(crate) expires_at: Option<i64>,
    /// The subcode of 190 it answers since it died.
    pub(crate) dead: Option<i64>,
}

impl Token {
    /// Words a fault's `where` can name it by.
    pub(crate) fn label(&self) -> String {
        match self.kind {
            TokenKind::User { .. } => format!("user {} {}", self.user.key, self.user.id),
            TokenKind::Page(page) => format!("page {page} {} {}", self.user.key, self.user.id),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Code {
    user: &'static User,
    redirect_uri: String,
    challenge: Option<String>,
    made_at: i64,
    used: bool,
}

/// What the login dialog was opened with.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) challenge: Option<String>,
}

/// What the person answered in it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) user: &'static User,
    pub(crate) granted: BTreeSet<String>,
    pub(crate) accounts: BTreeSet<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Logins {
    grants: BTreeMap<&'static str, BTreeMap<String, Grant>>,
    tokens: BTreeMap<String, Token>,
    codes: BTreeMap<String, Code>,
    dialogs: BTreeMap<String, Dialog>,
    /// Tasks given (`true`) or taken (`false`) since, by person, Page and task.
    tasks: BTreeMap<(&'static str, &'static str, String), bool>,
}

/// The dialog and its code.
impl Logins {
    pub(crate) fn open(&mut self, dialog: Dialog, ids: &mut Ids) -> String {
        let id = ids.digits(18);
        self.dialogs.insert(id.clone(), dialog);
        id
    }

    pub(crate) fn close(&mut self, id: &str) -> Option<Dialog> {
        self.dialogs.remove(id)
    }

    /// Writes down what was granted and declined, and gives the code for it.
    pub(crate) fn agree(
        &mut self,
        dialog: &Dialog,
        answer: &Answer,
        ids: &mut Ids,
        now: i64,
    ) -> String {
        let grants = self.grants.entry(answer.user.id).or_default();
        for scope in &dialog.scopes {
            let granted = answer.granted.contains(scope) || scope == "public_profile";
            let targets = targets(scope, answer);
            grants.insert(scope.clone(), Grant { granted, targets });
        }
        let public = Grant {
            granted: true,
            targets: Vec::new(),
        };
        grants.insert("public_profile".to_owned(), public);
        let code = ids.code();
        let entry = Code {
            user: answer.user,
            redirect_uri: dialog.redirect_uri.clone(),
            challenge: dialog.challenge.clone(),
            made_at: now,
            used: false,
        };
        self.codes.insert(code.clone(), entry);
        code
    }

    /// Takes the code, once, and gives a short-lived token for it.
    pub(crate) fn redeem(
        &mut self,
        code: &str,
        (redirect_uri, verifier): (&str, Option<&str>),
        ids: &mut Ids,
        now: i64,
    ) -> Result<String, Refusal> {
        let entry = self.codes.get_mut(code).ok_or_else(Refusal::code_unknown)?;
        if entry.used {
            return Err(Refusal::code_used());
        }
        if now - entry.made_at > CODE_LIFE {
            return Err(Refusal::code_expired());
        }
        if entry.redirect_uri != redirect_uri {
            return Err(Refusal::code_for_other_redirect());
        }
        if let Some(challenge) = &entry.challenge
            && verifier.map(challenge_of).as_ref() != Some(challenge)
        {
            return Err(Refusal::code_verifier());
        }
        entry.used = true;
        let user = entry.user;
        let kind = TokenKind::User { long: false };
        Ok(self.issue(kind, user, Some(now + SHORT_LIFE), (ids, now)))
    }
}

fn challenge_of(verifier: &str) -> String {
    use base64::Engine as _;
    use sha2::Digest as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(verifier))
}

/// The ticked accounts a permission is about.
fn targets(scope: &str, answer: &Answer) -> Vec<String> {
    let about = |id: &str| match scope {
        "business_management" => id == shop::BUSINESS.0,
        _ if scope.starts_with("instagram_") => shop::instagram(id).is_some(),
        _ if scope.starts_with("whatsapp_") => shop::waba(id).is_some(),
        "public_profile" | "email" => false,
        _ => shop::page(id).is_some(),
    };
    answer
        .accounts
        .iter()
        .filter(|id| about(id))
        .cloned()
        .collect()
}

/// Tokens.
impl Logins {
    fn issue(
        &mut self,
        kind: TokenKind,
        user: &'static User,
        expires_at: Option<i64>,
        (ids, now): (&mut Ids, i64),
    ) -> String {
        let value = ids.token("EAA");
        let token = Token {
            kind,
            user,
            issued_at: now,
            expires_at,
            dead: None,
        };
        self.tokens.insert(value.clone(), token);
        value
    }

    pub(crate) fn lengthen(&mut self, token: &Token, ids: &mut Ids, now: i64) -> String {
        let kind = TokenKind::User { long: true };
        self.issue(kind, token.user, Some(now + LONG_LIFE), (ids, now))
    }

    /// The Page's token that comes with a user's token; the same one each time.
    pub(crate) fn page_token(
        &mut self,
        page: &'static str,
        from: &Token,
        ids: &mut Ids,
        now: i64,
    ) -> String {
        let expires_at = match from.kind {
            TokenKind::User { long: false } => from.expires_at,
            TokenKind::User { long: true } | TokenKind::Page(_) => None,
        };
        let same = |token: &Token| {
            token.kind == TokenKind::Page(page)
                && token.user.id == from.user.id
                && token.expires_at == expires_at
                && token.dead.is_none()
        };
        if let Some((value, _)) = self.tokens.iter().find(|(_, token)| same(token)) {
            return value.clone();
        }
        self.issue(TokenKind::Page(page), from.user, expires_at, (ids, now))
    }

    pub(crate) fn token(&self, value: &str) -> Option<&Token> {
        self.tokens.get(value)
    }

    pub(crate) fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.tokens.values()
    }

    /// Changes the tokens whose label has every word of `place`; gives their number.
    pub(crate) fn change(&mut self, place: &str, change: impl Fn(&mut Token)) -> usize {
        let mut changed = 0;
        for token in self.tokens.values_mut() {
            let label = token.label();
            if place.split_whitespace().all(|word| label.contains(word)) {
                change(token);
                changed += 1;
            }
        }
        changed
    }

    /// The token if it is good, or what Meta says of it.
    pub(crate) fn check(&self, value: &str, app_id: &str, now: i64) -> Result<Token, Refusal> {
        let token = self
            .tokens
            .get(value)
            .ok_or_else(Refusal::malformed_token)?;
        if let Some(subcode) = token.dead {
            return Err(Refusal::token_dead(subcode, app_id));
        }
        if let Some(expired) = token.expires_at.filter(|at| *at <= now) {
            return Err(Refusal::token_expired(
                &session_time(expired),
                &session_time(now),
            ));
        }
        if let TokenKind::Page(page) = token.kind
            && self.tasks_of(token.user, page).is_empty()
        {
            return Err(Refusal::token_dead(492, app_id));
        }
        Ok(token.clone())
    }

    pub(crate) fn data_access_until(token: &Token) -> i64 {
        token.issued_at + DATA_ACCESS_LIFE
    }
}

/// `Tuesday, 14-Nov-26 18:00:00 PST`, as sessions are dated.
fn session_time(at: i64) -> String {
    let pacific = jiff::tz::TimeZone::fixed(jiff::tz::offset(-8));
    jiff::Timestamp::from_millisecond(at).map_or_else(
        |_| String::new(),
        |at| {
            at.to_zoned(pacific)
                .strftime("%A, %d-%b-%y %H:%M:%S PST")
                .to_string()
        },
    )
}

/// Permissions and roles.
impl Logins {
    pub(crate) fn grants_of(&self, user: &User) -> Option<&BTreeMap<String, Grant>> {
        self.grants.get(user.id)
    }

    /// Whether the person granted this permission, for this account if one is named.
    pub(crate) fn allows(&self, user: &User, scope: &str, target: Option<&str>) -> bool {
        let Some(grant) = self
            .grants
            .get(user.id)
            .and_then(|grants| grants.get(scope))
        else {
            return false;
        };
        let covers = |target: &str| grant.targets.iter().any(|ticked| ticked == target);
        grant.granted && target.is_none_or(covers)
    }

    /// Takes one permission back; `None` removes the app and kills every token. Says whether
    /// there was anything to take.
    pub(crate) fn revoke(&mut self, user: &User, scope: Option<&str>) -> bool {
        let Some(scope) = scope else {
            self.change(&format!(" {}", user.id), |token| {
                token.dead.get_or_insert(458);
            });
            return self.grants.remove(user.id).is_some();
        };
        let grants = self.grants.get_mut(user.id);
        let Some(grant) = grants.and_then(|grants| grants.get_mut(scope)) else {
            return false;
        };
        let had = grant.granted;
        *grant = Grant {
            granted: false,
            targets: Vec::new(),
        };
        had
    }

    /// Whether anybody still lets the app near this account.
    pub(crate) fn covered(&self, account: &str) -> bool {
        self.grants
            .values()
            .flat_map(BTreeMap::values)
            .any(|grant| grant.granted && grant.targets.iter().any(|target| target == account))
    }

    pub(crate) fn tasks_of(&self, user: &User, page: &str) -> Vec<String> {
        let role = user.roles.iter().find(|(id, _)| *id == page);
        let mut tasks: Vec<String> = role
            .into_iter()
            .flat_map(|(_, tasks)| *tasks)
            .map(|task| (*task).to_owned())
            .collect();
        for ((who, on, task), given) in &self.tasks {
            if (*who, *on) != (user.id, page) {
                continue;
            }
            tasks.retain(|known| known != task);
            if *given {
                tasks.push(task.clone());
            }
        }
        tasks
    }

    pub(crate) fn set_task(
        &mut self,
        user: &'static User,
        page: &'static str,
        task: &str,
        given: bool,
    ) {
        self.tasks.insert((user.id, page, task.to_owned()), given);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged_in(granted: &[&str]) -> (Logins, Ids, String) {
        let (mut logins, mut ids) = (Logins::default(), Ids::new(Some(1)));
        let dialog = Dialog {
            redirect_uri: "http://127.0.0.1/cb".to_owned(),
            state: None,
            scopes: vec!["pages_messaging".to_owned(), "instagram_basic".to_owned()],
            challenge: Some(challenge_of("verifier")),
        };
        let answer = Answer {
            user: shop::user("owner").unwrap(),
            granted: granted.iter().map(|scope| (*scope).to_owned()).collect(),
            accounts: BTreeSet::from(["104729583016472".to_owned()]),
        };
        let code = logins.agree(&dialog, &answer, &mut ids, 1_000);
        (logins, ids, code)
    }

    #[test]
    fn a_code_is_good_once_for_ten_minutes_and_for_its_own_redirect() {
        let (mut logins, mut ids, code) = logged_in(&[]);
        let cb = ("http://127.0.0.1/cb", Some("verifier"));
        let late = 1_000 + CODE_LIFE + 1;
        let subcode = |refusal: Refusal| refusal.subcode;
        let elsewhere = ("http://127.0.0.1/other", Some("verifier"));
        assert_eq!(
            logins
                .redeem(&code, elsewhere, &mut ids, 2_000)
                .map_err(subcode),
            Err(Some(36008))
        );
        assert_eq!(
            logins.redeem(&code, cb, &mut ids, late).map_err(subcode),
            Err(Some(36007))
        );
        let without = ("http://127.0.0.1/cb", None);
        assert_eq!(
            logins
                .redeem(&code, without, &mut ids, 2_000)
                .map_err(subcode),
            Err(None)
        );
        assert!(logins.redeem(&code, cb, &mut ids, 2_000).is_ok());
        assert_eq!(
            logins.redeem(&code, cb, &mut ids, 2_000).map_err(subcode),
            Err(Some(36009))
        );
    }

    #[test]
    fn a_permission_covers_only_the_ticked_accounts() {
        let (logins, _, _) = logged_in(&["pages_messaging"]);
        let owner = shop::user("owner").unwrap();
        assert!(logins.allows(owner, "pages_messaging", Some("104729583016472")));
        assert!(!logins.allows(owner, "pages_messaging", Some("108310962447153")));
        assert!(!logins.allows(owner, "instagram_basic", None));
    }

    #[test]
    fn removing_the_app_kills_its_tokens() {
        let (mut logins, mut ids, code) = logged_in(&["pages_messaging"]);
        let cb = ("http://127.0.0.1/cb", Some("verifier"));
        let token = logins.redeem(&code, cb, &mut ids, 2_000).unwrap();
        assert!(logins.check(&token, "1", 3_000).is_ok());
        assert!(logins.revoke(shop::user("owner").unwrap(), None));
        assert_eq!(
            logins.check(&token, "1", 3_000).unwrap_err().subcode,
            Some(458)
        );
    }

    #[test]
    fn sessions_are_dated_as_in_metas_own_message() {
        assert_eq!(
            session_time(1_794_708_000_000),
            "Saturday, 14-Nov-26 18:00:00 PST"
        );
    }
}
