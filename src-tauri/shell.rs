//! What the commands share.

use crate::view::ErrorView;

/// What a command answers.
pub type Answer<T> = Result<T, ErrorView>;

/// What the commands share: the engine, once it runs.
#[derive(Debug, Default)]
pub struct Shell {}
