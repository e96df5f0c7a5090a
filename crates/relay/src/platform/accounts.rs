//! Which accounts a person's token reaches, and whether each may be connected.

use serde::Deserialize;
use wire::api::FoundState;

#[cfg(fuzzing)]
use super::graph::Edge;
use super::graph::{Platform, PlatformError, id};
use super::rights::Rights;
use crate::pseudonym::{Kind, Pepper};
use crate::queue::streams::About;
use crate::secret::Secret;

/// An account, as Meta describes it.
#[derive(Debug)]
pub(crate) struct Account {
    /// `messenger`, `instagram` or `whatsapp`.
    pub(crate) channel: &'static str,
    /// Empty for a Page without a professional Instagram account.
    pub(crate) platform_id: String,
    pub(crate) name: String,
    pub(crate) handle: Option<String>,
    pub(crate) picture_url: Option<String>,
    pub(crate) page_id: Option<String>,
    pub(crate) waba_id: Option<String>,
    /// The Page's token; `None` where the person's is the one to use.
    pub(crate) token: Option<Secret>,
    pub(crate) state: FoundState,
    /// What the proof lacks: a permission, or `MESSAGING`.
    pub(crate) lacks: Option<&'static str>,
}

impl Account {
    /// The account and its subscription, by pseudonym; `None` where there is no account.
    pub(crate) fn about(&self, pepper: &Pepper) -> Option<About> {
        let kind = match self.channel {
            "messenger" => Kind::Page,
            "instagram" => Kind::Instagram,
            _ => Kind::Number,
        };
        let subscription = match (&self.waba_id, &self.page_id) {
            (Some(waba), _) => pepper.name(Kind::WhatsappAccount, waba),
            (None, Some(page)) => pepper.name(Kind::Page, page),
            (None, None) => return None,
        };
        let account = pepper.name(kind, &self.platform_id);
        (!self.platform_id.is_empty()).then_some(About {
            account,
            subscription,
        })
    }
}

/// The account of a channel and id among those that were found.
pub(crate) fn account_of<'a>(
    accounts: &'a [Account],
    channel: &str,
    platform_id: &str,
) -> Option<&'a Account> {
    accounts
        .iter()
        .find(|one| one.channel == channel && one.platform_id == platform_id)
}

/// All accounts a person's token reaches.
pub(crate) async fn accounts(
    platform: &Platform,
    rights: &Rights,
    token: &str,
) -> Result<Vec<Account>, PlatformError> {
    let mut accounts = Vec::new();
    if rights.has("pages_show_list") {
        let fields = "id,name,access_token,tasks,picture{url},\
                      instagram_business_account{id,username,name,profile_picture_url}";
        for page in platform.list::<Page>("me/accounts", fields, token).await? {
            accounts.push(page.instagram(rights));
            accounts.push(page.messenger(rights));
        }
    }
    for waba in whatsapp_accounts(platform, rights, token).await? {
        let fields = "id,display_phone_number,verified_name";
        let path = format!("{waba}/phone_numbers");
        match platform.list::<Number>(&path, fields, token).await {
            Ok(numbers) => {
                accounts.extend(
                    numbers
                        .into_iter()
                        .map(|number| number.account(&waba, rights)),
                );
            }
            // An account the person may no longer see does not hide the others.
            Err(PlatformError::Refused { code, subcode }) => {
                tracing::info!(
                    code,
                    subcode,
                    "Meta does not show a WhatsApp account's numbers"
                );
            }
            Err(other) => return Err(other),
        }
    }
    Ok(accounts)
}

#[derive(Deserialize)]
struct Page {
    id: String,
    #[serde(default)]
    name: String,
    access_token: Option<String>,
    #[serde(default)]
    tasks: Vec<String>,
    picture: Option<Picture>,
    instagram_business_account: Option<Instagram>,
}

#[derive(Deserialize)]
struct Picture {
    data: Option<PictureData>,
}

#[derive(Deserialize)]
struct PictureData {
    url: Option<String>,
}

#[derive(Deserialize)]
struct Instagram {
    id: String,
    username: Option<String>,
    name: Option<String>,
    profile_picture_url: Option<String>,
}

impl Page {
    fn may_answer(&self) -> bool {
        self.tasks.iter().any(|task| task == "MESSAGING")
    }

    fn token(&self) -> Option<Secret> {
        self.access_token.as_deref().map(Secret::new)
    }

    fn messenger(&self, rights: &Rights) -> Account {
        let needed = [("pages_messaging", self.id.as_str())];
        let (state, lacks) = self.verdict(rights, &needed);
        let picture = self
            .picture
            .as_ref()
            .and_then(|picture| picture.data.as_ref());
        Account {
            channel: "messenger",
            platform_id: self.id.clone(),
            name: self.name.clone(),
            handle: None,
            picture_url: picture.and_then(|data| data.url.clone()),
            page_id: Some(self.id.clone()),
            waba_id: None,
            token: self.token(),
            state,
            lacks,
        }
    }

