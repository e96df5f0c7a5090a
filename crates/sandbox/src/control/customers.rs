//! What a customer does with a phone, and what the shop does with its own.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Problem};
use crate::app::App;
use crate::pictures;
use crate::world::World;
use crate::world::media::{Media, sniff};
use crate::world::people::{self, PEOPLE};
use crate::world::shop::{self, Channel};
use crate::world::talk::Saying;

/// `POST /sandbox/say`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Say {
    channel: String,
    /// A customer, or `shop` for what is written in the platform's own app.
    from: String,
    /// The customer the shop writes to, with `from: "shop"`.
    to: Option<String>,
    text: Option<String>,
    /// A sample's name, or a `data:` address.
    picture: Option<String>,
    reply_to: Option<String>,
    /// Which of the shop's accounts, if not the usual one.
    account: Option<String>,
    /// How long ago it was said.
    minutes_ago: Option<i64>,
}

pub(crate) async fn say(State(app): State<Arc<App>>, Json(say): Json<Say>) -> Answer {
    if say.text.is_none() && say.picture.is_none() {
        return Err(Problem::bad("a message needs text or a picture"));
    }
    let by_shop = say.from == "shop";
    let name = if by_shop {
        say.to.as_deref().unwrap_or_default()
    } else {
        &say.from
    };
    let place = Place::find(&say.channel, say.account.as_deref(), name)?;
    let picture = match say.picture.as_deref() {
        Some(name) => Some(picture(name).await?),
        None => None,
    };
    let id = app.change(|world, now| {
        let thread = place.thread(world);
        let at = now - say.minutes_ago.unwrap_or(0) * 60_000;
        let picture = picture.map(|(bytes, mime)| {
            world.store_picture(Media {
                bytes,
                mime: mime.to_owned(),
                name: "picture".to_owned(),
                account: place.account.to_owned(),
                channel: place.channel,
                made_at: at,
                by_shop,
                reusable: false,
            })
        });
        let saying = |text, picture| Saying {
            text,
            picture,
            reply_to: say.reply_to.clone(),
            opaque: None,
        };
        let mut speak = |at, saying| {
            if by_shop {
                world.shop_says(thread, at, false, saying)
            } else {
                world.customer_says(thread, at, saying)
            }
        };
        // Only WhatsApp's pictures have words of their own; elsewhere those are the next message.
        if place.channel == Channel::Whatsapp || picture.is_none() {
            return speak(at, saying(say.text.clone(), picture));
        }
        let id = speak(at, saying(None, picture));
        if say.text.is_some() {
            speak(at + 1, saying(say.text.clone(), None));
        }
        id
    });
    Ok(Json(json!({"id": id})))
}

/// The bytes of a sample picture, or of a `data:` address.
async fn picture(name: &str) -> Result<(Bytes, &'static str), Problem> {
    if let Some(rest) = name.strip_prefix("data:") {
        let (_, encoded) = rest
            .split_once("base64,")
            .ok_or_else(|| Problem::bad("a picture's data: address must be base64"))?;
        let bytes = STANDARD
            .decode(encoded)
            .map_err(|_| Problem::bad("the picture's base64 cannot be decoded"))?;
        let mime = sniff(&bytes).ok_or_else(|| Problem::bad("that is no picture we know"))?;
        return Ok((bytes.into(), mime));
    }
    let sample = pictures::sample(name).await.ok_or_else(|| {
        Problem::unknown(format!(
            "no sample picture {name}; there are {:?}",
            pictures::SAMPLES
        ))
    })?;
    Ok((sample, "image/jpeg"))
}

/// A thread, as control bodies name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) channel: Channel,
    pub(crate) account: &'static str,
    pub(crate) person: usize,
}

impl Place {
    pub(crate) fn find(channel: &str, account: Option<&str>, name: &str) -> Result<Self, Problem> {
        let channel = Channel::named(channel).ok_or_else(|| {
            Problem::bad(format!(
                "no channel {channel}; there are instagram, messenger, whatsapp"
            ))
        })?;
        let account = match account {
            None => shop::usual_account(channel),
            Some(id) => own_account(channel, id).ok_or_else(|| {
                Problem::unknown(format!("the shop has no {} account {id}", channel.name()))
            })?,
        };
        let person = people::find(name, channel, account).ok_or_else(|| {
            let keys: Vec<&str> = PEOPLE.iter().map(|person| person.key).collect();
            Problem::unknown(format!("no customer {name}; there are {}", keys.join(", ")))
        })?;
        Ok(Self {
            channel,
            account,
            person,
        })
    }

    fn thread(self, world: &mut World) -> usize {
        world.thread_index(self.channel, self.account, self.person)
    }
}

fn own_account(channel: Channel, id: &str) -> Option<&'static str> {
    match channel {
        Channel::Messenger => shop::page(id).map(|page| page.id),
        Channel::Instagram => shop::instagram(id).map(|(_, account)| account.id),
        Channel::Whatsapp => shop::phone(id).map(|waba| waba.phone),
    }
}

/// `POST /sandbox/read`, `/sandbox/unsend`, `/sandbox/react`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Touch {
    channel: String,
    from: String,
    account: Option<String>,
    message: Option<String>,
    emoji: Option<String>,
}

impl Touch {
    fn place(&self) -> Result<Place, Problem> {
        Place::find(&self.channel, self.account.as_deref(), &self.from)
    }

    fn message(&self) -> Result<&str, Problem> {
        self.message
            .as_deref()
            .ok_or_else(|| Problem::bad("which message? give its id"))
    }
}

pub(crate) async fn read(State(app): State<Arc<App>>, Json(touch): Json<Touch>) -> Answer {
    let place = touch.place()?;
    let read = app.change(|world, now| {
        let thread = place.thread(world);
        world.customer_reads(thread, now)
    });
    Ok(Json(json!({"read": read})))
}

pub(crate) async fn react(State(app): State<Arc<App>>, Json(touch): Json<Touch>) -> Answer {
    let place = touch.place()?;
    let message = touch.message()?;
    let done = app.change(|world, now| {
        let thread = place.thread(world);
        world.customer_reacts(thread, message, touch.emoji.as_deref(), now)
    });
    if done {
        Ok(Json(json!({"success": true})))
    } else {
        Err(no_message(message))
    }
}

pub(crate) async fn unsend(State(app): State<Arc<App>>, Json(touch): Json<Touch>) -> Answer {
    let place = touch.place()?;
    let message = touch.message()?;
    let done = app.change(|world, now| {
        let thread = place.thread(world);
        world.customer_unsends(thread, message, now)
    });
    if done {
        Ok(Json(json!({"success": true})))
    } else {
        Err(no_message(message))
    }
}

fn no_message(id: &str) -> Problem {
    Problem::unknown(format!("this customer has no message {id} there"))
}
