//! What lies in a desk's Secret Service, for tests that look for it where it must not be.

use std::collections::HashMap;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use crate::seat::Seat;

const SERVICE: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";
const INTERFACE: &str = "org.freedesktop.Secret.Service";

/// A secret as the service hands it out: session, parameters, value, kind.
type Given = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

/// Every secret of ours by its name.
pub async fn secrets(seat: &Seat) -> Result<Vec<(String, Vec<u8>)>> {
    let bus = zbus::connection::Builder::address(seat.bus())?
        .build()
        .await?;
    let plain = ("plain", Value::from(""));
    let opened = bus
        .call_method(Some(SERVICE), PATH, Some(INTERFACE), "OpenSession", &plain)
        .await?;
    let (_, session): (OwnedValue, OwnedObjectPath) = opened.body().deserialize()?;
    let all: HashMap<&str, &str> = HashMap::new();
    let found = bus
        .call_method(Some(SERVICE), PATH, Some(INTERFACE), "SearchItems", &all)
        .await?;
    let (unlocked, _): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) = found.body().deserialize()?;
    let wanted = (&unlocked, &session);
    let given = bus
        .call_method(Some(SERVICE), PATH, Some(INTERFACE), "GetSecrets", &wanted)
        .await?;
    let given: HashMap<OwnedObjectPath, Given> = given.body().deserialize()?;
    let mut secrets = Vec::new();
    for (item, (_, _, value, _)) in given {
        let asked = ("org.freedesktop.Secret.Item", "Attributes");
        let answer = bus
            .call_method(
                Some(SERVICE),
                &item,
                Some("org.freedesktop.DBus.Properties"),
                "Get",
                &asked,
            )
            .await?;
        let attributes: OwnedValue = answer.body().deserialize()?;
        let attributes: HashMap<String, String> = attributes.try_into()?;
        let name = attributes
            .into_values()
            .find(|value| value.starts_with("v1/"));
        if let Some(name) = name {
            let bytes = STANDARD_NO_PAD.decode(&value);
            secrets.push((name, bytes.context("a secret is base64")?));
        }
    }
    secrets.sort();
    Ok(secrets)
}
