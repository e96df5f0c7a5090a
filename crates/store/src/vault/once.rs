//! What a transaction asks once, and not again for each message that it brings.

use std::cell::{Cell, RefCell};

use rusqlite::OptionalExtension as _;

use super::{VaultRead, VaultWrite};
use crate::error::Result;

/// The answers so far. Whoever writes what would change one takes it back.
#[derive(Debug)]
pub(crate) struct Once {
    nothing_waits: Cell<Option<bool>>,
    nothing_leaves: Cell<Option<bool>>,
    own_app: RefCell<Option<Option<String>>>,
}

impl Once {
    /// Nothing was asked yet.
    pub(crate) const fn new() -> Self {
        Self {
            nothing_waits: Cell::new(None),
            nothing_leaves: Cell::new(None),
            own_app: RefCell::new(None),
        }
    }

    /// News waits for its message from now on.
    pub(crate) fn something_waits(&self) {
        self.nothing_waits.set(Some(false));
    }

    /// The connection is described anew.
    pub(crate) fn facts_changed(&self) {
        self.own_app.take();
    }

    /// A reply may be on its way from now on.
    pub(crate) fn something_leaves(&self) {
        self.nothing_leaves.set(Some(false));
    }
}

impl VaultRead<'_> {
    /// Whether an echo names the shop's own app at the platform.
    pub(crate) fn is_own_app(&self, app: Option<&str>) -> Result<bool> {
        let mut known = self.once.own_app.borrow_mut();
        let own = match known.take() {
            Some(own) => own,
            None => self.own_app()?,
        };
        Ok(known.insert(own).as_deref() == app)
    }

    fn own_app(&self) -> Result<Option<String>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT app_id FROM facts WHERE one = 1")?;
        let app: Option<Option<String>> = statement.query_row([], |row| row.get(0)).optional()?;
        Ok(app.flatten())
    }

    fn nothing(&self, known: &Cell<Option<bool>>, sql: &str) -> Result<bool> {
        if let Some(known) = known.get() {
            return Ok(known);
        }
        let nothing = !self.sql.prepare_cached(sql)?.exists([])?;
        known.set(Some(nothing));
        Ok(nothing)
    }
}

impl VaultWrite<'_> {
    /// Whether no news waits for its message.
    pub(crate) fn nothing_waits(&self) -> Result<bool> {
        self.nothing(&self.once.nothing_waits, "SELECT 1 FROM pending LIMIT 1")
    }

    /// Whether no reply is on its way or unconfirmed.
    pub(crate) fn nothing_leaves(&self) -> Result<bool> {
        self.nothing(
            &self.once.nothing_leaves,
            "SELECT 1 FROM outbox WHERE state IN ('sending', 'unconfirmed') LIMIT 1",
        )
    }
}
