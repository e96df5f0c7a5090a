//! What became of the shop's WhatsApp messages.

use domain::inbound::{Event, Messages, Progress, What};
use domain::outbound::Failure;
use domain::{Delivery, OurId};
use serde_json::Value;

use super::whatsapp_people::{PARTICIPANT, RECIPIENT, keys, person};
use super::{RawPart, entry_time};
use crate::json::{kind, list, moment, word};
use crate::meta::errors;

/// One element of `statuses`.
pub(super) fn status(part: &RawPart<'_>, value: &Value, status: &Value) -> Option<Event> {
    let (id, name) = (word(status, "id")?, word(status, "status")?);
    let at = moment(status, "timestamp").unwrap_or_else(|| entry_time(part));
    let group = word(status, "recipient_type").as_deref() == Some("group");
    let contact = if group {
        None
    } else {
        person(value, status, &RECIPIENT)
    };
    let Some(state) = delivery(&name) else {
        if name == "deleted" {
            return Some(Event {
                key: format!("del:{id}"),
                at,
                what: What::Unsent { platform_id: id },
            });
        }
        let kind = kind(&format!("status.{name}"));
        let key = format!("s:{id}:{name}");
        return Some(Event {
            key,
            at,
            // News about a message: neither a message of the person's nor the one it is about.
            what: What::Unsupported {
                kind,
                contact: None,
                author: None,
                platform_id: None,
            },
        });
    };
    let key = match keys(status, &PARTICIPANT).first() {
        Some(participant) => format!("s:{id}:{name}:{}", participant.value),
        None => format!("s:{id}:{name}"),
    };
    let what = What::Progress(Progress {
        messages: Messages::Ids(vec![id]),
        contact,
        state,
        our_id: word(status, "biz_opaque_callback_data")
            .and_then(|data| data.parse::<OurId>().ok()),
        failure: (state == Delivery::Failed).then(|| failure(list(status, "errors"))),
    });
    Some(Event { key, at, what })
}

/// How far a status, or the status in a history, says a message has come.
pub(super) fn delivery(name: &str) -> Option<Delivery> {
    Some(match name.to_ascii_lowercase().as_str() {
        "accepted" | "sent" | "pending" => Delivery::Sent,
        "delivered" => Delivery::Delivered,
        "read" | "played" => Delivery::Read,
        "failed" | "error" => Delivery::Failed,
        _ => return None,
    })
}

/// The first of the errors a failed message carries.
fn failure(errors: &[Value]) -> Failure {
    let code = errors
        .iter()
        .find_map(|error| word(error, "code"))
        .and_then(|code| code.parse::<i64>().ok());
    errors::failure_of_status(code)
}