    fn instagram(&self, rights: &Rights) -> Account {
        let account = self.instagram_business_account.as_ref();
        let id = account
            .map(|account| account.id.as_str())
            .unwrap_or_default();
        let needed = [("instagram_basic", id), ("instagram_manage_messages", id)];
        let (state, lacks) = match account {
            Some(_) => self.verdict(rights, &needed),
            None if rights.has("instagram_basic") => {
                (FoundState::NoProfessionalAccount, Some("account"))
            }
            None => declined("instagram_basic"),
        };
        let handle = account.and_then(|account| account.username.clone());
        let name = account
            .and_then(|account| account.name.clone())
            .or_else(|| handle.clone());
        Account {
            channel: "instagram",
            platform_id: id.to_owned(),
            name: name.unwrap_or_else(|| self.name.clone()),
            handle,
            picture_url: account.and_then(|account| account.profile_picture_url.clone()),
            page_id: Some(self.id.clone()),
            waba_id: None,
            token: self.token(),
            state,
            lacks,
        }
    }

    /// What a connection needs: its permissions for exactly this id, the right to answer for the
    /// Page, and the permission without which nothing arrives.
    fn verdict(
        &self,
        rights: &Rights,
        needed: &[(&'static str, &str)],
    ) -> (FoundState, Option<&'static str>) {
        if let Some(permission) = rights.missing(needed) {
            return declined(permission);
        }
        if !self.may_answer() {
            return (FoundState::NoMessagingTask, Some("MESSAGING"));
        }
        match rights.missing(&[("pages_manage_metadata", &self.id)]) {
            // The right is there, and a proof is good; but the app could not be subscribed.
            Some(permission) => (declined(permission).0, None),
            None => (FoundState::Ready, None),
        }
    }
}

fn declined(permission: &'static str) -> (FoundState, Option<&'static str>) {
    let state = FoundState::PermissionDeclined {
        permission: permission.to_owned(),
    };
    (state, Some(permission))
}

#[derive(Deserialize)]
struct Number {
    id: String,
    #[serde(default)]
    display_phone_number: String,
    #[serde(default)]
    verified_name: String,
}

impl Number {
    fn account(self, waba: &str, rights: &Rights) -> Account {
        let needed = [
            ("whatsapp_business_management", waba),
            ("whatsapp_business_messaging", waba),
        ];
        let (state, lacks) = rights
            .missing(&needed)
            .map_or((FoundState::Ready, None), declined);
        Account {
            channel: "whatsapp",
            platform_id: self.id,
            name: self.verified_name,
            handle: Some(self.display_phone_number),
            picture_url: None,
            page_id: None,
            waba_id: Some(waba.to_owned()),
            token: None,
            state,
            lacks,
        }
    }
}

#[derive(Deserialize)]
struct Node {
    #[serde(default, deserialize_with = "id")]
    id: Option<String>,
}

/// The WhatsApp accounts: those the permission names, or, where it is for all, those of the
/// person's businesses.
async fn whatsapp_accounts(
    platform: &Platform,
    rights: &Rights,
    token: &str,
) -> Result<Vec<String>, PlatformError> {
    let scope = "whatsapp_business_management";
    if !rights.has(scope) {
        return Ok(Vec::new());
    }
    if let Some(ids) = rights.ids(scope) {
        return Ok(ids.to_vec());
    }
    if !rights.has("business_management") {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for business in platform.list::<Node>("me/businesses", "id", token).await? {
        let Some(business) = business.id else {
            continue;
        };
        for edge in [
            "owned_whatsapp_business_accounts",
            "client_whatsapp_business_accounts",
        ] {
            let path = format!("{business}/{edge}");
            let accounts = platform
                .list::<Node>(&path, "id", token)
                .await
                .unwrap_or_default();
            found.extend(accounts.into_iter().filter_map(|account| account.id));
        }
    }
    found.dedup();
    Ok(found)
}

/// A door for the fuzz target, in its build alone: an answer read in every way it may be asked for,
/// by somebody who was granted nothing. Returns what could be connected by it.
#[cfg(fuzzing)]
pub(crate) fn ready_without_rights(body: &[u8]) -> Vec<Account> {
    let none = Rights::of(&serde_json::from_slice(b"{}").expect("nothing is granted"));
    let pages = serde_json::from_slice::<Edge<Page>>(body).map_or(Vec::new(), |edge| edge.data);
    let numbers = serde_json::from_slice::<Edge<Number>>(body).map_or(Vec::new(), |edge| edge.data);
    let _ = serde_json::from_slice::<Edge<Node>>(body);
    let mut found: Vec<Account> = pages
        .iter()
        .flat_map(|page| [page.messenger(&none), page.instagram(&none)])
        .collect();
    found.extend(numbers.into_iter().map(|number| number.account("1", &none)));
    found.retain(|account| account.state == FoundState::Ready);
    found
}
