//! Webhooks and callbacks: their shapes, their lanes, and how long Meta keeps trying.

pub(crate) mod callback;
pub(crate) mod lane;
pub(crate) mod policy;
pub(crate) mod update;
