//! Meeting a relay: its address is typed or comes as a link, its key is shown as words, and only
//! what the owner then trusts is pinned. From that moment another key at the same address is a
//! stranger.

use std::sync::{Arc, PoisonError};

use domain::secrets::Secret;
use store::shop::device::Device;
use url::Url;
use wire::api::{EnrolRequest, RelayAbout};
use wire::{RelayKeys, SigningSecret, StreamId, words};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::link::client::{RelayClient, RelayError, about, is_allowed};
use crate::link::inlet::{read_seal_key, seal_key_secret, start_of};
use crate::news::News;
use crate::random;
use crate::read;
use crate::shop::Shop;

/// The longest address or link that is looked at.
const LONGEST: usize = 4_096;

/// Where a relay is said to be, and which key it is said to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    url: Url,
    key: Option<String>,
}

impl Engine {
    /// Asks an address whether it is a relay, without trusting it. Takes an address or a
    /// `shopbell://relay?url=…&key=…` link.
    pub async fn meet_relay(&self, address: String) -> Result<read::Relay> {
        let (url, met) = self.meet(&address).await?;
        let operator = Some(met.operator.clone()).filter(|name| !name.is_empty());
        let words = words::of(&met.keys)
            .iter()
            .map(|word| (*word).to_owned())
            .collect();
        let shown = read::Relay {
            url: url.to_string(),
            operator,
            words,
        };
        self.inner.desk.remember_met((url, met));
        Ok(shown)
    }

    /// Pins the key of the relay met before and enrols this computer.
    pub async fn trust_relay(&self, address: String, enrol_code: Option<String>) -> Result<()> {
        let shop = self.shop()?;
        let said = read_address(&address)?;
        // What the owner compared is what is pinned, not what answers now.
        let (url, met) = match self.inner.desk.met().filter(|(url, _)| *url == said.url) {
            Some(met) => met,
            None => self.meet(&address).await?,
        };
        if let Some(known) = shop.relay()
            && !shop.connections().is_empty()
            && !known.keys().may_become(&met.keys)
        {
            // The connections' streams are at the relay that is known.
            return Err(Error::RelayKeyChanged);
        }
        enrol(self, &shop, (url, met.keys), enrol_code).await?;
        shop.herald.tell(News::App);
        Ok(())
    }

    async fn meet(&self, address: &str) -> Result<(Url, RelayAbout)> {
        let said = read_address(address)?;
        let met = match about(&self.inner.http, &said.url).await {
            Ok(met) => met,
            Err(RelayError::Unreachable) => return Err(Error::RelayUnreachable),
            Err(RelayError::NotARelay | RelayError::Refused(_)) => return Err(Error::NotARelay),
        };
        if said
            .key
            .is_some_and(|key| key != met.keys.current.to_string())
        {
            return Err(Error::RelayKeyChanged);
        }
        Ok((said.url, met))
    }
}

/// Makes this computer known to a relay. Enrolling twice is the same as once.
async fn enrol(
    engine: &Engine,
    shop: &Arc<Shop>,
    (url, keys): (Url, RelayKeys),
    code: Option<String>,
) -> Result<()> {
    let identity = identity(shop).await?;
    let (key_id, seal_key) = control_seal_key(shop).await?;
    let clock = Arc::clone(&engine.inner.clock);
    let address = (url.clone(), keys.clone());
    let relay = RelayClient::new(engine.inner.http.clone(), address, identity, clock);
    let request = EnrolRequest {
        identity: relay.identity().public(),
        key_id,
        seal_key: seal_key.public(),
        code: code
            .map(|code| code.trim().to_owned())
            .filter(|code| !code.is_empty()),
    };
    let answer = relay.enrol(&request).await?;
    let device = Device {
        device_id: answer.device.to_string(),
        relay_url: url.to_string(),
        relay_id: Some(keys.relay.to_string()),
        relay_keys: vec![serde_json::to_string(&keys).expect("keys are text")],
        enrolled_at: shop.now(),
    };
    let control = answer.control;
    shop.shop_db(move |db| {
        db.write(|write| {
            write.set_device(&device)?;
            let known = write
                .control_cursor()?
                .map(|cursor| StreamId::from_bytes(cursor.stream));
            if known != Some(control) {
                write.move_control_cursor(&start_of(control))?;
            }
            Ok(())
        })
    })
    .await?;
    shop.set_relay(Some(Arc::new(relay)));
    Ok(())
}

