//! SQLite itself on this memory. A program of its own: what SQLite's memory is, is settled once.

use rusqlite::Connection;

#[test]
fn sqlite_lives_in_it_with_several_threads_at_once() {
    assert!(memory::install());
    assert!(memory::install(), "asked twice it says the same");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || fill(thread).expect("SQLite has what it needs"));
        }
    });
    let held = memory::held();
    assert!(held.bytes > 0);
    // Without a right to lock memory nothing is locked; otherwise some of it is, at least.
    assert_eq!(held.locked == 0, !may_lock(), "{held:?}");
}

/// A table with an index of words, filled and asked.
fn fill(thread: usize) -> rusqlite::Result<()> {
    let sql = Connection::open_in_memory()?;
    sql.execute_batch("CREATE VIRTUAL TABLE words USING fts5 (text, prefix = '3');")?;
    for number in 0..2_000 {
        let text = format!(
            "thread {thread} number {number} {}",
            "x".repeat(number % 500)
        );
        sql.execute("INSERT INTO words (text) VALUES (?1)", [text])?;
    }
    let found: i64 = sql.query_row(
        "SELECT count(*) FROM words WHERE words MATCH ?1",
        [format!("thread AND {thread}")],
        |row| row.get(0),
    )?;
    // Besides its own number each thread's figure is the number of one message.
    assert_eq!(found, 2_000);
    Ok(())
}

fn may_lock() -> bool {
    let page = [0_u8; 16];
    region::lock(page.as_ptr(), page.len()).is_ok()
}
