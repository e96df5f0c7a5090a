//! The relay's own part of an erasure. It reaches logins, never accounts: an account that another
//! live login on the same device covers stays connected there.

use std::collections::BTreeMap;

use wire::DeviceId;
use wire::event::{Control, StopReason};
use wire::order::{DeletionCode, DeletionOrder};
use wire::receipt::WipeNotice;

use super::GRACE;
use super::signed_request::SignedRequest;
use crate::pseudonym::{Kind, Pepper, Pseudonym};
use crate::queue::deletions::{Asked, Erased};
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
    let mut erased = BTreeMap::new();
    for (row, logins) in &reached {
        let here = erase_logins(commit, logins, (StopReason::Deleted, Some(code)))?;
        erased.insert(*row, here);
    }
    let envelopes = erased.values().map(|here| here.envelopes).sum();
    deletions::make(commit, (code, request), envelopes, now)?;
    for (row, logins) in reached {
        let Some(device) = devices::by_row(commit, row)? else {
            continue;
        };
        let logins: Vec<_> = logins.iter().map(|login| login.id).collect();
        let asked = Asked {
            device: device.id,
            seen_at: device.seen_at,
            logins: &logins,
            erased: erased.remove(&row).unwrap_or_default(),
        };
        deletions::wait_for(commit, code, &asked)?;
        let order = DeletionOrder {
            code,
            logins,
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
        erase_logins(commit, &logins, (StopReason::Deauthorized, None))?;
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

/// Removes a device that has wiped itself, with everything it had here. The requests that waited
/// for it are done with that.
pub(super) fn remove_device(
    commit: &mut Commit<'_>,
    device: &Device,
) -> Result<(Erased, Vec<DeletionCode>)> {
    let now = commit.now();
    let done = deletions::waiting_for(commit, device.id)?;
    let mut erased = Erased::default();
    for stream in streams::ever_of_device(commit, device.row)? {
        erased.add(drop_for_good(commit, &stream, &done)?);
    }
    logins::end_all(commit, device.row, now)?;
    pending::burn_of_device(commit, device.row)?;
    devices::remove(commit, device.row, now)?;
    Ok((erased, done))
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
fn erase_logins(
    commit: &mut Commit<'_>,
    logins: &[Login],
    (reason, code): (StopReason, Option<DeletionCode>),
) -> Result<Erased> {
    let now = commit.now();
    let mut erased = Erased::default();
    for login in logins {
        let streams = routes::streams_of_login(commit, login.row)?;
        logins::end(commit, login.row, now)?;
        for stream in streams {
            routes::stop(commit, stream.row, login.row, reason)?;
            if !routes::is_covered(commit, stream.row)? {
                erased.add(Erased {
                    streams: 1,
                    routes: routes::count(commit, stream.row)?,
                    envelopes: streams::discard(commit, &stream, code, now)?,
                    at: Some(now),
                });
                commit.erased();
            }
        }
    }
    Ok(erased)
}

/// Drops a stream, unless that was done before, and forgets it. What was erased before for one of
/// these requests is counted there.
fn drop_for_good(
    commit: &mut Commit<'_>,
    stream: &Stream,
    counted: &[DeletionCode],
) -> Result<Erased> {
    let now = commit.now();
    let routes = routes::count(commit, stream.row)?;
    let (envelopes, at) = match stream.dropped {
        Some(dropped) => (dropped.envelopes, dropped.at),
        None => (streams::discard(commit, stream, None, now)?, now),
    };
    streams::forget(commit, stream.row)?;
    commit.erased();
    let code = stream.dropped.and_then(|dropped| dropped.code);
    if code.is_some_and(|code| counted.contains(&code)) {
        return Ok(Erased::default());
    }
    Ok(Erased {
        streams: 1,
        envelopes,
        routes,
        at: Some(at),
    })
}

/// Ends streams and logins a device reported as wiped, and forgets them. With what was erased come
/// the requests that are done with that.
pub(super) fn drop_wiped(
    commit: &mut Commit<'_>,
    device: &Device,
    notice: &WipeNotice,
) -> Result<(Erased, Vec<DeletionCode>)> {
    let now = commit.now();
    let mut done = deletions::covered_by(commit, device.id, &notice.logins)?;
    done.extend(notice.code.filter(|code| !done.contains(code)));
    let mut erased = Erased::default();
    for id in &notice.streams {
        let stream = streams::of_device(commit, device.row, *id)?;
        // The control stream ends with the device alone.
        let Some(stream) = stream.filter(|stream| stream.account.is_some()) else {
            continue;
        };
        let rested_on = logins::of_stream(commit, stream.row)?;
        erased.add(drop_for_good(commit, &stream, &done)?);
        for login in rested_on {
            if routes::streams_of_login(commit, login)?.is_empty() {
                logins::end(commit, login, now)?;
            }
        }
    }
    for id in &notice.logins {
        if let Some(login) = logins::of_device(commit, device.row, *id)? {
            let dropped = routes::streams_of_login(commit, login.row)?;
            erased.add(erase_logins(commit, &[login], (StopReason::Deleted, None))?);
            for stream in dropped {
                if !routes::is_covered(commit, stream.row)? {
                    streams::forget(commit, stream.row)?;
                }
            }
        }
    }
    // What was dropped for those requests was counted with them.
    for stream in streams::ever_of_device(commit, device.row)? {
        let code = stream.dropped.and_then(|dropped| dropped.code);
        if code.is_some_and(|code| done.contains(&code)) {
            streams::forget(commit, stream.row)?;
        }
    }
    Ok((erased, done))
}

/// Which device a notice is of, if it is still known here.
pub(super) fn known(commit: &Commit<'_>, id: DeviceId) -> Result<Option<Device>> {
    Ok(devices::find(commit, id)?)
}
