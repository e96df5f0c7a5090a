//! Reading back what webhooks may have missed: the conversations changed since a moment and the
//! newest messages of each. Meta gives details of the twenty newest messages only and calls older
//! ones deleted; here they are "unavailable", never a deletion. WhatsApp has no such thing.

use domain::inbound::{
    AttachmentKind, Author, Event, InboundAttachment, InboundMessage, MediaSource, StoryRef, What,
};
use domain::{ContactKey, ContactKind, ContactRef, Timestamp};
use serde_json::Value;

use super::accounts::next;
use super::messenger::platform;
use super::{Account, Error, Graph, Token, Verdict};
use crate::json::{kind, list, moment, word, yes};

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
}

/// A message that exists and cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// The platform's id.
    pub platform_id: String,
    /// When it was written.
    pub at: Timestamp,
}

/// The conversations changed since a moment, newest first.
pub async fn changed_since(
    graph: &Graph,
    account: &Account,
    token: &Token,
    since: Timestamp,
) -> Result<Vec<Thread>, Error> {
    let mut threads = Vec::new();
    let mut after = None;
    for _ in 0..MOST_PAGES {
        let mut query = vec![("fields", "id,updated_time,participants"), ("limit", "50")];
        query.extend(after.as_deref().map(|after| ("after", after)));
        let answer = conversations(graph, account, token, &query).await?;
        let page = list(&answer, "data");
        let read: Vec<Thread> = page
            .iter()
            .filter_map(|node| Thread::read(account, node))
            .collect();
        let reached = read.iter().any(|thread| thread.updated_at < since);
        threads.extend(read.into_iter().filter(|thread| thread.updated_at >= since));
        after = next(&answer);
        if reached || after.is_none() {
            break;
        }
    }
    Ok(threads)
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
    for (place, node) in listed(graph, account, token, thread, since)
        .await?
        .iter()
        .enumerate()
    {
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
        match details.and_then(|node| event(account, thread, &node, at)) {
            Some(event) => recovered.events.push(event),
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
/// in the same answer.
async fn listed(
    graph: &Graph,
    account: &Account,
    token: &Token,
    thread: &Thread,
    since: Timestamp,
) -> Result<Vec<Value>, Error> {
    let fields = format!("messages.limit({DETAILED}){{{}}}", fields(account));
    graph.pause(account.channel()).await;
    let answer = graph
        .get(token, &[&thread.id], &[("fields", &fields)])
        .await?;
    let mut page = answer.get("messages").cloned().unwrap_or_default();
    let mut nodes = Vec::new();
    for _ in 0..MOST_PAGES {
        let recent = |node: &&Value| moment(node, "created_time").is_none_or(|at| at >= since);
        let all = list(&page, "data");
        nodes.extend(all.iter().filter(recent).cloned());
        let reached = all.iter().any(|node| !recent(&node));
        let Some(after) = next(&page).filter(|_| !reached) else {
            break;
        };
        let query = [
            ("fields", "id,created_time"),
            ("limit", "100"),
            ("after", after.as_str()),
        ];
        graph.pause(account.channel()).await;
        page = graph.get(token, &[&thread.id, "messages"], &query).await?;
    }
    Ok(nodes)
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

/// Whether a participant is the shop itself.
fn is_shop(account: &Account, participant: &Value) -> bool {
    ["id", "user_id"]
        .iter()
        .filter_map(|name| word(participant, name))
        .any(|id| id == account.own_id() || id == account.sending_node())
}

fn person(account: &Account, participant: &Value) -> Option<ContactRef> {
    if is_shop(account, participant) {
        return None;
    }
    let kind = match account {
        Account::Instagram { .. } => ContactKind::Igsid,
        Account::Messenger { .. } => ContactKind::Psid,
        Account::Whatsapp { .. } => ContactKind::Phone,
    };
    let mut contact = ContactRef::of(kind, word(participant, "id")?);
    contact.name = word(participant, "name");
    contact.handle =
        word(participant, "username").map(|handle| handle.trim_start_matches('@').to_owned());
    Some(contact)
}

/// A message of the Graph API as the event its webhook would have been; `None` without details.
pub(crate) fn event(
    account: &Account,
    thread: &Thread,
    node: &Value,
    at: Timestamp,
) -> Option<Event> {
    let platform_id = word(node, "id")?;
    let from = node.get("from")?;
    let author = if is_shop(account, from) {
        Author::Shop
    } else {
        Author::Person
    };
    let to = node.get("to").map_or(&[][..], |to| list(to, "data"));
    let contact = person(account, from)
        .or_else(|| to.iter().find_map(|one| person(account, one)))
        .or_else(|| thread.contact.clone())?;
    let story = node.get("story");
    let part = |name: &str| story.and_then(|story| story.get(name));
    let story = part("reply_to")
        .map(|of| StoryRef {
            id: word(of, "id"),
            mention: false,
        })
        .or_else(|| {
            part("mention").map(|of| StoryRef {
                id: word(of, "id"),
                mention: true,
            })
        });
    // A mentioned story's picture is also given as an attachment; it must not be kept.
    let attachments = match &story {
        Some(StoryRef { mention: true, .. }) => Vec::new(),
        _ => attachments(node),
    };
    let text = word(node, "message");
    let shared = node
        .get("shares")
        .is_some_and(|shares| !list(shares, "data").is_empty());
    let unsupported = match () {
        () if yes(node, "is_unsupported") => Some("unsupported"),
        () if shared && text.is_none() => Some("share"),
        () => None,
    };
    let key = format!("m:{platform_id}");
    if text.is_none() && attachments.is_empty() && story.is_none() {
        let what = What::Unsupported {
            kind: kind(unsupported.unwrap_or("message")),
            contact: Some(contact),
            platform_id: Some(platform_id),
        };
        return Some(Event { key, at, what });
    }
    let what = What::Message(InboundMessage {
        platform_id,
        contact,
        author,
        text,
        attachments,
        reply_to: node.get("reply_to").and_then(|reply| word(reply, "mid")),
        story,
        our_id: None,
        app_id: None,
        unsupported: unsupported.map(str::to_owned),
    });
    Some(Event { key, at, what })
}

fn attachments(node: &Value) -> Vec<InboundAttachment> {
    let one = |kind, link, node: &Value| InboundAttachment {
        kind,
        source: MediaSource::Link(link),
        mime: word(node, "mime_type"),
        file_name: word(node, "name"),
    };
    let all = node
        .get("attachments")
        .map_or(&[][..], |all| list(all, "data"));
    let mut read: Vec<InboundAttachment> = all
        .iter()
        .filter_map(|attachment| {
            let data = |name: &str| attachment.get(name).and_then(|data| word(data, "url"));
            if let Some(link) = data("image_data") {
                let sticker = attachment
                    .get("image_data")
                    .is_some_and(|data| yes(data, "render_as_sticker"));
                let kind = if sticker {
                    AttachmentKind::Sticker
                } else {
                    AttachmentKind::Picture
                };
                return Some(one(kind, link, attachment));
            }
            if let Some(link) = data("video_data") {
                return Some(one(AttachmentKind::Video, link, attachment));
            }
            let sound =
                word(attachment, "mime_type").is_some_and(|mime| mime.starts_with("audio/"));
            let kind = if sound {
                AttachmentKind::Audio
            } else {
                AttachmentKind::File
            };
            word(attachment, "file_url").map(|link| one(kind, link, attachment))
        })
        .collect();
    read.extend(word(node, "sticker").map(|link| one(AttachmentKind::Sticker, link, &Value::Null)));
    read
}
