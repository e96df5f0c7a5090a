//! Reading back what webhooks may have missed: the conversations changed since a moment and the
//! newest messages of each. Meta gives details of the twenty newest messages only and calls older
//! ones deleted; here they are "unavailable", never a deletion. WhatsApp has no such thing.

use std::collections::{BTreeMap, HashSet};

use domain::inbound::{Event, InboundAttachment, What};
use domain::{ContactKey, ContactRef, Timestamp};
use serde_json::Value;

use super::accounts::next;
use super::message::{attachments, event, person};
use super::messenger::platform;
use super::{Account, Error, Graph, Token, Verdict};
use crate::json::{list, moment, word};

/// Of how many messages of a conversation Meta gives details.
pub const DETAILED: usize = 20;

/// The most pages of a list that are asked for in one repair.
const MOST_PAGES: usize = 100;

/// What is asked of a message. Asking a channel for what it does not have fails the whole call.
const fn fields(account: &Account) -> &'static str {
    match account {
        Account::Instagram { .. } => {
            "id,created_time,from,to,message,attachments,shares,story,reply_to,is_unsupported"
        }
        Account::Messenger { .. } | Account::Whatsapp { .. } => {
            "id,created_time,from,to,message,attachments,shares,sticker,reply_to"
        }
    }
}

/// A conversation at the platform.
#[derive(Clone, Debug, PartialEq)]
pub struct Thread {
    /// The platform's id of it.
    pub id: String,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The person, where the platform names them.
    pub contact: Option<ContactRef>,
}

/// What was read back from one conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recovered {
    /// The messages, oldest first, with the keys their webhooks would have had.
    pub events: Vec<Event>,
    /// Messages that exist but of which Meta gives no details any more.
    pub unavailable: Vec<Unavailable>,
    /// Of each event that cannot be shown, by its key, the answer of Meta's it was made of.
    pub raw: BTreeMap<String, Vec<u8>>,
}

/// The conversations changed since a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changed {
    /// Newest first.
    pub threads: Vec<Thread>,
    /// There were more than are ever listed: what changed before this moment is not among them.
    pub cut_at: Option<Timestamp>,
}

/// A message that exists and cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// The platform's id.
    pub platform_id: String,
    /// When it was written.
    pub at: Timestamp,
}

/// Looks for the conversations changed since a moment.
pub async fn changed_since(
    graph: &Graph,
    account: &Account,
    token: &Token,
    since: Timestamp,
) -> Result<Changed, Error> {
    let mut changed = Changed::default();
    let mut after = None;
    for turn in 1..=MOST_PAGES {
        let mut query = vec![("fields", "id,updated_time,participants"), ("limit", "50")];
        query.extend(after.as_deref().map(|after| ("after", after)));
        let answer = conversations(graph, account, token, &query).await?;
        let page = list(&answer, "data");
        // One that does not say when it changed may have changed, and says nothing of those after it.
        let updated = |node: &Value| moment(node, "updated_time").unwrap_or(since);
        let recent = page.iter().filter(|node| updated(node) >= since);
        changed.threads.extend(recent.filter_map(|node| {
            let thread = Thread::read(account, node)?;
            let updated_at = updated(node);
            Some(Thread {
                updated_at,
                ..thread
            })
        }));
        after = next(&answer);
        if page.iter().any(|node| updated(node) < since) || after.is_none() {
            break;
        }
        if turn == MOST_PAGES {
            let last = changed.threads.last();
            changed.cut_at = Some(last.map_or(since, |thread| thread.updated_at));
        }
    }
    Ok(changed)
}

/// The conversation with one person, if there is one.
pub async fn with_person(
    graph: &Graph,
    account: &Account,
    token: &Token,
    person: &ContactKey,
) -> Result<Option<Thread>, Error> {
    let query = [
        ("user_id", person.value.as_str()),
        ("fields", "id,updated_time,participants"),
    ];
    let answer = conversations(graph, account, token, &query).await?;
    let contact = || ContactRef {
        keys: vec![person.clone()],
        name: None,
        handle: None,
    };
    Ok(list(&answer, "data")
        .iter()
        .find_map(|node| Thread::read(account, node))
        .map(|thread| Thread {
            contact: Some(thread.contact.unwrap_or_else(contact)),
            ..thread
        }))
}

async fn conversations(
    graph: &Graph,
    account: &Account,
    token: &Token,
    query: &[(&str, &str)],
) -> Result<Value, Error> {
    let (Account::Messenger { page } | Account::Instagram { page, .. }) = account else {
        return Err(Error::NotOffered);
    };
    let mut query = query.to_vec();
    query.push(("platform", platform(account.channel())));
    graph.pause(account.channel()).await;
    graph.get(token, &[page, "conversations"], &query).await
}

