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
        if language == "arabic" {
            stands_on_one_line(page, screen).await?;
        }
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

/// Draws every Arabic word of the screen after a lone alef, in the window's own letters: the foot of
/// the alef shows where the engine put the word. WebKitGTK lifts or lowers a whole word when the last
/// sign of it is drawn above or below a letter, as the dots are in some families; then the words of
/// one line stand at different heights. What customers write may end in such a sign; then one of no
/// width stands behind it (`ui/src/i18n/level.ts`).
const LINE: &str = r##"
const done = arguments[arguments.length - 1];
document.fonts.ready.then(() => {
  const text = document.body.innerText;
  const words = [...new Set(text.split(/[^\u0600-\u06ff\u200c]+/))]
    .filter((word) => word.length > 1);
  const canvas = document.createElement('canvas');
  canvas.width = 1200;
  canvas.height = 160;
  const drawing = canvas.getContext('2d', { willReadFrequently: true });
  drawing.font = `400 48px ${getComputedStyle(document.documentElement).fontFamily}`;
  drawing.direction = 'rtl';
  drawing.textAlign = 'right';
  const foot = (word, line) => {
    drawing.clearRect(0, 0, 1200, 160);
    drawing.fillText('\u0627' + word, 1180, line);
    const { data } = drawing.getImageData(0, 0, 1200, 160);
    const inked = (x, y) => data[(y * 1200 + x) * 4 + 3] > 60;
    const rows = [...Array(160).keys()];
    let edge = 1199;
    while (edge > 0 && !rows.some((y) => inked(edge, y))) edge -= 1;
    return Math.max(...rows.filter((y) => inked(edge, y) || inked(edge - 1, y)));
  };
  const right = foot('', 100);
  const off = words.filter((word) => Math.abs(foot(word, 100) - right) > 2);
  // A word that stands lower has to be found, and one that its last sign lifts.
  const control = Math.abs(foot(words[0] ?? '', 106) - right) > 2
    && Math.abs(foot('\u0634\u0643\u0631\u0627\u064b', 100) - right) > 2;
  done({ words: words.length, off, control });
});
"##;

async fn stands_on_one_line(page: &Page, screen: &str) -> Result<()> {
    let found = page.client().execute_async(LINE, Vec::new()).await?;
    anyhow::ensure!(
        found.get("control") == Some(&json!(true)),
        "a word that stands lower is not found: {found}"
    );
    anyhow::ensure!(
        found.get("off") == Some(&json!([])) && found.get("words") != Some(&json!(0)),
        "{screen}: Arabic words that do not stand on their line: {found}"
    );
    Ok(())
}
