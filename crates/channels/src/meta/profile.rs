//! The person's name and picture. Messenger's and Instagram's webhooks carry neither.

use domain::{ContactKey, ContactKind};
use serde_json::Value;

use super::{Error, Graph, Token};
use crate::json::word;

/// What Meta tells about a person who has written to the shop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Their name.
    pub name: Option<String>,
    /// Their handle without `@`.
    pub handle: Option<String>,
    /// A link to their picture; it ends within days, so it is fetched at once.
    pub picture: Option<String>,
}

/// The profile of a person on Messenger or Instagram. Before they have written Meta refuses.
pub async fn profile(graph: &Graph, token: &Token, of: &ContactKey) -> Result<Profile, Error> {
    let fields = match of.kind {
        ContactKind::Psid => "first_name,last_name,profile_pic",
        ContactKind::Igsid => "name,username,profile_pic",
        ContactKind::Phone | ContactKind::Bsuid | ContactKind::ParentBsuid => {
            return Err(Error::NotOffered);
        }
    };
    Ok(read(
        &graph
            .get(token, &[&of.value], &[("fields", fields)])
            .await?,
    ))
}

/// Whether a letter is of a script whose names begin with the family's: Han, kana or Hangul.
fn has_family_first(letter: char) -> bool {
    matches!(letter, '\u{3005}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'
        | '\u{20000}'..='\u{3ffff}')
}

pub(crate) fn read(node: &Value) -> Profile {
    let mut parts: Vec<String> = [word(node, "first_name"), word(node, "last_name")]
        .into_iter()
        .flatten()
        .collect();
    if parts.iter().all(|part| part.chars().all(has_family_first)) {
        parts.reverse();
    }
    let joined = parts.join(" ");
    Profile {
        name: word(node, "name").or(Some(joined).filter(|name| !name.is_empty())),
        handle: word(node, "username").map(|handle| handle.trim_start_matches('@').to_owned()),
        picture: word(node, "profile_pic"),
    }
}
