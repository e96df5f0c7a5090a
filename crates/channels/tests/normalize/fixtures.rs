//! Our own webhooks, one for each thing that can happen and each quirk we know of, with a
//! snapshot of what they are turned into.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{RECEIVED, events, files, kind_of};
use channels::{PermissionChange, RawPart, permissions};
use domain::inbound::{Event, What};

fn fixtures() -> impl Iterator<Item = (String, serde_json::Value)> {
    ["instagram", "messenger", "page", "permissions", "whatsapp"]
        .into_iter()
        .flat_map(|folder| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("fixtures")
                .join(folder);
            files(&path)
                .into_iter()
                .map(move |(name, json)| (format!("{folder}.{name}"), json))
        })
}

#[test]
fn each_webhook_is_turned_into_what_its_snapshot_says() {
    for (name, webhook) in fixtures() {
        let events = events(&webhook);
        assert!(!events.is_empty(), "{name} was dropped");
        let snapshot = serde_json::to_string_pretty(&events).unwrap();
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, snapshot);
        });
    }
}

/// Words in the name of a webhook that the inbox lives on.
const LIFE: [&str; 13] = [
    "text",
    "picture",
    "pictures",
    "sticker",
    "voice",
    "echo",
    "delivered",
    "read",
    "seen",
    "unsent",
    "reaction",
    "status",
    "story",
];

/// Made to be what nobody can read, so that it is seen to be kept and named.
const UNREADABLE: [&str; 7] = [
    "instagram.vanishing_picture",
    "messenger.echo_that_cannot_be_shown",
    "messenger.edit_that_cannot_be_read",
    "messenger.reaction_that_cannot_be_read",
    "whatsapp.echo_that_cannot_be_shown",
    "whatsapp.picture_without_an_id",
    "whatsapp.status_never_seen",
];

#[test]
fn what_the_inbox_lives_on_is_never_unsupported() {
    let mut seen = 0;
    for (name, webhook) in fixtures() {
        let lived_on = name.split(['.', '_']).any(|word| LIFE.contains(&word));
        if !lived_on {
            continue;
        }
        seen += 1;
        let events = events(&webhook);
        let unsupported = |event: &Event| matches!(event.what, What::Unsupported { .. });
        // The control: what is made to be unreadable is seen as such.
        let wanted = UNREADABLE.contains(&name.as_str());
        assert_eq!(events.iter().any(unsupported), wanted, "{name}");
    }
    assert!(seen >= 30, "only {seen} files");
}

#[test]
fn every_event_has_a_key_of_its_own_that_stays() {
    for (name, webhook) in fixtures() {
        let (first, again) = (events(&webhook), events(&webhook));
        assert_eq!(first, again, "{name}");
        let keys: BTreeSet<_> = first.iter().map(|event| &event.key).collect();
        assert_eq!(keys.len(), first.len(), "{name}");
    }
}

#[test]
fn our_own_webhooks_cover_every_kind_of_event() {
    let kinds: BTreeSet<String> = fixtures()
        .flat_map(|(_, webhook)| events(&webhook))
        .map(|event| kind_of(&event))
        .collect();
    for kind in [
        "message person text",
        "message person picture",
        "message person text picture picture picture",
        "message person sticker",
        "message person audio video file",
        "message person text story-reply",
        "message person story-mention",
        "message person text reply",
        "message person text without(group)",
        "message shop text",
        "message shop picture",
        "progress sent",
        "progress delivered",
        "progress delivered up-to",
        "progress read",
        "progress read up-to",
        "progress read up-to-message",
        "progress failed window_closed",
        "unsent",
        "reaction person 🙏",
        "reaction person off",
        "reaction shop 👍",
        "edited",
        "unsupported order by the person",
        "unsupported reel by the shop",
        "unsupported location by the shop",
        "unsupported system.user_changed_number about a person",
        "unsupported feed",
    ] {
        assert!(kinds.contains(kind), "{kind} is missing in {kinds:#?}");
    }
}

#[test]
fn the_permissions_of_a_login_are_read() {
    let read = |name: &str| -> Vec<PermissionChange> {
        let (_, webhook) = fixtures().find(|(file, _)| file == name).unwrap();
        let bytes = serde_json::to_vec(&webhook["entry"][0]).unwrap();
        permissions(&RawPart {
            object: "permissions",
            entry_id: "4040",
            entry_time: None,
            received_at: RECEIVED,
            account: "",
            part: &bytes,
        })
    };
    assert_eq!(
        read("permissions.revoked"),
        [PermissionChange {
            permission: "pages_messaging".to_owned(),
            granted: Some(false),
            accounts: vec!["104200000000001".to_owned(), "104200000000002".to_owned()],
        }]
    );
    assert_eq!(
        read("permissions.connected"),
        [PermissionChange {
            permission: "connected".to_owned(),
            granted: Some(true),
            accounts: Vec::new(),
        }]
    );
}
