//! Lists and threads, page by page, over one vault and over several.

use domain::{ConversationId, Timestamp};
use store::vault::conversations::{Filter, ListPosition};
use store::vault::thread::Page;
use store::{Vault, merged_conversations, merged_unread};

use crate::support::{Desk, arrives, echo, said, thread};

/// Walks a merged list page by page.
fn walk(vaults: &[&Vault], filter: Filter, limit: u32) -> Vec<ConversationId> {
    let mut seen = Vec::new();
    let mut after: Option<ListPosition> = None;
    loop {
        let page = merged_conversations(vaults, filter, after.as_ref(), limit).unwrap();
        let Some(last) = page.last() else { return seen };
        after = Some(last.position());
        seen.extend(page.iter().map(|conversation| conversation.id));
    }
}

#[test]
fn a_merged_list_shows_everybody_once_and_in_order() {
    let desk = Desk::new();
    let vaults = [desk.create(3), desk.create(1), desk.create(2)];
    for (number, vault) in (0_i64..).zip(&vaults) {
        for person in 0..7_i64 {
            // Many moments are the same, within a vault and across vaults.
            let at = 1_000 * ((person * 5 + number) % 4);
            arrives(
                vault,
                &said(&person.to_string(), &format!("m_{person}"), "hi"),
                at,
            );
        }
    }
    let vaults: Vec<&Vault> = vaults.iter().collect();
    let whole = merged_conversations(&vaults, Filter::All, None, 100).unwrap();
    assert_eq!(whole.len(), 21);
    assert!(whole.is_sorted_by_key(|conversation| std::cmp::Reverse(conversation.last_activity)));
    let ids: Vec<_> = whole.iter().map(|conversation| conversation.id).collect();
    for limit in [1, 2, 3, 5, 20, 21] {
        assert_eq!(walk(&vaults, Filter::All, limit), ids, "pages of {limit}");
    }
    let mut reversed = vaults.clone();
    reversed.reverse();
    assert_eq!(
        walk(&reversed, Filter::All, 4),
        ids,
        "whatever order the vaults come in"
    );
}

#[test]
fn filters_show_what_is_unread_and_who_waits() {
    let desk = Desk::new();
    let (one, two) = (desk.create(1), desk.create(2));
    let read = arrives(&one, &said("1", "m_1", "read"), 1_000);
    one.write(|tx| tx.mark_read(read.conversation, read.message))
        .unwrap();
    let unread = arrives(&two, &said("2", "m_2", "unread"), 2_000);
    let answered = arrives(&two, &said("3", "m_3", "answered"), 3_000);
    arrives(&two, &echo("3", "e_3", "yes"), 3_500);
    let vaults = [&one, &two];
    assert_eq!(
        walk(&vaults, Filter::Unread, 1),
        [answered.conversation, unread.conversation]
    );
    assert_eq!(
        walk(&vaults, Filter::Waiting, 1),
        [unread.conversation, read.conversation]
    );
    let count = merged_unread(&vaults).unwrap();
    assert_eq!((count.conversations, count.messages), (2, 2));
}

#[test]
fn a_thread_reads_the_same_from_either_end() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let mut conversation = None;
    for number in 0..23_i64 {
        let at = 1_000 * (number / 3);
        conversation = Some(
            arrives(
                &vault,
                &said("1", &format!("m_{number}"), &number.to_string()),
                at,
            )
            .conversation,
        );
    }
    let conversation = conversation.unwrap();
    let whole: Vec<_> = thread(&vault, conversation)
        .iter()
        .map(|message| message.id)
        .collect();
    assert_eq!(whole.len(), 23);
    let page = |page| {
        vault
            .read(|read| read.thread(conversation, page, 5))
            .unwrap()
    };
    let mut backwards = Vec::new();
    let mut from = page(Page::Newest);
    loop {
        backwards.splice(0..0, from.messages.iter().map(|message| message.id));
        let Some(first) = from.messages.first().filter(|_| from.more) else {
            break;
        };
        from = page(Page::Before(first.position()));
    }
    assert_eq!(backwards, whole);
    let first = vault.read(|read| read.message(whole[0])).unwrap().unwrap();
    let mut forwards = vec![first.id];
    let mut from = page(Page::After(first.position()));
    loop {
        forwards.extend(from.messages.iter().map(|message| message.id));
        let Some(last) = from.messages.last().filter(|_| from.more) else {
            break;
        };
        from = page(Page::After(last.position()));
    }
    assert_eq!(forwards, whole);
}

#[test]
fn an_answer_quotes_what_it_answers() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let mut answer = said("1", "m_2", "that one");
    answer.reply_to = Some("m_1".to_owned());
    let stored = arrives(&vault, &answer, 2_000);
    let quote = |vault: &Vault| {
        thread(vault, stored.conversation)
            .pop()
            .and_then(|message| message.reply_to)
            .unwrap()
    };
    assert_eq!(
        (quote(&vault).platform_id.as_str(), quote(&vault).message),
        ("m_1", None)
    );
    let quoted = arrives(&vault, &said("1", "m_1", "the brass one?"), 1_000);
    assert_eq!(quote(&vault).message, Some(quoted.message));
    assert_eq!(quote(&vault).text.as_deref(), Some("the brass one?"));
}

#[test]
fn drafts_stay_per_conversation_and_across_a_restart() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let one = arrives(&vault, &said("1", "m_1", "hi"), 1_000).conversation;
    let two = arrives(&vault, &said("2", "m_2", "hi"), 1_000).conversation;
    vault
        .write(|tx| tx.set_draft(one, "half a sen", Timestamp(1)))
        .unwrap();
    vault
        .write(|tx| tx.set_draft(two, "x", Timestamp(1)))
        .unwrap();
    vault
        .write(|tx| tx.set_draft(two, "", Timestamp(2)))
        .unwrap();
    drop(vault);
    let vault = desk.open(1).unwrap();
    assert_eq!(
        vault.read(|read| read.draft(one)).unwrap().text,
        "half a sen"
    );
    assert_eq!(
        vault.read(|read| read.draft(two)).unwrap(),
        Default::default()
    );
    let line = vault.read(|read| read.conversation(one)).unwrap().unwrap();
    assert_eq!(line.draft.as_deref(), Some("half a sen"));
}

#[test]
fn an_id_of_another_vault_is_refused() {
    let desk = Desk::new();
    let (one, two) = (desk.create(1), desk.create(2));
    let stored = arrives(&one, &said("1", "m_1", "hi"), 1_000);
    assert!(matches!(
        two.read(|read| read.conversation(stored.conversation)),
        Err(store::Error::Invalid(_))
    ));
    assert!(matches!(
        two.read(|read| read.message(stored.message)),
        Err(store::Error::Invalid(_))
    ));
}
