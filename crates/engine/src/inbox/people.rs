//! The person beside a thread, and finding people and words.

use domain::{Channel, ConversationId, Timestamp};
use store::{Query, Vault};

use super::{Opened, show_all};
use crate::apart;
use crate::connected::Connected;
use crate::read::{self, MediaId};
use crate::shown;

pub(super) fn person(vaults: &Opened, id: ConversationId) -> store::Result<read::Person> {
    let here = vaults
        .iter()
        .find(|(connected, _)| connected.id == id.connection);
    let (_, vault) = here.ok_or(store::Error::NotThere)?;
    let (row, linked) = vault.read(|read| {
        let row = read.conversation(id)?.ok_or(store::Error::NotThere)?;
        let linked = row.person;
        Ok((row, linked))
    })?;
    let mut person = read::Person {
        name: shown::name(&row),
        picture: row
            .picture
            .as_ref()
            .map(|file| MediaId::of(id.connection, file)),
        first_seen_at: row.last_activity,
        messages: 0,
        addresses: Vec::new(),
    };
    let all: Vec<_> = vaults.iter().map(|(one, _)| account(one)).collect();
    for (connected, vault) in vaults {
        let theirs = match linked {
            Some(linked) => vault.read(|read| read.conversations_of(linked))?,
            None if connected.id == id.connection => vec![row.id],
            None => Vec::new(),
        };
        for conversation in theirs {
            let name = name_among(connected, &all);
            add_address(&mut person, (connected, name), vault, conversation)?;
        }
    }
    Ok(person)
}

/// The account's name; a Page's with what tells it from a namesake.
fn name_among(connected: &Connected, all: &[apart::Account<'_>]) -> String {
    let ending = apart::handle(account(connected), all);
    match ending.filter(|_| connected.channel() == Channel::Messenger) {
        Some(ending) => format!("{} {ending}", connected.name),
        None => connected.name.clone(),
    }
}

fn account(connected: &Connected) -> apart::Account<'_> {
    apart::Account {
        channel: connected.channel(),
        name: &connected.name,
        handle: None,
        platform_id: connected.account.own_id(),
    }
}

fn add_address(
    person: &mut read::Person,
    (connected, name): (&Connected, String),
    vault: &Vault,
    conversation: ConversationId,
) -> store::Result<()> {
    vault.read(|read| {
        let Some(row) = read.conversation(conversation)? else {
            return Ok(());
        };
        let talk = read.talk(conversation)?;
        person.messages = person.messages.saturating_add(talk.messages);
        person.first_seen_at = talk
            .first_at
            .map_or(person.first_seen_at, |at| at.min(person.first_seen_at));
        person.addresses.push(read::Address {
            conversation: row.id,
            channel: connected.channel(),
            handle: row
                .handle
                .or_else(|| row.phone.as_deref().map(shown::international)),
            connection_name: name,
            last_at: row.last_activity,
        });
        Ok(())
    })
}

pub(super) fn search(
    vaults: &Opened,
    query: &Query,
    limit: u32,
    now: Timestamp,
) -> store::Result<read::Found> {
    let all: Vec<&Vault> = vaults.iter().map(|(_, vault)| vault.as_ref()).collect();
    let people = store::merged_people(&all, query, limit)?;
    let found = store::merged_messages(&all, query, None, limit)?;
    let mut messages = Vec::with_capacity(found.hits.len());
    for hit in found.hits {
        let of = vaults
            .iter()
            .find(|(connected, _)| connected.id == hit.message.connection);
        let Some((connected, vault)) = of else {
            continue;
        };
        let row = vault.read(|read| read.conversation(hit.conversation))?;
        let picture = row.and_then(|row| row.picture);
        messages.push(read::Hit {
            message: hit.message,
            conversation: hit.conversation,
            channel: connected.channel(),
            name: hit.name.unwrap_or_default(),
            picture: picture.map(|file| MediaId::of(connected.id, &file)),
            author: hit.author,
            at: hit.sent_at,
            parts: hit
                .excerpt
                .into_iter()
                .map(|part| (part.text, part.found))
                .collect(),
        });
    }
    Ok(read::Found {
        messages,
        people: show_all(vaults, &people, now)?,
        more: found.next.is_some(),
    })
}
