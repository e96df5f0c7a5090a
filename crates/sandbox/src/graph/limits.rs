//! Meta's limits: calls are counted for whom they are made, and the one too many is refused.
//!
//! Meta's allowances grow with a shop's customers, so none holds here until the state `limit` names
//! it with its allowance. WhatsApp's throughput is the same for every number and always holds.

use super::call::{Call, Caller};
use super::error::Refusal;
use crate::world::World;
use crate::world::logins::TokenKind;
use crate::world::shop;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Messages a second from one WhatsApp number.
const THROUGHPUT: i64 = 80;

/// What the limits are called by `faults`, their codes, and how far back they look.
const LIMITS: [(&str, i64, i64); 8] = [
    ("application", 4, HOUR),
    ("user", 17, HOUR),
    ("page_calls", 32, HOUR),
    ("pages", 80_001, DAY),
    ("instagram", 80_002, DAY),
    ("messenger", 80_006, DAY),
    ("whatsapp", 80_008, HOUR),
    ("throughput", 130_429, SECOND),
];

/// Counts a call of `caller`'s on the object `id`, or refuses it.
pub(super) fn hold(
    world: &mut World,
    call: &Call,
    caller: &Caller,
    (id, now): (&str, i64),
) -> Result<(), Refusal> {
    for (name, code, span) in LIMITS {
        let Some(whose) = counted_for(name, call, caller, id) else {
            continue;
        };
        let subject = format!("{name} {whose}");
        let set = world.faults.holds("limit", &subject);
        let allowed = set.and_then(crate::world::faults::Fault::number);
        let usual = (name == "throughput").then_some(THROUGHPUT);
        let Some(allowed) = allowed.or(usual) else {
            continue;
        };
        let allowed = usize::try_from(allowed).unwrap_or(0);
        if let Err(wait) = world.counted.take(&subject, (allowed, span), now) {
            let minutes = (wait + MINUTE - 1) / MINUTE;
            return Err(Refusal::by_code(code, None).regained_in(minutes));
        }
    }
    Ok(())
}

/// The person, Page or account a limit counts this call for, if it does.
fn counted_for<'a>(name: &str, call: &Call, caller: &Caller, id: &'a str) -> Option<&'a str> {
    let kind = caller.token().ok().map(|token| &token.kind);
    let as_person = matches!(kind, Some(TokenKind::User { .. }));
    let as_page = matches!(kind, Some(TokenKind::Page(_)));
    let messaging = ["messages", "message_attachments", "conversations"]
        .iter()
        .any(|edge| call.path.last().is_some_and(|last| last == edge));
    let counts = match name {
        "application" => return Some("all"),
        "user" => {
            return caller
                .token()
                .ok()
                .filter(|_| as_person)
                .map(|of| of.user.id);
        }
        "page_calls" => as_person && shop::page(id).is_some(),
        "pages" => as_page && !messaging && shop::page(id).is_some(),
        "instagram" => shop::instagram(id).is_some(),
        "messenger" => as_page && messaging && shop::page(id).is_some(),
        "whatsapp" => shop::waba(id).is_some(),
        _ => call.sends() && shop::phone(id).is_some(),
    };
    counts.then_some(id)
}
