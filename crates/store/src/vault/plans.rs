//! How SQLite walks the statements that run at every click and every arrival: always along an index,
//! so that they cost the same however much history there is. How far the walk back to the person's last
//! message goes depends on how much the shop has written since.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, StatementStatus, params_from_iter};

use super::conversations::{Filter, list_sql};
use super::stale::REFRESH;
use super::testing::in_memory;
use super::{attachments, outbox, progress, search, thread};

/// What the planner says, line by line.
fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    let nothing = vec![None::<i64>; statement.parameter_count()];
    let rows = statement
        .query_map(params_from_iter(nothing), |row| row.get("detail"))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

/// Lines that walk a whole table or sort what they found.
fn slow(plan: &[String]) -> Vec<&String> {
    plan.iter()
        .filter(|line| line.starts_with("SCAN") || line.contains("USE TEMP B-TREE"))
        .filter(|line| !line.contains("VIRTUAL TABLE INDEX") && !line.contains("CONSTANT ROW"))
        .collect()
}

/// A vault whose planner knows that there is much of everything.
fn large() -> Connection {
    let connection = in_memory();
    connection.execute_batch("ANALYZE;").unwrap();
    let tables = [
        "contacts",
        "conversations",
        "messages",
        "attachments",
        "outbox",
        "drafts",
    ];
    for table in tables {
        connection
            .execute(
                "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?1, NULL, '1000000')",
                [table],
            )
            .unwrap();
    }
    connection.execute_batch("ANALYZE sqlite_schema;").unwrap();
    connection
}

#[test]
fn what_runs_at_every_click_walks_an_index() {
    for connection in [in_memory(), large()] {
        let named = attachments::MEDIA_NAMED;
        for sql in named.into_iter().chain([
            list_sql(Filter::All),
            list_sql(Filter::Unread),
            list_sql(Filter::Waiting),
            thread::OLDER,
            thread::NEWER,
            search::FIND_MESSAGES,
            search::BEGINNING_ALIKE,
            attachments::MEDIA_DUE,
            outbox::DUE,
            REFRESH,
            progress::TO_READ,
            progress::TO_DELIVERED,
            progress::MOVE_READ,
            progress::MOVE_DELIVERED,
        ]) {
            let plan = plan(&connection, sql);
            assert!(slow(&plan).is_empty(), "{sql}\n{plan:#?}");
        }
    }
}

/// How often a statement is compiled anew when the same is bound to it four times.
fn compiled_again(connection: &Connection) -> i32 {
    let mut statement = connection.prepare(thread::OLDER).unwrap();
    for _ in 0..4 {
        let mut rows = statement.query((1, 9, 9, 50)).unwrap();
        assert!(rows.next().unwrap().is_none());
    }
    statement.get_status(StatementStatus::RePrepare)
}

#[test]
fn a_statement_is_compiled_once_whatever_is_bound_to_it() {
    let connection = in_memory();
    assert_eq!(compiled_again(&connection), 0);
    let stable = DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
    connection.set_db_config(stable, false).unwrap();
    assert_eq!(compiled_again(&connection), 4, "as SQLite does by itself");
}

/// Each list walks its own index and stops when the page is full.
#[test]
fn each_list_has_an_index_of_its_own() {
    let connection = in_memory();
    for (filter, index) in [
        (Filter::All, "conversations_recent"),
        (Filter::Unread, "conversations_unread"),
        (Filter::Waiting, "conversations_waiting"),
    ] {
        let plan = plan(&connection, list_sql(filter));
        assert!(plan.iter().any(|line| line.contains(index)), "{plan:#?}");
    }
}

#[test]
fn the_check_sees_a_missing_index() {
    let connection = in_memory();
    connection
        .execute_batch("DROP INDEX messages_thread;")
        .unwrap();
    let plan = plan(&connection, thread::OLDER);
    assert!(!slow(&plan).is_empty(), "{plan:#?}");
}
