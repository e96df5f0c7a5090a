//! Sending one message, on whichever channel. One attempt, no retry: the outcome says what the
//! outbox does next.

use domain::limits::{TextLimit, picture_limit};
use domain::outbound::{Body, Failure, Outcome, Outgoing, Reason};
use domain::reply_window::Means;
use domain::{Channel, ContactKind, Timestamp};

use super::{Account, Error, Graph, Token, messenger, whatsapp};

/// Sends `message` from `account`. What surely was not sent is told apart from what may have been.
pub async fn send(
    graph: &Graph,
    account: &Account,
    token: &Token,
    message: &Outgoing,
    now: Timestamp,
) -> Outcome {
    if let Some(reason) = refused_here(account.channel(), message) {
        return Outcome::Failed(Failure { reason, code: None });
    }
    match account {
        Account::Messenger { .. } | Account::Instagram { .. } => {
            messenger::send(graph, account, token, message, now).await
        }
        Account::Whatsapp { phone_number, .. } => {
            whatsapp::send(graph, phone_number, token, message, now).await
        }
    }
}

/// Tells the platform, and so the person, that the shop has read up to this message. Messenger
/// and Instagram mark the whole conversation, WhatsApp everything up to `platform_id`.
pub async fn mark_read(
    graph: &Graph,
    account: &Account,
    token: &Token,
    to: &domain::ContactKey,
    platform_id: &str,
) -> Result<(), Error> {
    match account {
        Account::Messenger { page } | Account::Instagram { page, .. } => {
            messenger::mark_seen(graph, page, token, to).await
        }
        Account::Whatsapp { phone_number, .. } => {
            whatsapp::mark_read(graph, phone_number, token, platform_id).await
        }
    }
}

/// Why a message need not even be tried.
fn refused_here(channel: Channel, message: &Outgoing) -> Option<Reason> {
    let knows = match channel {
        Channel::Messenger => message.to.kind == ContactKind::Psid,
        Channel::Instagram => message.to.kind == ContactKind::Igsid,
        Channel::Whatsapp => matches!(
            message.to.kind,
            ContactKind::Phone | ContactKind::Bsuid | ContactKind::ParentBsuid
        ),
        Channel::Sms => false,
    };
    if !knows || message.to.value.is_empty() {
        return Some(Reason::UnknownRecipient);
    }
    // HUMAN_AGENT is Messenger's and Instagram's; on WhatsApp a closed window is closed.
    if channel == Channel::Whatsapp && message.means == Means::HumanAgent {
        return Some(Reason::WindowClosed);
    }
    match &message.body {
        Body::Text(text) if text.trim().is_empty() => Some(Reason::Refused),
        Body::Text(text) => (!TextLimit::of(channel).allows(text)).then_some(Reason::TooLong),
        Body::Picture { mime, .. } if mime != "image/jpeg" && mime != "image/png" => {
            Some(Reason::PictureRefused)
        }
        Body::Picture { bytes, .. } => match picture_limit(channel) {
            Some(most) if bytes.len() <= most => None,
            _ => Some(Reason::PictureTooLarge),
        },
    }
}
