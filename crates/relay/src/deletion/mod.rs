//! Forgetting: what Meta asks for, what devices report, and what the relay does about either.

mod carry_out;
mod meta;
mod notice;
pub(crate) mod signed_request;

pub(crate) use carry_out::{doomed, end_grace};
pub(crate) use meta::{callback, deauthorize};
pub(crate) use notice::{notice, refused};

use crate::clock::DAY;

/// How long a deauthorized login's data waits for the person to come back.
pub(crate) const GRACE: i64 = 7 * DAY;
/// How long a request's code is kept.
pub(crate) const CODE_LIFE: i64 = 400 * DAY;
/// After how long without a sign a device counts as not reached. Its orders wait for it further.
pub(crate) const NOT_SEEN: i64 = 180 * DAY;
