//! What customers and the shop do to each other in a thread, and what Meta tells about it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::World;
use super::media::{CDN_LIFE, Media, WHATSAPP_LIFE};
use super::shop::Channel;
use super::threads::{Message, Thread, Tick};
use crate::graph::error::Refusal;
use crate::webhooks::update::{PictureLink, Update};

/// What somebody is about to say.
#[derive(Debug, Default)]
pub(crate) struct Saying {
    pub(crate) text: Option<String>,
    /// Id of the stored picture.
    pub(crate) picture: Option<String>,
    pub(crate) reply_to: Option<String>,
    /// `metadata` or `biz_opaque_callback_data`.
    pub(crate) opaque: Option<String>,
}

/// Links to stored files.
impl World {
    /// An expiring link to a stored file, of the kind its platform gives.
    pub(crate) fn media_link(&self, id: &str, channel: Channel, now: i64) -> String {
        match channel {
            Channel::Whatsapp => {
                let (hash, expires) = self.media.sign(id, now, WHATSAPP_LIFE);
                self.link(&format!(
                    "/lookaside/whatsapp_business/attachments/?mid={id}&source=webhook&ext={expires}&hash={hash}"
                ))
            }
            Channel::Instagram => {
                let (mac, expires) = self.media.sign(id, now, CDN_LIFE);
                self.link(&format!(
                    "/lookaside/ig_messaging_cdn/?asset_id={id}&signature={expires:x}.{mac}"
                ))
            }
            Channel::Messenger => {
                let (mac, expires) = self.media.sign(id, now, CDN_LIFE);
                self.link(&format!(
                    "/scontent/v/t1.15752-9/{id}_n.jpg?oh={mac}&oe={expires:x}"
                ))
            }
        }
    }

    /// An expiring link to a customer's picture of themselves.
    pub(crate) fn profile_link(&self, key: &str, now: i64) -> String {
        let (mac, expires) = self.media.sign(key, now, CDN_LIFE);
        self.link(&format!(
            "/scontent/v/t51.2885-19/{key}_n.jpg?oh={mac}&oe={expires:x}"
        ))
    }

    fn picture_link(&self, said: &Message, thread: &Thread, now: i64) -> Option<PictureLink> {
        let id = said.picture.as_deref()?;
        let media = self.media.get(id)?;
        Some(PictureLink {
            media: id.to_owned(),
            url: self.media_link(id, thread.channel, now),
            mime: media.mime.clone(),
            sha256: STANDARD.encode(media.sha256()),
        })
    }

    /// Stores a picture a customer sends; gives its id.
    pub(crate) fn store_picture(&mut self, media: Media) -> String {
        let id = self.ids.digits(if media.channel == Channel::Whatsapp {
            16
        } else {
            15
        });
        self.media.put(id.clone(), media);
        id
    }
}

/// What a customer does.
impl World {
    fn new_message(&mut self, thread: usize, from_shop: bool, at: i64, saying: Saying) -> Message {
        Message {
            id: self.message_id(thread, !from_shop),
            from_shop,
            at,
            text: saying.text,
            picture: saying.picture,
            reply_to: saying.reply_to,
            customer_reaction: None,
            shop_reaction: None,
            tick: Tick::Sent,
            failed: None,
            unsent: false,
            opaque: saying.opaque,
            by_api: false,
        }
    }

    fn message_id(&mut self, thread: usize, incoming: bool) -> String {
        let Some(thread) = self.threads.get(thread) else {
            return String::new();
        };
        match thread.channel {
            Channel::Messenger => self.ids.messenger_message(),
            Channel::Instagram => self
                .ids
                .instagram_message(thread.account, &thread.instagram_thread()),
            Channel::Whatsapp => self.ids.wamid(&thread.customer_id(), incoming),
        }
    }

    /// A customer writes. Whoever writes has read what was there before.
    pub(crate) fn customer_says(&mut self, thread: usize, at: i64, saying: Saying) -> String {
        self.customer_reads(thread, at);
        let message = self.new_message(thread, false, at, saying);
        let id = message.id.clone();
        if let Some(thread) = self.threads.get_mut(thread) {
            thread.customer_at = Some(thread.customer_at.map_or(at, |before| before.max(at)));
            thread.messages.push(message.clone());
        }
        if let Some(of) = self.threads.get(thread) {
            let picture = self.picture_link(&message, of, at);
            let update = Update::message(of, &message, picture.as_ref());
            self.announce(update);
        }
        id
    }

    /// The customer opens the thread: everything the shop said and that arrived is now read.
    pub(crate) fn customer_reads(&mut self, thread: usize, at: i64) -> usize {
        let Some(of) = self.threads.get_mut(thread) else {
            return 0;
        };
        let mut read: Vec<Message> = Vec::new();
        for message in &mut of.messages {
            let arrived = message.from_shop && message.tick == Tick::Delivered;
            if arrived && message.failed.is_none() {
                message.tick = Tick::Read;
                read.push(message.clone());
            }
        }
        let Some(of) = self.threads.get(thread) else {
            return 0;
        };
        let updates: Vec<Update> = match of.channel {
            // WhatsApp reports on each message, the others up to the last one.
            Channel::Whatsapp => read.iter().map(|said| Update::read(of, said, at)).collect(),
            _ => read
                .last()
                .map(|said| Update::read(of, said, at))
                .into_iter()
                .collect(),
        };
        for update in updates {
            self.announce(update);
        }
        read.len()
    }

