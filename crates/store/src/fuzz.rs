//! Doors for the fuzz targets in `tests/fuzz`, in their builds alone: what is private otherwise.

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use crate::words::{Query, for_index};
use crate::{excerpt, journal, passphrase};

/// The index of messages, as the first migration makes it.
const INDEX: &str = "
    CREATE VIRTUAL TABLE message_words USING fts5 (
        words, content = '', prefix = '2 3', tokenize = 'ascii'
    );
    INSERT INTO message_words (message_words, rank) VALUES ('secure-delete', 1);";

thread_local! {
    /// An empty index of the kind that searches run on.
    static EMPTY: Connection = {
        let index = open();
        index.execute_batch(INDEX).expect("an empty index can be made");
        index
    };
}

/// What is typed is a query the index accepts, a text is found by its own words until it is taken
/// out, and what is shown of it is of it.
pub fn search(text: &str) {
    let Some(query) = Query::parse(text) else {
        return;
    };
    let words = for_index(text);
    assert!(query.is_in(text), "a text has its own words");
    EMPTY.with(|index| {
        index
            .execute(
                "INSERT INTO message_words (rowid, words) VALUES (1, ?1)",
                [&words],
            )
            .expect("any text can be indexed");
        assert_found(index, &query, 1);
        let out =
            "INSERT INTO message_words (message_words, rowid, words) VALUES ('delete', 1, ?1)";
        index
            .execute(out, [&words])
            .expect("what is indexed can be taken out");
        assert_found(index, &query, 0);
    });
    let pieces = excerpt::excerpt(text, &query, usize::MAX);
    assert_eq!(
        pieces
            .iter()
            .map(|piece| piece.text.as_str())
            .collect::<String>(),
        text
    );
    for piece in excerpt::excerpt(text, &query, 60) {
        let shown = piece.text.trim_matches('…');
        assert!(text.contains(shown), "{shown:?} was never said");
    }
}

fn assert_found(index: &Connection, query: &Query, count: i64) {
    for asked in [query.for_text(), query.for_people()] {
        let found: Result<i64, _> = index.query_row(
            "SELECT count(*) FROM message_words WHERE message_words MATCH ?1",
            [&asked],
            |row| row.get(0),
        );
        assert_eq!(found, Ok(count), "{asked:?}");
    }
}

/// A slot of the journal as a torn write leaves it, and one that somebody wrote whole; what the
/// file of secrets holds once it is open.
pub fn journal(bytes: &[u8]) {
    let _ = journal::read_slot(bytes);
    let mut slot = [journal::MAGIC.as_slice(), bytes].concat();
    slot.resize(journal::SLOT - 32, 0);
    let checksum: [u8; 32] = Sha256::digest(&slot).into();
    slot.extend_from_slice(&checksum);
    let _ = journal::read_slot(&slot);
    let _ = passphrase::read_secrets(bytes);
    passphrase::open_cheap(bytes);
}

#[expect(
    clippy::disallowed_methods,
    reason = "an index in memory, in builds for fuzzing alone"
)]
fn open() -> Connection {
    Connection::open_in_memory().expect("memory is there")
}
