//! Files: customers' pictures, the shop's uploads, and the links that expire.

use std::collections::BTreeMap;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::shop::Channel;
use crate::signing::hmac_sha256;

const HOUR: i64 = 3_600_000;
/// Pictures in messages and of people: a CDN's link, good for two days.
pub(crate) const CDN_LIFE: i64 = 48 * HOUR;
/// WhatsApp's links: five minutes.
pub(crate) const WHATSAPP_LIFE: i64 = 5 * 60_000;
/// WhatsApp's media ids: seven days from a webhook, thirty from an upload.
pub(crate) const WEBHOOK_MEDIA_LIFE: i64 = 7 * 24 * HOUR;
pub(crate) const UPLOADED_MEDIA_LIFE: i64 = 30 * 24 * HOUR;

#[derive(Clone, Debug)]
pub(crate) struct Media {
    pub(crate) bytes: Bytes,
    pub(crate) mime: String,
    pub(crate) name: String,
    /// The account it belongs to: a Page, an Instagram account or a WhatsApp number.
    pub(crate) account: String,
    pub(crate) channel: Channel,
    pub(crate) made_at: i64,
    pub(crate) by_shop: bool,
    /// Whether an attachment may be sent more than once.
    pub(crate) reusable: bool,
}

impl Media {
    pub(crate) fn expired(&self, now: i64) -> bool {
        let life = if self.by_shop {
            UPLOADED_MEDIA_LIFE
        } else {
            WEBHOOK_MEDIA_LIFE
        };
        self.channel == Channel::Whatsapp && now - self.made_at > life
    }

    pub(crate) fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.bytes).into()
    }
}

#[derive(Debug)]
pub(crate) struct MediaStore {
    items: BTreeMap<String, Media>,
    key: Vec<u8>,
    /// Links made before this moment are expired, whatever they say.
    dead_before: i64,
}

impl MediaStore {
    pub(crate) fn new(secret: &str) -> Self {
        let key = hmac_sha256(secret.as_bytes(), b"media links");
        Self {
            items: BTreeMap::new(),
            key,
            dead_before: i64::MIN,
        }
    }

    pub(crate) fn put(&mut self, id: String, media: Media) {
        self.items.insert(id, media);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Media> {
        self.items.get(id)
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Media> {
        self.items.remove(id)
    }

    pub(crate) fn clear(&mut self) -> usize {
        let gone = self.items.len();
        self.items.clear();
        gone
    }

    pub(crate) fn expire_links(&mut self, now: i64) {
        self.dead_before = now;
    }

    fn mac(&self, what: &str, expires: i64) -> String {
        let mut mac = hex::encode(hmac_sha256(
            &self.key,
            format!("{what}|{expires}").as_bytes(),
        ));
        mac.truncate(32);
        mac
    }

    /// The signature and expiry, in milliseconds, of a link to `what`.
    pub(crate) fn sign(&self, what: &str, now: i64, life: i64) -> (String, i64) {
        let expires = now + life;
        (self.mac(what, expires), expires)
    }

    /// Whether a link is still good; `None` where its signature is not ours.
    pub(crate) fn good(
        &self,
        what: &str,
        (mac, expires): (&str, i64),
        life: i64,
        now: i64,
    ) -> Option<bool> {
        let ours = bool::from(self.mac(what, expires).as_bytes().ct_eq(mac.as_bytes()));
        ours.then_some(now < expires && expires - life >= self.dead_before)
    }
}

/// What the first bytes say a file is; the name and the header may say anything.
pub(crate) fn sniff(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        [b'%', b'P', b'D', b'F', ..] => Some("application/pdf"),
        [b'O', b'g', b'g', b'S', ..] => Some("audio/ogg"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("video/mp4"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_ends_with_its_time_and_cannot_be_stretched() {
        let mut store = MediaStore::new("secret");
        let (mac, expires) = store.sign("7", 1_000, WHATSAPP_LIFE);
        let good =
            |store: &MediaStore, expires, now| store.good("7", (&mac, expires), WHATSAPP_LIFE, now);
        assert_eq!(good(&store, expires, 2_000), Some(true));
        assert_eq!(good(&store, expires, expires), Some(false));
        assert_eq!(good(&store, expires + 1, 2_000), None);
        store.expire_links(1_001);
        assert_eq!(good(&store, expires, 2_000), Some(false));
    }
}
