//! The relay's own part of an erasure. It reaches logins, never accounts: an account that another
//! live login on the same device covers stays connected there.

use std::collections::BTreeMap;

use wire::DeviceId;
use wire::api::DeviceState;
use wire::event::{Control, StopReason};
use wire::order::{DeletionCode, DeletionOrder};

use super::GRACE;
use super::signed_request::SignedRequest;
use crate::pseudonym::{Kind, Pepper, Pseudonym};
use crate::queue::devices::Device;
use crate::queue::logins::Login;
use crate::queue::streams::Stream;
use crate::queue::{Commit, Result, deletions, devices, logins, pending, routes, seen, streams};
use crate::random;

/// A callback of Meta's that holds.
#[derive(Debug)]
pub(super) struct Callback {
    pub(super) said: SignedRequest,
    /// As it came, for the device's record.
    pub(super) signed_request: String,
}

impl Callback {
    fn person(&self, pepper: &Pepper) -> Pseudonym {
        pepper.name(Kind::Person, &self.said.user_id)
    }

    /// Meta's moment; without one, the moment it came.
    fn issued_at(&self, now: i64) -> i64 {
        self.said.issued_at.unwrap_or(now / 1000)
    }

    /// The name under which a repeat is known again.
    fn request(&self, pepper: &Pepper, what: &str) -> Pseudonym {
        let moment = self
            .said
            .issued_at
            .map_or_else(|| "none".to_owned(), |at| at.to_string());
        pepper.name(
            Kind::Request,
            format!("{what}\n{}\n{moment}", self.said.user_id),
        )
    }
}

/// Erases what a person's deletion request reaches here, and orders the devices to do the same.
/// A repeat gets the same code and does nothing.
pub(super) fn delete(commit: &mut Commit<'_>, callback: &Callback) -> Result<DeletionCode> {
    let pepper = commit.keys().pepper().clone();
    let now = commit.now();
    let request = callback.request(&pepper, "deletion");
    if let Some(code) = deletions::code_of(commit, request)? {
        return Ok(code);
    }
    let code = DeletionCode::from_entropy(random::bytes());
    let issued_at = callback.issued_at(now);
    let person = callback.person(&pepper);
    pending::burn_of_person(commit, person, issued_at)?;
    let reached = by_device(commit, person, issued_at)?;
    let mut envelopes = 0;
    for logins in reached.values() {
        envelopes += erase_logins(commit, logins, StopReason::Deleted)?;
    }
    deletions::make(commit, (code, request), envelopes, now)?;
    for (row, logins) in reached {
        let Some(device) = devices::by_row(commit, row)? else {
            continue;
        };
        deletions::wait_for(commit, code, device.id, device.seen_at)?;
        let order = DeletionOrder {
            code,
            logins: logins.iter().map(|login| login.id).collect(),
            issued_at,
            received_at: now,
            signed_request: callback.signed_request.clone(),
        };
        commit.tell(row, &Control::DeletionOrder(order))?;
    }
    Ok(code)
}

/// Stops forwarding for a person who removed the app, and starts the grace. A repeat does nothing,
/// and neither does a callback from before the person last let the app in, however late it comes.
pub(super) fn deauthorize(commit: &mut Commit<'_>, callback: &Callback) -> Result<usize> {
    let pepper = commit.keys().pepper().clone();
    let now = commit.now();
    if !seen::remember(commit, callback.request(&pepper, "deauthorize"), now)? {
        return Ok(0);
    }
    let issued_at = callback.issued_at(now);
    let reached = by_device(commit, callback.person(&pepper), issued_at)?;
    let mut count = 0;
    for (row, mut logins) in reached {
        logins.retain(|login| {
            login.deauthorized_at.is_none() && DeletionOrder::reaches(issued_at, login.let_in_at)
        });
        for login in &logins {
            logins::deauthorize(commit, login.row, now)?;
        }
        count += logins.len();
        if !logins.is_empty() {
            let told = Control::Deauthorized {
                logins: logins.iter().map(|login| login.id).collect(),
                at: now,
                erase_at: now + GRACE,
                signed_request: callback.signed_request.clone(),
            };
            commit.tell(row, &told)?;
        }
    }
    Ok(count)
}

