//! Doors for the fuzz targets in `tests/fuzz`, in their builds alone: what is private otherwise.

use wire::event::{PartKind, WebhookPart};

use crate::decode::picture::redraw;
use crate::decode::{Purpose, helper};
use crate::ingest::slices::{Slice, slices};
use crate::{link, links, meeting, sniff};

/// As little as no channel asks for: what is larger is made smaller again and again.
const MOST_SENT: u64 = 4096;

/// A picture for the window and for a message: what comes out is small enough, of a kind the window
/// shows and the channels take, and a picture itself.
pub fn picture(bytes: &[u8]) {
    let _ = sniff::content_type(bytes);
    let sent = Purpose::Send { most: MOST_SENT };
    for purpose in [Purpose::Portrait, Purpose::Show, sent] {
        let Ok(decoded) = redraw(bytes, purpose) else {
            continue;
        };
        if purpose == sent {
            let length = u64::try_from(decoded.full.bytes.len()).unwrap_or(u64::MAX);
            assert!(length <= MOST_SENT, "{length} bytes");
            assert!(["image/jpeg", "image/png"].contains(&decoded.full.mime.as_str()));
        }
        for picture in std::iter::once(&decoded.full).chain(&decoded.thumb) {
            assert!(picture.width > 0 && picture.height > 0);
            assert_eq!(sniff::content_type(&picture.bytes), picture.mime);
        }
    }
}

/// A link in a message, and a relay's address.
pub fn link(text: &str) {
    if let Ok(target) = links::inspect(text) {
        assert!(!target.host.is_empty(), "{text:?} leads nowhere");
        let scheme = target.url.split(':').next().unwrap_or_default();
        assert!(
            ["http", "https", "mailto", "tel"].contains(&scheme),
            "{scheme} is opened"
        );
        // What is shown is opened: nothing is left in it that reads in another way.
        let again = links::inspect(&target.url).expect("what is opened is a link");
        assert_eq!((&again.host, &again.url), (&target.host, &target.url));
    }
    let _ = meeting::read_address(text);
}

/// What a browser, or whoever else is on this computer, says to the place where a login comes back.
pub fn login_return(bytes: &[u8]) {
    let _ = link::loopback::read_request(bytes);
}

/// What the helper that decodes pictures has answered: nothing is taken that was not in it.
pub fn helper_answer(bytes: &[u8]) {
    if let Ok(decoded) = helper::read_answer(bytes) {
        let pictures = std::iter::once(&decoded.full).chain(&decoded.thumb);
        let taken: usize = pictures.map(|picture| picture.bytes.len()).sum();
        assert!(taken < bytes.len(), "{taken} bytes of {}", bytes.len());
    }
}

/// A part of a webhook, cut into what happened: at least one thing, and none that holds two.
pub fn slice(bytes: &[u8]) {
    // What is cut grows with the square of this, and is cut again here.
    if bytes.len() > 4096 {
        return;
    }
    for object in ["page", "whatsapp_business_account"] {
        for kind in [PartKind::Entry, PartKind::Change] {
            let part = WebhookPart {
                object: object.to_owned(),
                entry_id: "1".to_owned(),
                time: Some(1_795_341_600),
                received_at: 1_795_341_600_000,
                kind,
                body: bytes.to_vec(),
            };
            let cut = slices(&part);
            assert!(!cut.is_empty(), "a part vanished");
            for one in cut {
                alone(&part, &one);
            }
        }
    }
}

fn alone(whole: &WebhookPart, one: &Slice) {
    assert_eq!(one.part.received_at, whole.received_at);
    let again = slices(&one.part);
    let [same] = again.as_slice() else {
        panic!("{} things in one", again.len());
    };
    assert_eq!(same.road, one.road, "the same thing, by another road");
}
