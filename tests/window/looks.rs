//! Light, dark and Arabic: the same screen in each, by the owner's own setting.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::{Value, json};
use tests::axe;
use tests::page::Page;

/// How the window can look.
const LOOKS: [(&str, &str, &str); 3] = [
    ("light", "light", "english"),
    ("dark", "dark", "english"),
    ("arabic", "light", "arabic"),
];

/// Checks a screen in every look with axe and, where `SHOPBELL_PICTURES` names a folder, leaves a
/// picture of each there.
pub(crate) async fn check(page: &Page, screen: &str) -> Result<()> {
    for (look, theme, language) in LOOKS {
        wear(page, theme, language).await?;
        keep(page, &format!("{screen}-{look}")).await?;
        axe::check(page, &format!("{screen} ({look})")).await?;
    }
    wear(page, "light", "english").await
}

/// Sets theme and language, as the settings do, and waits until the window wears them.
pub(crate) async fn wear(page: &Page, theme: &str, language: &str) -> Result<()> {
    let script = format!(
        "const done = arguments[arguments.length - 1];\n\
         const invoke = window.__TAURI_INTERNALS__.invoke;\n\
         invoke('app')\n\
           .then((app) => invoke('set_settings', {{settings: \
             {{...app.settings, theme: {}, language: {}}}}}))\n\
           .then(() => done(null), (error) => done(JSON.stringify(error)));",
        json!(theme),
        json!(language)
    );
    let refused = page.client().execute_async(&script, Vec::new()).await?;
    anyhow::ensure!(
        refused == Value::Null,
        "the settings were refused: {refused}"
    );
    let lang = if language == "arabic" { "ar" } else { "en" };
    // The words too: every button that says something says it in the language's own letters.
    let letters = if language == "arabic" {
        "/[\\u0600-\\u06ff]/"
    } else {
        "/[a-z]/i"
    };
    let worn = format!(
        "document.documentElement.lang === {} && document.documentElement.dataset.theme === {} \
         && p.all(document, {{role: 'button', is: null, has: null}})\
         .some((button) => {letters}.test(p.name(button)))",
        json!(lang),
        json!(theme)
    );
    page.answer(&worn, &format!("the window to wear {theme}, {language}"))
        .await
        .map(drop)
}

/// Leaves a picture, if somebody wants to look.
pub(crate) async fn keep(page: &Page, name: &str) -> Result<()> {
    if let Some(folder) = std::env::var_os("SHOPBELL_PICTURES") {
        let folder = PathBuf::from(folder);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("{name}.png")), page.picture().await?)?;
    }
    Ok(())
}