    /// Puts the customer's reaction on a message, or takes it away.
    pub(crate) fn customer_reacts(
        &mut self,
        thread: usize,
        mid: &str,
        emoji: Option<&str>,
        at: i64,
    ) -> bool {
        let event = self.new_message(thread, false, at, Saying::default());
        let Some(of) = self.threads.get_mut(thread) else {
            return false;
        };
        let Some(message) = of.message_mut(mid) else {
            return false;
        };
        message.customer_reaction = emoji.map(str::to_owned);
        // On WhatsApp a reaction is a message like any other, and opens the reply window.
        if of.channel == Channel::Whatsapp {
            of.customer_at = of.customer_at.max(Some(at));
        }
        let Some(of) = self.threads.get(thread) else {
            return false;
        };
        let update = Update::reaction(of, mid, emoji, &event);
        self.announce(update);
        true
    }

    /// Takes one of the customer's own messages back.
    pub(crate) fn customer_unsends(&mut self, thread: usize, mid: &str, at: i64) -> bool {
        let event = self.new_message(thread, false, at, Saying::default());
        let Some(of) = self.threads.get_mut(thread) else {
            return false;
        };
        let Some(message) = of.message_mut(mid).filter(|message| !message.from_shop) else {
            return false;
        };
        message.unsent = true;
        message.text = None;
        message.picture = None;
        let Some(of) = self.threads.get(thread) else {
            return false;
        };
        let update = Update::unsend(of, mid, &event);
        self.announce(update);
        true
    }
}

/// What the shop does.
impl World {
    /// The shop writes, through the API or on its own phone.
    pub(crate) fn shop_says(
        &mut self,
        thread: usize,
        at: i64,
        by_api: bool,
        saying: Saying,
    ) -> String {
        let mut message = self.new_message(thread, true, at, saying);
        message.by_api = by_api;
        let id = message.id.clone();
        if let Some(of) = self.threads.get_mut(thread) {
            of.messages.push(message.clone());
            of.shop_typing_until = None;
        }
        self.announce_sent(thread, &message, at);
        self.arrive(thread, &id, at);
        id
    }

    /// Echo, or WhatsApp's `sent`.
    fn announce_sent(&mut self, thread: usize, message: &Message, at: i64) {
        let Some(of) = self.threads.get(thread) else {
            return;
        };
        let picture = self.picture_link(message, of, at);
        let Some(update) = Update::sent(of, message, picture.as_ref(), &self.app) else {
            return;
        };
        let subject = update.subject();
        if self.faults.strike("echo_never", &subject).is_some() {
            return;
        }
        if let Some(late) = self.faults.strike("echo_late", &subject) {
            let seconds = u64::try_from(late.number().unwrap_or(2)).unwrap_or(2);
            self.delayed
                .push((std::time::Duration::from_secs(seconds), update));
            return;
        }
        self.announce(update);
    }

    /// The message reaches the customer's phone, or WhatsApp finds that it cannot.
    fn arrive(&mut self, thread: usize, id: &str, at: i64) {
        let Some(of) = self.threads.get(thread) else {
            return;
        };
        let subject = format!("{} {} {}", of.channel.name(), of.person().key, of.account);
        if of.channel == Channel::Whatsapp {
            let blocked = self.faults.holds("blocked", &subject).map(|_| 131_026);
            let failing = self.faults.strike("whatsapp_failed", &subject);
            let code = failing
                .map(|fault| fault.number().unwrap_or(131_026))
                .or(blocked);
            if let Some(code) = code {
                self.fail(thread, id, code, at);
                return;
            }
        }
        if self.faults.holds("phone_off", &subject).is_none() {
            self.phone_receives(thread, id, at);
        }
    }

    fn fail(&mut self, thread: usize, id: &str, code: i64, at: i64) {
        let Some(of) = self.threads.get_mut(thread) else {
            return;
        };
        let Some(message) = of.message_mut(id) else {
            return;
        };
        message.failed = Some(code);
        let message = message.clone();
        let Some(of) = self.threads.get(thread) else {
            return;
        };
        let error = Refusal::by_code(code, None).in_webhook();
        let update = Update::failed(of, &message, &error, at);
        self.announce(update);
    }

    fn phone_receives(&mut self, thread: usize, id: &str, at: i64) {
        let Some(of) = self.threads.get_mut(thread) else {
            return;
        };
        let Some(message) = of.message_mut(id) else {
            return;
        };
        message.tick = message.tick.max(Tick::Delivered);
        let message = message.clone();
        let Some(of) = self.threads.get(thread) else {
            return;
        };
        if let Some(update) = Update::delivered(of, &message, at) {
            self.announce(update);
        }
    }

    /// Phones that were off are on again and get what waited.
    pub(crate) fn phones_catch_up(&mut self, at: i64) -> usize {
        let waiting: Vec<(usize, String)> = self
            .threads
            .iter()
            .enumerate()
            .flat_map(|(index, thread)| {
                let waits = |message: &&Message| {
                    message.from_shop && message.tick == Tick::Sent && message.failed.is_none()
                };
                thread
                    .messages
                    .iter()
                    .filter(waits)
                    .map(move |said| (index, said.id.clone()))
            })
            .collect();
        for (thread, id) in &waiting {
            self.arrive(*thread, id, at);
        }
        waiting.len()
    }
}