/// Erases what belongs to logins whose grace has ended.
pub(crate) fn end_grace(commit: &mut Commit<'_>) -> Result<usize> {
    let now = commit.now();
    let mut by_device: BTreeMap<i64, Vec<Login>> = BTreeMap::new();
    for login in logins::deauthorized_before(commit, now - GRACE)? {
        by_device.entry(login.device).or_default().push(login);
    }
    let count = by_device.values().map(Vec::len).sum();
    for (device, logins) in by_device {
        erase_logins(commit, &logins, StopReason::Deauthorized)?;
        let logins = logins.iter().map(|login| login.id).collect();
        commit.tell(device, &Control::GraceEnded { logins, at: now })?;
    }
    Ok(count)
}

/// The streams that go when the graces that are over are ended: on live logins none of them rests.
pub(crate) fn doomed(commit: &Commit<'_>) -> Result<Vec<Stream>> {
    let mut doomed = Vec::new();
    for login in logins::deauthorized_before(commit, commit.now() - GRACE)? {
        for stream in routes::streams_of_login(commit, login.row)? {
            if !routes::is_covered(commit, stream.row)? {
                doomed.push(stream);
            }
        }
    }
    Ok(doomed)
}

/// Removes a device that has wiped itself, with everything it has here. What it had to confirm is
/// confirmed with that.
pub(super) fn remove_device(commit: &mut Commit<'_>, device: &Device) -> Result<Erased> {
    let now = commit.now();
    let mut erased = Erased::default();
    for stream in streams::all_of_device(commit, device.row)? {
        erased.routes += routes::count(commit, stream.row)?;
        routes::stop_all(commit, stream.row, StopReason::Deleted)?;
        erased.envelopes += streams::discard(commit, &stream, now)?;
        erased.streams += 1;
    }
    commit.erased();
    logins::end_all(commit, device.row, now)?;
    pending::burn_of_device(commit, device.row)?;
    devices::remove(commit, device.row, now)?;
    deletions::mark(commit, device.id, None, (DeviceState::Erased, now))?;
    Ok(erased)
}

/// What went.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Erased {
    pub(crate) streams: u64,
    pub(crate) envelopes: u64,
    pub(crate) routes: u64,
}

/// A person's logins that are older than a moment of Meta's, by device.
fn by_device(
    commit: &Commit<'_>,
    person: Pseudonym,
    issued_at: i64,
) -> Result<BTreeMap<i64, Vec<Login>>> {
    let mut by_device: BTreeMap<i64, Vec<Login>> = BTreeMap::new();
    for login in logins::of_person(commit, person)? {
        if DeletionOrder::reaches(issued_at, login.made_at) {
            by_device.entry(login.device).or_default().push(login);
        }
    }
    Ok(by_device)
}

/// Ends logins and drops the streams no other live login on their device covers.
fn erase_logins(commit: &mut Commit<'_>, logins: &[Login], reason: StopReason) -> Result<u64> {
    let now = commit.now();
    let mut envelopes = 0;
    for login in logins {
        let streams = routes::streams_of_login(commit, login.row)?;
        logins::end(commit, login.row, now)?;
        for stream in streams {
            routes::stop(commit, stream.row, login.row, reason)?;
            if !routes::is_covered(commit, stream.row)? {
                envelopes += streams::discard(commit, &stream, now)?;
                commit.erased();
            }
        }
    }
    Ok(envelopes)
}

/// Ends streams and logins a device reported as wiped.
pub(super) fn drop_wiped(
    commit: &mut Commit<'_>,
    device: &Device,
    notice: &wire::receipt::WipeNotice,
) -> Result<Erased> {
    let now = commit.now();
    let mut erased = Erased::default();
    for id in &notice.streams {
        let Some(stream) = streams::of_device(commit, device.row, *id)? else {
            continue;
        };
        // The control stream ends with the device alone.
        if stream.account.is_none() {
            continue;
        }
        commit.erased();
        erased.routes += routes::count(commit, stream.row)?;
        let rested_on = logins::of_stream(commit, stream.row)?;
        routes::stop_all(commit, stream.row, StopReason::Deleted)?;
        erased.envelopes += streams::discard(commit, &stream, now)?;
        erased.streams += 1;
        for login in rested_on {
            if routes::streams_of_login(commit, login)?.is_empty() {
                logins::end(commit, login, now)?;
            }
        }
    }
    for id in &notice.logins {
        if let Some(login) = logins::of_device(commit, device.row, *id)? {
            erased.envelopes += erase_logins(commit, &[login], StopReason::Deleted)?;
        }
    }
    Ok(erased)
}

/// Which device a notice is of, if it is still known here.
pub(super) fn known(commit: &Commit<'_>, id: DeviceId) -> Result<Option<Device>> {
    Ok(devices::find(commit, id)?)
}
