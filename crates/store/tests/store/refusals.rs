//! What the platform said of a reply window by refusing an answer: kept with the conversation.

use domain::inbound::{Messages, Progress};
use domain::outbound::{Failure, Outcome, Reason};
use domain::reply_window::Means;
use domain::{ConversationId, Delivery, Timestamp};
use store::Vault;

use crate::outbox::{claim, sent, settle};
use crate::support::{Desk, arrives, reply, said};

fn too_late() -> Outcome {
    Outcome::Failed(Failure {
        reason: Reason::WindowClosed,
        code: Some("10/2018278".to_owned()),
    })
}

/// Until which of the person's messages an answer was refused as too late.
fn refused(vault: &Vault, conversation: ConversationId) -> Option<(Means, i64)> {
    let row = vault.read(|read| read.conversation(conversation));
    let refusal = row.unwrap().unwrap().refusal?;
    Some((refusal.means, refusal.upto.0))
}

#[test]
fn a_refusal_as_too_late_is_kept_with_the_conversation_and_goes_with_no_message() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "hi"), 900).conversation;
    let dora = arrives(&vault, &said("18", "m_2", "hi"), 900).conversation;
    let other = reply(&vault, dora, 1, "another reason", 1_000);
    let row = claim(&vault, 1_000).unwrap();
    let failure = Failure {
        reason: Reason::Blocked,
        code: None,
    };
    settle(&vault, &row, &Outcome::Failed(failure), 1_001);
    assert_eq!(refused(&vault, dora), None, "{other:?}");

    let answer = reply(&vault, clara, 2, "too late", 1_000);
    let row = claim(&vault, 1_000).unwrap();
    // What she writes while the answer is on its way is not what it was refused for.
    arrives(&vault, &said("17", "m_3", "there?"), 1_050);
    settle(&vault, &row, &too_late(), 1_100);
    assert_eq!(refused(&vault, clara), Some((Means::Response, 900)));
    vault
        .write(|tx| tx.discard_reply(answer, Timestamp(1_200)))
        .unwrap();
    drop(vault);
    let vault = desk.open(1).unwrap();
    assert_eq!(refused(&vault, clara), Some((Means::Response, 900)));
    assert_eq!(refused(&vault, dora), None);
}

#[test]
fn a_refusal_may_come_after_the_platform_took_the_answer() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let clara = arrives(&vault, &said("17", "m_1", "hi"), 900).conversation;
    reply(&vault, clara, 1, "too late", 1_000);
    let row = claim(&vault, 1_000).unwrap();
    settle(&vault, &row, &sent("wamid.1"), 1_001);
    assert_eq!(refused(&vault, clara), None);
    let Outcome::Failed(failure) = too_late() else {
        panic!("it failed");
    };
    let status = Progress {
        contact: None,
        messages: Messages::Ids(vec!["wamid.1".to_owned()]),
        state: Delivery::Failed,
        our_id: None,
        failure: Some(failure),
    };
    vault
        .write(|tx| tx.apply_progress(&status, Timestamp(2_000)))
        .unwrap();
    assert_eq!(refused(&vault, clara), Some((Means::Response, 900)));
}
