//! A program that uses SQLite before it asks for this memory.

#[test]
fn whoever_comes_late_is_told_so_and_sqlite_goes_on() {
    let before = rusqlite::Connection::open_in_memory().unwrap();
    before.execute_batch("CREATE TABLE a (b TEXT);").unwrap();
    assert!(!memory::install());
    before
        .execute("INSERT INTO a VALUES ('still here')", [])
        .unwrap();
    assert_eq!(memory::held(), memory::Held::default());
}
