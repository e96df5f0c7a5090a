//! Commands that read: lists, threads, people, search.

use tauri::State;

use crate::shell::id;
use crate::shell::{Answer, Shell};
use crate::translate;
use crate::view::inbox::{
    ConversationPageView, ConversationView, CountsView, FilterView, PersonView, SearchView,
};
use crate::view::thread::ThreadView;

/// The longest page the window may ask for.
const MOST: u32 = 200;

/// A page of conversations, newest first (`ClosingSoon`: soonest first).
#[tauri::command]
#[specta::specta]
pub async fn conversations(
    shell: State<'_, Shell>,
    filter: FilterView,
    after: Option<String>,
    limit: u32,
) -> Answer<ConversationPageView> {
    let filter = translate::filter(&filter)?;
    Ok(shell
        .engine()
        .conversations(filter, after, limit.min(MOST))
        .await?
        .into())
}

/// One conversation's row.
#[tauri::command]
#[specta::specta]
pub async fn conversation(
    shell: State<'_, Shell>,
    conversation_id: String,
) -> Answer<ConversationView> {
    Ok(translate::conversation(
        shell.engine().conversation(id(&conversation_id)?).await?,
    ))
}

/// The numbers beside the views.
#[tauri::command]
#[specta::specta]
pub async fn counts(shell: State<'_, Shell>) -> Answer<CountsView> {
    Ok(shell.engine().counts().await?.into())
}

/// A page of a thread: the newest, what came before `before`, or what lies around a message.
#[tauri::command]
#[specta::specta]
pub async fn thread(
    shell: State<'_, Shell>,
    conversation_id: String,
    before: Option<String>,
    around: Option<String>,
    limit: u32,
) -> Answer<ThreadView> {
    let around = around.as_deref().map(id).transpose()?;
    let limit = limit.min(MOST);
    let page = shell
        .engine()
        .thread(id(&conversation_id)?, before, around, limit)
        .await?;
    Ok(translate::thread(page))
}

/// The thread was seen up to its newest message.
#[tauri::command]
#[specta::specta]
pub async fn mark_read(shell: State<'_, Shell>, conversation_id: String) -> Answer<()> {
    Ok(shell.engine().mark_read(id(&conversation_id)?).await?)
}

/// The person beside a thread.
#[tauri::command]
#[specta::specta]
pub async fn person(shell: State<'_, Shell>, conversation_id: String) -> Answer<PersonView> {
    Ok(shell.engine().person(id(&conversation_id)?).await?.into())
}

/// People and messages with these words.
#[tauri::command]
#[specta::specta]
pub async fn search(shell: State<'_, Shell>, query: String, limit: u32) -> Answer<SearchView> {
    Ok(shell.engine().search(query, limit.min(MOST)).await?.into())
}

/// Fetches an attachment again.
#[tauri::command]
#[specta::specta]
pub async fn fetch_again(shell: State<'_, Shell>, attachment_id: String) -> Answer<()> {
    Ok(shell.engine().fetch_again(attachment_id).await?)
}
