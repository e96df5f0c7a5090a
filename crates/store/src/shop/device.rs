//! This installation and the relay it talks to. The private keys are in the keychain.

use domain::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{ShopRead, ShopWrite};
use crate::error::{Error, Result};
use crate::sql;

/// The device as the relay knows it, and the relay as the device pinned it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The id the relay knows this installation by.
    pub device_id: String,
    /// The relay's address.
    pub relay_url: String,
    /// The id the relay calls itself by.
    pub relay_id: Option<String>,
    /// The relay's keys that were pinned, in the relay's own text form.
    pub relay_keys: Vec<String>,
    /// Since when.
    pub enrolled_at: Timestamp,
}

impl ShopRead<'_> {
    /// The device; `None` before the first run has met a relay.
    pub fn device(&self) -> Result<Option<Device>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT device_id, relay_url, relay_id, relay_keys, enrolled_at FROM device
             WHERE one = 1",
        )?;
        let device = statement.query_row([], |row| {
            let keys: String = row.get("relay_keys")?;
            Ok(Device {
                device_id: row.get("device_id")?,
                relay_url: row.get("relay_url")?,
                relay_id: row.get("relay_id")?,
                relay_keys: serde_json::from_str(&keys)
                    .map_err(|_| sql::unreadable("relay_keys"))?,
                enrolled_at: sql::time(row, "enrolled_at")?,
            })
        });
        Ok(device.optional()?)
    }
}

impl ShopWrite<'_> {
    /// Writes the device down, replacing what was.
    pub fn set_device(&self, device: &Device) -> Result<()> {
        let keys =
            serde_json::to_string(&device.relay_keys).map_err(|_| Error::Invalid("relay keys"))?;
        self.sql
            .prepare_cached(
                "INSERT OR REPLACE INTO device (one, device_id, relay_url, relay_id, relay_keys,
                     enrolled_at)
                 VALUES (1, ?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                device.device_id,
                device.relay_url,
                device.relay_id,
                keys,
                device.enrolled_at.0
            ])?;
        Ok(())
    }

    /// Forgets device and relay.
    pub fn forget_device(&self) -> Result<()> {
        self.sql.prepare_cached("DELETE FROM device")?.execute([])?;
        Ok(())
    }
}
