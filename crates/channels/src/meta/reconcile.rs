//! Did a message whose answer was lost arrive after all? Looks into the conversation at Meta.
//! Finding nothing proves nothing: only the owner may send it again.

use domain::Timestamp;
use domain::inbound::{AttachmentKind, Author, What};
use domain::outbound::{Body, Outgoing};
use domain::time::SECOND;

use super::history::{messages, with_person};
use super::{Account, Error, Graph, Token};

/// How much earlier than our clock says a message may stand at the platform. Meta's times are
/// whole seconds.
const SLACK: i64 = 5 * SECOND;

/// What the conversation at the platform shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Exactly one message of the shop's fits: it was sent.
    Once {
        /// The platform's id of it.
        platform_id: String,
        /// The platform's time of it.
        at: Timestamp,
    },
    /// None fits, so far.
    Nothing,
    /// Several fit; which is ours cannot be told.
    Several,
}

/// Looks for `message`, whose sending began at `started`. Messages that `known` names are already
/// somebody else's. WhatsApp has no such look-up: [`Error::NotOffered`].
pub async fn find_sent(
    graph: &Graph,
    account: &Account,
    token: &Token,
    message: &Outgoing,
    started: Timestamp,
    known: impl Fn(&str) -> bool,
) -> Result<Found, Error> {
    let Some(thread) = with_person(graph, account, token, &message.to).await? else {
        return Ok(Found::Nothing);
    };
    let since = started.plus(-SLACK);
    let recovered = messages(graph, account, token, &thread, since, known).await?;
    let mut fitting = recovered
        .events
        .into_iter()
        .filter_map(|event| match event.what {
            What::Message(found)
                if found.author == Author::Shop
                    && fits(&message.body, found.text.as_deref(), &found.attachments) =>
            {
                Some(Found::Once {
                    platform_id: found.platform_id,
                    at: event.at,
                })
            }
            _ => None,
        });
    Ok(match (fitting.next(), fitting.next()) {
        (Some(one), None) => one,
        (None, _) => Found::Nothing,
        (Some(_), Some(_)) => Found::Several,
    })
}

/// Meta trims what it takes, so ends are not compared.
fn fits(body: &Body, text: Option<&str>, media: &[domain::inbound::InboundAttachment]) -> bool {
    match body {
        Body::Text(sent) => text.is_some_and(|text| text.trim() == sent.trim()),
        Body::Picture { .. } => {
            text.is_none() && media.iter().any(|one| one.kind == AttachmentKind::Picture)
        }
    }
}
