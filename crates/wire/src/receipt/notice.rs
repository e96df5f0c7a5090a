//! The notice: what a device announces before it wipes, signed by its identity.

use super::lines::{Lines, list};
use super::{AskedBy, Scope, Untrusted};
use crate::note;
use crate::order::DeletionCode;
use crate::{
    DeletionId, DeviceId, LoginId, RelayId, SigningSecret, StreamId, VerifyKey, write_date,
};

/// What a device announces before it wipes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WipeNotice {
    /// The wipe.
    pub deletion: DeletionId,
    /// Who asked.
    pub asked_by: AskedBy,
    /// When.
    pub asked_at: i64,
    /// The deletion order it carries out, if one.
    pub code: Option<DeletionCode>,
    /// How much it covers.
    pub scope: Scope,
    /// The device's identity; its id follows from it.
    pub identity: VerifyKey,
    /// The key that will sign the completion.
    pub wipe_key: VerifyKey,
    /// The relay it tells.
    pub relay: RelayId,
    /// The streams that end.
    pub streams: Vec<StreamId>,
    /// The logins that end on this device.
    pub logins: Vec<LoginId>,
}

impl WipeNotice {
    /// The device that wipes.
    pub fn device(&self) -> DeviceId {
        DeviceId::of(&self.identity)
    }

    /// Signs the notice with the device's identity.
    pub fn sign(&self, identity: &SigningSecret) -> String {
        note::sign(&self.text(), &format!("device/{}", self.device()), identity)
    }

    /// Reads a notice and checks its signature.
    pub fn verify(signed: &str) -> Result<Self, Untrusted> {
        let notice = Self::unchecked(signed)?;
        notice.check_signature(signed)?;
        Ok(notice)
    }

    pub(super) fn unchecked(signed: &str) -> Result<Self, Untrusted> {
        Self::read(note::text_of(signed).ok_or(Untrusted::Malformed)?)
    }

    pub(super) fn check_signature(&self, signed: &str) -> Result<(), Untrusted> {
        note::verify(signed, &format!("device/{}", self.device()), &self.identity)?;
        Ok(())
    }

    fn text(&self) -> String {
        let code = self
            .code
            .map_or_else(|| "none".to_owned(), |code| code.to_string());
        format!(
            "shopbell.app/wipe-notice/v1\ndeletion {}\nasked-by {}\nasked-at {}\ncode {code}\n\
             scope {}\ndevice {}\ndevice-key {}\nwipe-key {}\nrelay {}\nstreams{}\nlogins{}\n",
            self.deletion,
            self.asked_by.word(),
            write_date(self.asked_at),
            self.scope.word(),
            self.device(),
            self.identity,
            self.wipe_key,
            self.relay,
            list(&self.streams),
            list(&self.logins),
        )
    }

    fn read(text: &str) -> Result<Self, Untrusted> {
        let mut lines = Lines::of(text, "shopbell.app/wipe-notice/v1")?;
        let deletion = lines.value("deletion")?.parse()?;
        let asked_by = AskedBy::read(lines.value("asked-by")?)?;
        let asked_at = lines.date("asked-at")?;
        let code = match lines.value("code")? {
            "none" => None,
            code => Some(code.parse()?),
        };
        let scope = Scope::read(lines.value("scope")?)?;
        let _: DeviceId = lines.value("device")?.parse()?;
        let notice = Self {
            deletion,
            asked_by,
            asked_at,
            code,
            scope,
            identity: lines.value("device-key")?.parse()?,
            wipe_key: lines.value("wipe-key")?.parse()?,
            relay: lines.value("relay")?.parse()?,
            streams: lines.ids("streams")?,
            logins: lines.ids("logins")?,
        };
        (notice.text() == text)
            .then_some(notice)
            .ok_or(Untrusted::Malformed)
    }
}
