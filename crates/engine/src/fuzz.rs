//! Doors for the fuzz targets in `tests/fuzz`, in their builds alone: what is private otherwise.

use crate::decode::picture::redraw;
use crate::decode::{Purpose, helper};
use crate::{link, links, meeting, sniff};

/// A picture for the window: what comes out is small enough, of a kind the window shows, and a
/// picture itself.
pub fn picture(bytes: &[u8]) {
    let _ = sniff::content_type(bytes);
    for purpose in [Purpose::Portrait, Purpose::Show] {
        let Ok(decoded) = redraw(bytes, purpose) else {
            continue;
        };
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
