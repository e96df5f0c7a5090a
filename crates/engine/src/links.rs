//! Links that people write, taken apart before they are opened: only kinds that are safe to hand to
//! a browser, without hidden names and passwords, with the host as it really is.

use domain::{Channel, ConversationId};
use url::{Host, Url};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::read::LinkTarget;

/// The longest link that is looked at.
const LONGEST: usize = 4_096;

/// Where a link leads.
pub(crate) fn inspect(text: &str) -> Result<LinkTarget> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
        return Err(Error::BadLink);
    }
    let url = Url::parse(text).map_err(|_| Error::BadLink)?;
    match url.scheme() {
        "http" | "https" => page(url),
        "mailto" => letter(&url),
        "tel" => call(&url),
        _ => Err(Error::BadLink),
    }
}

fn page(mut url: Url) -> Result<LinkTarget> {
    let disguised = !url.username().is_empty() || url.password().is_some();
    url.set_username("").map_err(|()| Error::BadLink)?;
    url.set_password(None).map_err(|()| Error::BadLink)?;
    let suspicious = match url.host().ok_or(Error::BadLink)? {
        // What is not ASCII is written as `xn--…`: it may look like another name.
        Host::Domain(name) => name.split('.').any(|label| label.starts_with("xn--")),
        Host::Ipv4(_) | Host::Ipv6(_) => true,
    };
    let host = url.host_str().ok_or(Error::BadLink)?.to_owned();
    Ok(LinkTarget {
        host,
        url: url.into(),
        suspicious: suspicious || disguised,
    })
}

/// Only the address: subject, text and copies are the writer's, not the owner's. With a slash in it
/// the next reader might take a part of it for a host, and a blank at its end would be passed over.
fn letter(url: &Url) -> Result<LinkTarget> {
    let address = url.path();
    let (name, host) = address.rsplit_once('@').ok_or(Error::BadLink)?;
    let plain = !name.is_empty()
        && !host.is_empty()
        && !address.contains([',', ';', '%', '/'])
        && !address.contains(char::is_whitespace);
    if !plain {
        return Err(Error::BadLink);
    }
    let suspicious = !host.is_ascii() || host.starts_with("xn--") || host.contains(".xn--");
    Ok(LinkTarget {
        host: address.to_owned(),
        url: format!("mailto:{address}"),
        suspicious,
    })
}

fn call(url: &Url) -> Result<LinkTarget> {
    let number: String = url
        .path()
        .chars()
        .filter(|sign| !"-.() ".contains(*sign))
        .collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    if digits.is_empty() || digits.len() > 20 || !digits.bytes().all(|digit| digit.is_ascii_digit())
    {
        return Err(Error::BadLink);
    }
    Ok(LinkTarget {
        host: number.clone(),
        url: format!("tel:{number}"),
        suspicious: false,
    })
}

impl Engine {
    /// Where a link leads, before it is opened.
    pub fn inspect_link(&self, url: &str) -> Result<LinkTarget> {
        inspect(url)
    }

    /// Opens a link in the browser, after the owner said so.
    #[expect(
        clippy::unused_async,
        reason = "everything the window asks for is awaited"
    )]
    pub async fn open_link(&self, url: String) -> Result<()> {
        let target = inspect(&url)?;
        self.inner
            .browser
            .open(&Url::parse(&target.url).map_err(|_| Error::BadLink)?)
    }

    /// Opens the conversation in the platform's own page.
    pub async fn open_in_app(&self, id: ConversationId) -> Result<()> {
        let shop = self.shop()?;
        let connected = shop.connection(id.connection)?;
        let row = connected
            .read(move |read| read.contact(id))
            .await?
            .ok_or(Error::Gone)?;
        let number = row
            .keys
            .iter()
            .find(|key| key.kind == domain::ContactKind::Phone)
            .map(|key| key.value.as_str());
        // Beside a sandbox nobody is sent to the real platform: its phones are there to be seen.
        let url = if self.inner.config.is_sandbox() {
            self.inner.config.platforms.facebook.join("/")
        } else {
            Url::parse(&inbox(
                connected.channel(),
                connected.account.own_id(),
                number,
            ))
        };
        let url = url.map_err(|_| Error::BadLink)?;
        self.inner.browser.open(&url)
    }
}

/// Where the platform itself shows the conversation, or else all of the account's.
fn inbox(channel: Channel, account: &str, number: Option<&str>) -> String {
    match (channel, number) {
        (Channel::Instagram, _) => "https://www.instagram.com/direct/inbox/".to_owned(),
        (Channel::Messenger, _) => {
            format!("https://business.facebook.com/latest/inbox/all?asset_id={account}")
        }
        (Channel::Whatsapp | Channel::Sms, Some(number)) => {
            format!("https://wa.me/{}", number.trim_start_matches('+'))
        }
        (Channel::Whatsapp | Channel::Sms, None) => "https://web.whatsapp.com/".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_s_conversations_are_opened_where_the_platform_shows_them() {
        for (channel, number, address) in [
            (
                Channel::Instagram,
                None,
                "https://www.instagram.com/direct/inbox/",
            ),
            (
                Channel::Messenger,
                None,
                "https://business.facebook.com/latest/inbox/all?asset_id=109",
            ),
            (
                Channel::Whatsapp,
                Some("+34600111222"),
                "https://wa.me/34600111222",
            ),
            (Channel::Whatsapp, None, "https://web.whatsapp.com/"),
        ] {
            assert_eq!(inbox(channel, "109", number), address);
            assert!(Url::parse(address).is_ok());
        }
    }

    #[test]
    fn a_link_shows_where_it_really_leads() {
        for (text, host, url, suspicious) in [
            (
                "https://example.com/a?b=1",
                "example.com",
                "https://example.com/a?b=1",
                false,
            ),
            (
                " http://Example.COM ",
                "example.com",
                "http://example.com/",
                false,
            ),
            (
                "https://bank.example@evil.example/x",
                "evil.example",
                "https://evil.example/x",
                true,
            ),
            (
                "https://user:pw@shop.example/",
                "shop.example",
                "https://shop.example/",
                true,
            ),
            (
                "https://аpple.com/",
                "xn--pple-43d.com",
                "https://xn--pple-43d.com/",
                true,
            ),
            ("http://0x7f.1/", "127.0.0.1", "http://127.0.0.1/", true),
            (
                "mailto:a@shop.example?bcc=spy@evil.example",
                "a@shop.example",
                "mailto:a@shop.example",
                false,
            ),
            ("tel:+49-30 1234", "+49301234", "tel:+49301234", false),
        ] {
            let target = inspect(text).unwrap();
            let expected = LinkTarget {
                host: host.to_owned(),
                url: url.to_owned(),
                suspicious,
            };
            assert_eq!(target, expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_safe_to_open_is_refused() {
        for text in [
            "",
            "example.com",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "shopbell://relay?url=x",
            "data:text/html,x",
            "smb://host/share",
            "ms-msdt:/id",
            "https://",
            "mailto:",
            "mailto:a@b.example,c@d.example",
            // Written again it would have a host, and no address.
            "mailto://mailto://a@b.example",
            "mailto:a@b.example #x",
            "mailto:a b@c.example",
            "tel:*#06#",
            "https://example.com/\u{0}",
            &format!("https://example.com/{}", "a".repeat(LONGEST)),
        ] {
            assert!(matches!(inspect(text), Err(Error::BadLink)), "{text}");
        }
    }
}
