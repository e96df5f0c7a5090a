//! What a platform said about a conversation's reply window by refusing an answer. Kept beside the
//! conversation, so that it outlives the message that was refused and goes with the person.

use domain::outbound::{Failure, Reason};
use domain::reply_window::{Means, Refusal};
use rusqlite::{Row, params};

use super::VaultWrite;
use crate::error::Result;
use crate::sql;

impl VaultWrite<'_> {
    /// Keeps that an answer failed because its window had closed; of any other failure nothing. It
    /// holds for what the person had written when the answer was: known here before it, or dated
    /// before it by the platform.
    pub(crate) fn note_refusal(
        &self,
        message: i64,
        failure: Option<&Failure>,
        means: Means,
    ) -> Result<()> {
        if failure.is_none_or(|failure| failure.reason != Reason::WindowClosed) {
            return Ok(());
        }
        self.sql
            .prepare_cached(
                "UPDATE conversations SET refused_means = ?2, refused_upto = coalesce(
                     (SELECT heard.sent_at FROM messages heard
                      WHERE heard.conversation = answer.conversation AND heard.author = 'person'
                        AND (heard.id < answer.id OR heard.sent_at <= answer.sent_at)
                      ORDER BY heard.sent_at DESC, heard.id DESC LIMIT 1),
                     answer.sent_at)
                 FROM (SELECT id, conversation, sent_at FROM messages WHERE id = ?1) AS answer
                 WHERE conversations.id = answer.conversation",
            )?
            .execute(params![message, sql::means_name(means)])?;
        Ok(())
    }
}

/// The refusal in a row of `conversations`, if there was one.
pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Option<Refusal>> {
    let means = sql::word_or_none(row, "refused_means", sql::means)?;
    let upto = sql::time_or_none(row, "refused_upto")?;
    Ok(means.zip(upto).map(|(means, upto)| Refusal { means, upto }))
}
