//! Orders to erase that came from outside, and how far each is. Written down before the control
//! stream's cursor passes them, so that none is ever forgotten.

use domain::Timestamp;
use rusqlite::{OptionalExtension as _, Row, params};

use super::{ShopRead, ShopWrite};
use crate::error::Result;
use crate::sql;

/// An order to erase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletionOrder {
    /// Its id or code; a repetition has the same.
    pub id: String,
    /// The order as it came, in the wire's form, with Meta's signed request for the record.
    pub body: String,
    /// Where it stands.
    pub state: OrderState,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it was received.
    pub received_at: Timestamp,
    /// When it is carried out without an answer of the owner; `None` if it does not wait.
    pub due_at: Option<Timestamp>,
    /// Since when it stands where it stands.
    pub changed_at: Timestamp,
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderState {
    /// To be looked at.
    Received,
    /// Meta still accepts the login: the data is locked and the owner asked.
    Asked,
    /// The grace after a deauthorize runs.
    Waiting,
    /// Being carried out.
    Erasing,
    /// Carried out.
    Done,
    /// Not for us, withdrawn by a new login, or refused.
    Void,
}

impl OrderState {
    const ALL: [Self; 6] = [
        Self::Received,
        Self::Asked,
        Self::Waiting,
        Self::Erasing,
        Self::Done,
        Self::Void,
    ];

    /// The name kept.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Asked => "asked",
            Self::Waiting => "waiting",
            Self::Erasing => "erasing",
            Self::Done => "done",
            Self::Void => "void",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl ShopRead<'_> {
    /// One order.
    pub fn order(&self, id: &str) -> Result<Option<DeletionOrder>> {
        let mut statement = self
            .sql
            .prepare_cached("SELECT * FROM deletion_orders WHERE id = ?1")?;
        Ok(statement.query_row([id], from_row).optional()?)
    }

    /// Orders that are not finished, the oldest first.
    pub fn open_orders(&self) -> Result<Vec<DeletionOrder>> {
        let mut statement = self.sql.prepare_cached(
            "SELECT * FROM deletion_orders
             WHERE state IN ('received', 'asked', 'waiting', 'erasing') ORDER BY received_at, id",
        )?;
        let rows = statement.query_map([], from_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl ShopWrite<'_> {
    /// Writes an order down. False if it is there already: a replay changes nothing.
    pub fn receive_order(&self, order: &DeletionOrder) -> Result<bool> {
        let added = self
            .sql
            .prepare_cached(
                "INSERT OR IGNORE INTO deletion_orders (id, body, state, issued_at, received_at,
                     due_at, changed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                order.id,
                order.body,
                order.state.name(),
                order.issued_at.0,
                order.received_at.0,
                order.due_at.map(|at| at.0),
                order.changed_at.0
            ])?;
        Ok(added == 1)
    }

    /// Moves an order on.
    pub fn move_order(
        &self,
        id: &str,
        state: OrderState,
        due_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<()> {
        self.sql
            .prepare_cached(
                "UPDATE deletion_orders SET state = ?2, due_at = ?3, changed_at = ?4
                 WHERE id = ?1",
            )?
            .execute(params![id, state.name(), due_at.map(|at| at.0), now.0])?;
        Ok(())
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<DeletionOrder> {
    Ok(DeletionOrder {
        id: row.get("id")?,
        body: row.get("body")?,
        state: sql::word(row, "state", OrderState::from_name)?,
        issued_at: sql::time(row, "issued_at")?,
        received_at: sql::time(row, "received_at")?,
        due_at: sql::time_or_none(row, "due_at")?,
        changed_at: sql::time(row, "changed_at")?,
    })
}
