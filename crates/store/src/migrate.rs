//! Numbered migrations. Each is a file that never changes once released; what is missing runs in one
//! IMMEDIATE transaction that ends with `user_version`. A file from a newer program is refused.

use rusqlite::{Connection, TransactionBehavior};

use crate::error::{Error, Result};

/// The migrations of a vault.
pub(crate) const VAULT: &[&str] = &[
    include_str!("../migrations/vault/0001_first.sql"),
    include_str!("../migrations/vault/0002_refused.sql"),
];

/// The migrations of `shop.db`.
pub(crate) const SHOP: &[&str] = &[include_str!("../migrations/shop/0001_first.sql")];

/// Brings a database to the newest version.
pub(crate) fn migrate(connection: &mut Connection, steps: &[&str]) -> Result<()> {
    let known = u32::try_from(steps.len()).expect("there are few migrations");
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known {
        return Err(Error::Newer { found, known });
    }
    if found == known {
        return Ok(());
    }
    for step in steps.iter().skip(found as usize) {
        transaction.execute_batch(step)?;
    }
    transaction.execute_batch(&format!("PRAGMA user_version = {known};"))?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::DatabaseKey;
    use crate::open;

    fn schema(connection: &Connection) -> Vec<(String, String)> {
        let mut statement = connection
            .prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name")
            .unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        rows.map(std::result::Result::unwrap).collect()
    }

    fn fresh(folder: &tempfile::TempDir, name: &str) -> Connection {
        open::create(&folder.path().join(name), &DatabaseKey::of(1)).unwrap()
    }

    #[test]
    fn a_migrated_schema_equals_a_fresh_one() {
        let folder = tempfile::tempdir().unwrap();
        for (kind, steps) in [("vault", VAULT), ("shop", SHOP)] {
            let mut whole = fresh(&folder, &format!("{kind}-whole"));
            migrate(&mut whole, steps).unwrap();
            let mut stepwise = fresh(&folder, &format!("{kind}-steps"));
            for released in 1..=steps.len() {
                migrate(&mut stepwise, &steps[..released]).unwrap();
            }
            assert_eq!(schema(&whole), schema(&stepwise));
            migrate(&mut whole, steps).unwrap();
        }
    }

    #[test]
    fn a_newer_file_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = fresh(&folder, "newer");
        migrate(&mut connection, VAULT).unwrap();
        connection
            .execute_batch("PRAGMA user_version = 999")
            .unwrap();
        let before = schema(&connection);
        let refused = migrate(&mut connection, VAULT);
        assert!(
            matches!(refused, Err(Error::Newer { found: 999, .. })),
            "{refused:?}"
        );
        assert_eq!(schema(&connection), before);
    }

    #[test]
    fn a_step_that_fails_leaves_everything_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = fresh(&folder, "failing");
        migrate(&mut connection, &["CREATE TABLE a (b TEXT) STRICT;"]).unwrap();
        connection
            .execute("INSERT INTO a (b) VALUES ('kept')", [])
            .unwrap();
        let before = schema(&connection);
        let steps = [
            "CREATE TABLE a (b TEXT) STRICT;",
            "DELETE FROM a; CREATE TABLE c (d TEXT) STRICT;",
            "CREATE TABLE c (d TEXT) STRICT;",
        ];
        assert!(migrate(&mut connection, &steps).is_err());
        assert_eq!(schema(&connection), before);
        let kept: String = connection
            .query_row("SELECT b FROM a", [], |row| row.get(0))
            .unwrap();
        assert_eq!(kept, "kept");
        let version: u32 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .unwrap();
        assert_eq!(version, 1);
    }

    #[test]
    fn every_table_is_strict() {
        let folder = tempfile::tempdir().unwrap();
        for (kind, steps) in [("vault", VAULT), ("shop", SHOP)] {
            let mut connection = fresh(&folder, kind);
            migrate(&mut connection, steps).unwrap();
            let loose: Vec<String> = connection
                .prepare(
                    "SELECT name FROM pragma_table_list
                     WHERE schema = 'main' AND type = 'table' AND strict = 0
                       AND name NOT LIKE 'sqlite_%'",
                )
                .unwrap()
                .query_map([], |row| row.get(0))
                .unwrap()
                .map(std::result::Result::unwrap)
                .collect();
            assert_eq!(loose, Vec::<String>::new());
        }
    }
}