/// The messages of a conversation written since a moment. Of those that `known` already names no
/// details are asked for. Fails only as a whole: what was lost in between is asked for next time.
pub async fn messages(
    graph: &Graph,
    account: &Account,
    token: &Token,
    thread: &Thread,
    since: Timestamp,
    known: impl Fn(&str) -> bool,
) -> Result<Recovered, Error> {
    let mut recovered = Recovered::default();
    let (nodes, cut_off) = listed(graph, account, token, thread, since).await?;
    if cut_off {
        // How many lie before the last that is listed nobody knows: at least one.
        let last = nodes.last().and_then(|node| moment(node, "created_time"));
        recovered.unavailable.push(Unavailable {
            platform_id: String::new(),
            at: last.unwrap_or(since),
        });
    }
    for (place, node) in nodes.iter().enumerate() {
        let Some(id) = word(node, "id") else { continue };
        if known(&id) {
            continue;
        }
        let at = moment(node, "created_time").unwrap_or(thread.updated_at);
        let details = match node.get("from") {
            Some(_) => Some(node.clone()),
            None if place < DETAILED => details(graph, account, token, &id).await?,
            None => None,
        };
        let read = details
            .as_ref()
            .and_then(|node| event(account, thread, node, at));
        match read {
            Some(event) => {
                let shown = matches!(&event.what, What::Message(it) if it.unsupported.is_none());
                if let (false, Ok(raw)) = (shown, serde_json::to_vec(&details)) {
                    recovered.raw.insert(event.key.clone(), raw);
                }
                recovered.events.push(event);
            }
            None => recovered.unavailable.push(Unavailable {
                platform_id: id,
                at,
            }),
        }
    }
    recovered.events.reverse();
    recovered.unavailable.reverse();
    Ok(recovered)
}

/// The conversation's messages since a moment, newest first: with details where Meta gives them
/// in the same answer. True if there are more than are ever listed.
async fn listed(
    graph: &Graph,
    account: &Account,
    token: &Token,
    thread: &Thread,
    since: Timestamp,
) -> Result<(Vec<Value>, bool), Error> {
    let fields = format!("messages.limit({DETAILED}){{{}}}", fields(account));
    graph.pause(account.channel()).await;
    let answer = graph
        .get(token, &[&thread.id], &[("fields", &fields)])
        .await?;
    let mut page = answer.get("messages").cloned().unwrap_or_default();
    let mut seen = HashSet::new();
    let mut nodes = Vec::new();
    let mut cut_off = false;
    for turn in 0..MOST_PAGES {
        let recent = |node: &Value| moment(node, "created_time").is_none_or(|at| at >= since);
        let all = list(&page, "data");
        let new = |node: &&Value| word(node, "id").is_some_and(|id| seen.insert(id));
        nodes.extend(all.iter().filter(|node| recent(node)).filter(new).cloned());
        let after = next(&page);
        // A full first page without a cursor says nothing about what comes after it.
        let cut = turn == 0 && all.len() >= DETAILED;
        if all.iter().any(|node| !recent(node)) || (after.is_none() && !cut) {
            break;
        }
        cut_off = turn + 1 == MOST_PAGES;
        let mut query = vec![("fields", "id,created_time"), ("limit", "100")];
        query.extend(after.as_deref().map(|after| ("after", after)));
        graph.pause(account.channel()).await;
        page = graph.get(token, &[&thread.id, "messages"], &query).await?;
    }
    Ok((nodes, cut_off))
}

/// One message; `None` if Meta says that there is no such thing, which it says of all but the
/// newest twenty.
async fn details(
    graph: &Graph,
    account: &Account,
    token: &Token,
    id: &str,
) -> Result<Option<Value>, Error> {
    graph.pause(account.channel()).await;
    match graph
        .get(token, &[id], &[("fields", fields(account))])
        .await
    {
        Ok(node) => Ok(Some(node)),
        Err(Error::Refused(refusal)) => match refusal.verdict {
            Verdict::SignInEnded
            | Verdict::ProofWrong
            | Verdict::PermissionMissing
            | Verdict::TooFast(_)
            | Verdict::Blocked
            | Verdict::Down => Err(Error::Refused(refusal)),
            Verdict::WindowClosed
            | Verdict::PersonUnavailable
            | Verdict::UnknownRecipient
            | Verdict::Gone
            | Verdict::NotDelivered
            | Verdict::OptedOut
            | Verdict::PictureRefused
            | Verdict::Refused => Ok(None),
        },
        Err(error) => Err(error),
    }
}

/// Fresh links to what is attached to a message whose links have expired.
pub async fn fresh_attachments(
    graph: &Graph,
    token: &Token,
    platform_id: &str,
) -> Result<Vec<InboundAttachment>, Error> {
    let fields = [("fields", "id,attachments")];
    Ok(attachments(
        &graph.get(token, &[platform_id], &fields).await?,
    ))
}

impl Thread {
    pub(crate) fn read(account: &Account, node: &Value) -> Option<Self> {
        let participants = node
            .get("participants")
            .map_or(&[][..], |all| list(all, "data"));
        let contact = participants.iter().find_map(|one| person(account, one));
        let updated_at = moment(node, "updated_time").unwrap_or_default();
        Some(Self {
            id: word(node, "id")?,
            updated_at,
            contact,
        })
    }
}
