//! What arrives, and what it is turned into.

#[cfg(test)]
#[path = "../beside/mod.rs"]
mod beside;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod json_suite;
mod sides;
#[cfg(test)]
mod support;
