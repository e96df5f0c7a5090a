//! Columns that need a word of translation. Rows are read by column name everywhere.

use domain::Timestamp;
use domain::inbound::Author;
use domain::reply_window::Means;
use rusqlite::Row;
use rusqlite::types::Type;

use crate::media::MediaFile;

/// A column that holds the name of an enum's variant.
pub(crate) fn word<T>(
    row: &Row<'_>,
    column: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    parse(&text).ok_or_else(|| unreadable(column))
}

/// The same where the column may be NULL.
pub(crate) fn word_or_none<T>(
    row: &Row<'_>,
    column: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| parse(&text).ok_or_else(|| unreadable(column)))
        .transpose()
}

/// A moment.
pub(crate) fn time(row: &Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp)
}

/// A moment that may be NULL.
pub(crate) fn time_or_none(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp))
}

/// A count, which is never negative.
pub(crate) fn count(row: &Row<'_>, column: &str) -> rusqlite::Result<u32> {
    row.get(column)
}

/// A media file in three columns, `…_file` or `file` and so on; NULL in the first is none.
pub(crate) fn media(row: &Row<'_>, prefix: &str) -> rusqlite::Result<Option<MediaFile>> {
    let Some(file) = row.get::<_, Option<[u8; 16]>>(format!("{prefix}file").as_str())? else {
        return Ok(None);
    };
    let key: [u8; 32] = row.get(format!("{prefix}key").as_str())?;
    let size: i64 = row.get(format!("{prefix}size").as_str())?;
    let size = u64::try_from(size).map_err(|_| unreadable("size"))?;
    Ok(Some(MediaFile::of_row(file, key, size)))
}

/// An error for a value that this version did not write.
pub(crate) fn unreadable(column: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        0,
        Type::Text,
        format!("unknown value in {column}").into(),
    )
}

/// The name kept for an author.
pub(crate) const fn author_name(author: Author) -> &'static str {
    match author {
        Author::Person => "person",
        Author::Shop => "shop",
    }
}

/// The author of a name.
pub(crate) fn author(name: &str) -> Option<Author> {
    [Author::Person, Author::Shop]
        .into_iter()
        .find(|author| author_name(*author) == name)
}

/// The name kept for a means of answering.
pub(crate) const fn means_name(means: Means) -> &'static str {
    match means {
        Means::Response => "response",
        Means::HumanAgent => "human_agent",
    }
}

/// The means of a name.
pub(crate) fn means(name: &str) -> Option<Means> {
    [Means::Response, Means::HumanAgent]
        .into_iter()
        .find(|means| means_name(*means) == name)
}
