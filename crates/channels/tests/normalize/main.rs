//! What arrives, and what it is turned into.

mod fixtures;
mod golden;
mod hostile;
mod support;
