//! Webhooks and callbacks: their shapes, their lanes, and how long Meta keeps trying.

pub(crate) mod callback;
mod cloud;
pub(crate) mod lane;
mod messaging;
pub(crate) mod policy;
pub(crate) mod update;