/// The device's identity, made the first time it is needed.
async fn identity(shop: &Shop) -> Result<SigningSecret> {
    let name = shop.profile.identity_name();
    shop.keychain(move |secrets| {
        let known = secrets.get(&name)?;
        let seed: Option<[u8; 32]> =
            known.and_then(|secret| secret.expose_secret_bytes().try_into().ok());
        if let Some(seed) = seed {
            return Ok(SigningSecret::from_seed(&seed));
        }
        let identity = random::signing_secret();
        secrets.set(&name, &Secret::new(identity.expose_seed().to_vec()))?;
        Ok(identity)
    })
    .await
}

async fn control_seal_key(shop: &Shop) -> Result<(wire::KeyId, wire::seal::SealSecret)> {
    let name = shop.profile.control_seal_name();
    shop.keychain(move |secrets| {
        if let Some(known) = secrets.get(&name)?.as_ref().and_then(read_seal_key) {
            return Ok(known);
        }
        let (id, key) = random::seal_key();
        secrets.set(&name, &seal_key_secret(id, &key))?;
        Ok((id, key))
    })
    .await
}

/// Reads what was typed or clicked.
pub(crate) fn read_address(text: &str) -> Result<Said> {
    let text = text.trim();
    if text.len() > LONGEST {
        return Err(Error::NotAnAddress);
    }
    if !text.starts_with("shopbell:") {
        return Ok(Said {
            url: read_url(text)?,
            key: None,
        });
    }
    let link = Url::parse(text).map_err(|_| Error::NotAnAddress)?;
    if link.host_str() != Some("relay") {
        return Err(Error::NotAnAddress);
    }
    let value = |name: &str| {
        link.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    // A link names an address, not another link: links in links would go as deep as they like.
    Ok(Said {
        url: read_url(value("url").ok_or(Error::NotAnAddress)?.trim())?,
        key: value("key").map(|key| key.to_ascii_lowercase()),
    })
}

/// Reads an address. Without a scheme, https is meant; on this computer, http.
fn read_url(text: &str) -> Result<Url> {
    let whole = if text.contains("://") {
        text.to_owned()
    } else {
        let local = ["127.", "localhost", "[::1]"]
            .iter()
            .any(|here| text.starts_with(here));
        format!("{}://{text}", if local { "http" } else { "https" })
    };
    let mut url = Url::parse(&whole).map_err(|_| Error::NotAnAddress)?;
    url.set_query(None);
    url.set_fragment(None);
    if is_allowed(&url) {
        return Ok(url);
    }
    Err(match url.scheme() {
        "http" => Error::NeedsHttps,
        _ => Error::NotAnAddress,
    })
}

impl crate::login::LoginDesk {
    fn remember_met(&self, met: (Url, RelayAbout)) {
        *self.met.lock().unwrap_or_else(PoisonError::into_inner) = Some(met);
    }

    fn met(&self) -> Option<(Url, RelayAbout)> {
        self.met
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_typed_as_people_do() {
        for (text, url) in [
            ("relay.example", "https://relay.example/"),
            (
                " https://relay.example/under/ ",
                "https://relay.example/under/",
            ),
            ("127.0.0.1:8787", "http://127.0.0.1:8787/"),
            ("localhost:8787", "http://localhost:8787/"),
            ("http://127.0.0.1:8787/?x=1#y", "http://127.0.0.1:8787/"),
        ] {
            let said = read_address(text).unwrap();
            assert_eq!((said.url.as_str(), said.key), (url, None), "{text}");
        }
    }

    #[test]
    fn a_link_brings_the_key_it_expects() {
        let said = read_address("shopbell://relay?url=https%3A%2F%2Fr.example&key=AB12").unwrap();
        let expected = Said {
            url: "https://r.example".parse().unwrap(),
            key: Some("ab12".to_owned()),
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn a_link_in_a_link_leads_nowhere_however_deep_it_goes() {
        let inner = "https%3A%2F%2Fr.example";
        let one = format!("shopbell://relay?url=shopbell://relay?url={inner}");
        let deep = format!("{}{inner}", "shopbell://relay?url=".repeat(100_000));
        for text in [one, deep] {
            assert!(matches!(read_address(&text), Err(Error::NotAnAddress)));
        }
    }

    #[test]
    fn what_must_not_be_asked_is_not_asked() {
        for text in [
            "",
            "hello world",
            "ftp://relay.example",
            "shopbell://relay",
            "shopbell://h/abc",
            "https://user:pw@relay.example",
            "javascript:alert(1)",
        ] {
            assert!(
                matches!(read_address(text), Err(Error::NotAnAddress)),
                "{text}"
            );
        }
        for text in [
            "http://relay.example",
            "shopbell://relay?url=http://relay.example",
        ] {
            let read = read_address(text);
            assert!(matches!(read, Err(Error::NeedsHttps)), "{text}");
        }
    }
}
