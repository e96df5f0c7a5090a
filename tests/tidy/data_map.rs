//! `docs/data-map.toml`: every column that is stored has a purpose, every purpose a column, and what
//! the relay keeps is told on its page.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::{Source, expect_none, sources};

/// Where each database of the map is made.
const SCHEMAS: &[(&str, &str)] = &[
    ("vault", "crates/store/migrations/vault/"),
    ("shop", "crates/store/migrations/shop/"),
    ("relay", "crates/relay/src/queue/"),
];

const MAP: &str = "docs/data-map.toml";
/// The English text of `/privacy`.
const PAGE: &str = "crates/relay/src/pages/words/english.rs";

/// Tables of the relay of which its page says nothing, and why.
const NOT_TOLD: &[(&str, &str)] = &[
    ("boot", "it is about the relay's own starts"),
    ("enrol_codes", "it is about codes that the operator made"),
];

/// A column by its database, table and name.
type Column = (String, String, String);

/// The columns of a schema.
fn columns(database: &str, sql: &str) -> BTreeSet<Column> {
    let sql = without_comments(sql);
    let column = |table: &str, name: &str| (database.to_owned(), table.to_owned(), name.to_owned());
    let mut columns = BTreeSet::new();
    for statement in sql.split(';').map(str::trim) {
        let words: Vec<&str> = statement.split_whitespace().collect();
        match words.as_slice() {
            ["CREATE", "TABLE", table, ..] => {
                columns.extend(fields(statement).map(|name| column(table, name)));
            }
            ["CREATE", "VIRTUAL", "TABLE", table, ..] => {
                let fields = fields(statement)
                    .filter(|name| !["content", "prefix", "tokenize"].contains(name));
                columns.extend(fields.map(|name| column(table, name)));
            }
            ["ALTER", "TABLE", table, "ADD", "COLUMN", name, ..] => {
                columns.insert(column(table, name));
            }
            _ => {}
        }
    }
    columns
}

