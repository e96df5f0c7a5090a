//! The accounts a login reaches: Pages with their Instagram accounts, and WhatsApp numbers.

use serde_json::Value;

use super::{Error, Graph, Token};
use crate::json::{as_word, id_of, list, word};

/// The most pages of a list that are asked for: more than any shop has, and an end.
const MOST_PAGES: usize = 40;

/// A Page the person may manage. Its token is left where it is: the relay seals it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The Page's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What the person may do there; answering needs `MESSAGING`.
    pub tasks: Vec<String>,
    /// The Instagram professional account linked to it.
    pub instagram: Option<String>,
}

impl Page {
    /// Whether the person may answer messages there.
    pub fn may_message(&self) -> bool {
        self.tasks.iter().any(|task| task == "MESSAGING")
    }

    pub(crate) fn read(node: &Value) -> Option<Self> {
        let id = word(node, "id")?;
        Some(Self {
            name: word(node, "name").unwrap_or_else(|| id.clone()),
            tasks: list(node, "tasks").iter().filter_map(as_word).collect(),
            instagram: id_of(node, "instagram_business_account"),
            id,
        })
    }
}

/// A number of a WhatsApp Business account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// Its id, by which webhooks and calls name it.
    pub id: String,
    /// The number as people read it.
    pub display: String,
    /// The name people see.
    pub name: Option<String>,
}

impl Number {
    pub(crate) fn read(node: &Value) -> Option<Self> {
        Some(Self {
            id: word(node, "id")?,
            display: word(node, "display_phone_number")?,
            name: word(node, "verified_name"),
        })
    }
}

/// The Pages a login reaches; those the person did not tick are simply absent.
pub async fn pages(graph: &Graph, token: &Token) -> Result<Vec<Page>, Error> {
    let fields = [("fields", "id,name,tasks,instagram_business_account")];
    let nodes = all(graph, token, &["me", "accounts"], &fields).await?;
    Ok(nodes.iter().filter_map(Page::read).collect())
}

/// The numbers of a WhatsApp Business account.
pub async fn numbers(
    graph: &Graph,
    token: &Token,
    business_account: &str,
) -> Result<Vec<Number>, Error> {
    let fields = [("fields", "id,display_phone_number,verified_name")];
    let nodes = all(graph, token, &[business_account, "phone_numbers"], &fields).await?;
    Ok(nodes.iter().filter_map(Number::read).collect())
}

/// All nodes of a list. Only the cursor is taken from an answer: Meta's `next` holds the token.
async fn all(
    graph: &Graph,
    token: &Token,
    path: &[&str],
    query: &[(&str, &str)],
) -> Result<Vec<Value>, Error> {
    let mut nodes = Vec::new();
    let mut after = None;
    for _ in 0..MOST_PAGES {
        let mut query = query.to_vec();
        query.extend(after.as_deref().map(|after| ("after", after)));
        let answer = graph.get(token, path, &query).await?;
        nodes.extend_from_slice(list(&answer, "data"));
        after = next(&answer);
        if after.is_none() {
            break;
        }
    }
    Ok(nodes)
}

/// The cursor of the next page, if there is one: the end is where `next` is absent.
pub(crate) fn next(answer: &Value) -> Option<String> {
    let paging = answer.get("paging")?;
    paging.get("next")?;
    paging
        .get("cursors")
        .and_then(|cursors| word(cursors, "after"))
}