fn without_comments(sql: &str) -> String {
    let code = |line: &str| line.split("--").next().unwrap_or_default().to_owned();
    sql.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// The names between a table's parentheses; what constrains the table is none.
fn fields(statement: &str) -> impl Iterator<Item = &str> {
    let inside = statement
        .split_once('(')
        .and_then(|(_, rest)| rest.rsplit_once(')'))
        .map_or("", |(inside, _)| inside);
    let mut depth = 0_u32;
    let parts = inside.split(move |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    let constrains = ["PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "CONSTRAINT"];
    parts
        .filter_map(|part| part.split_whitespace().next())
        .filter(move |name| !constrains.contains(name))
}

fn complaints(map: &str, schemas: &BTreeSet<Column>, page: &str) -> Vec<String> {
    let map: toml::Table = match map.parse() {
        Ok(map) => map,
        Err(error) => return vec![error.to_string()],
    };
    let mut complaints = Vec::new();
    let mut mapped: BTreeMap<Column, usize> = BTreeMap::new();
    // What is fetched and not stored has a rule of its own.
    for (database, tables) in map.iter().filter(|(name, _)| *name != "fetched") {
        for (table, entries) in tables.as_table().into_iter().flatten() {
            complaints.extend(untold(database, table, entries, page));
            for (names, purpose) in entries.as_table().into_iter().flatten() {
                if names == "said" {
                    continue;
                }
                if purpose.as_str().is_none_or(|text| text.len() < 5) {
                    complaints.push(format!("{database}.{table}: “{names}” has no purpose"));
                }
                for name in names.split_whitespace() {
                    let column = (database.clone(), table.clone(), name.to_owned());
                    *mapped.entry(column).or_default() += 1;
                }
            }
        }
    }
    let name = |(database, table, name): &Column| format!("{database}.{table}.{name}");
    let missing = schemas
        .iter()
        .filter(|column| !mapped.contains_key(*column));
    complaints.extend(missing.map(|column| format!("{}: what is it stored for?", name(column))));
    let gone = mapped.keys().filter(|column| !schemas.contains(*column));
    complaints.extend(gone.map(|column| format!("{}: there is no such column", name(column))));
    let twice = mapped.iter().filter(|(_, count)| **count > 1);
    complaints.extend(twice.map(|(column, _)| format!("{}: named twice", name(column))));
    complaints
}

/// A table of the relay whose page does not tell of it.
fn untold(database: &str, table: &str, entries: &toml::Value, page: &str) -> Option<String> {
    if database != "relay" || NOT_TOLD.iter().any(|(known, _)| *known == table) {
        return None;
    }
    let said = entries.get("said").and_then(toml::Value::as_str);
    let is_told = said.is_some_and(|said| page.contains(said));
    (!is_told).then(|| format!("relay.{table}: /privacy does not tell of it"))
}

fn schemas(sources: &[Source]) -> BTreeSet<Column> {
    let of = |(database, folder): &(&str, &str)| -> BTreeSet<Column> {
        let files = sources
            .iter()
            .filter(|source| source.is_in(folder) && source.is(".sql"));
        files
            .flat_map(|source| columns(database, &source.text))
            .collect()
    };
    SCHEMAS.iter().flat_map(of).collect()
}

/// The page's text in one line: its sentences are broken over several in the source.
fn page(sources: &[Source]) -> String {
    let text = sources.iter().find(|source| source.path == PAGE);
    let text = &text.expect("the page is there").text;
    let lines = text.lines().map(|line| line.trim().trim_end_matches('\\'));
    lines.collect::<String>()
}

fn map(sources: &[Source]) -> &str {
    let map = sources.iter().find(|source| source.path == MAP);
    &map.expect("the map is there").text
}

#[test]
fn everything_that_is_stored_has_a_purpose_and_the_relay_tells_of_it() {
    let sources = sources();
    let schemas = schemas(&sources);
    for (database, least) in [("vault", 100), ("shop", 60), ("relay", 80)] {
        let count = schemas.iter().filter(|column| column.0 == database).count();
        assert!(count > least, "{count} columns of {database} were read");
    }
    expect_none(&complaints(map(&sources), &schemas, &page(&sources)));
}

#[test]
fn control_a_column_without_a_purpose_and_a_table_nobody_tells_of_are_found() {
    let sources = sources();
    let (map, page) = (map(&sources), page(&sources));
    let with = |database: &str, sql: &str| {
        let mut schemas = schemas(&sources);
        schemas.extend(columns(database, sql));
        complaints(map, &schemas, &page)
    };
    let scores = "CREATE TABLE contacts (name TEXT, score REAL CHECK (score > 0), UNIQUE (name));";
    let found = with("vault", scores);
    assert_eq!(found, ["vault.contacts.score: what is it stored for?"]);
    let later = "-- later\nALTER TABLE devices ADD COLUMN address TEXT;";
    assert_eq!(with("relay", later).len(), 1);
    let index = "CREATE VIRTUAL TABLE moods USING fts5 (words, content = '', prefix = '2 3');";
    assert_eq!(with("vault", index).len(), 1);

    let schemas = schemas(&sources);
    let edited = |from: &str, to: &str| {
        assert!(map.contains(from), "{from}");
        complaints(&map.replacen(from, to, 1), &schemas, &page).len()
    };
    assert_eq!(edited("author emoji at", "author at"), 1);
    assert_eq!(edited("author emoji at", "author emoji mood at"), 1);
    assert_eq!(edited("author emoji at", "author emoji emoji at"), 1);
    assert_eq!(edited("\"the key of those hashes\"", "\"\""), 1);
    assert_eq!(edited("said = \"Counts.\"\n", ""), 1);
    assert_eq!(
        edited("said = \"Counts.\"", "said = \"Names of customers.\""),
        1
    );
    assert_eq!(complaints("", &schemas, &page).len(), schemas.len());
}
