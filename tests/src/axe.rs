//! axe-core in the running window: what a person with a screen reader or weak eyes would trip over.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::page::Page;
use crate::programs::repository;

/// Stops whatever moves: a button on its way from one colour to another has a third, which nobody
/// chose. The sheet is made by script, since the page's policy allows no style written into it.
const STILL: &str = "\
    const sheet = new CSSStyleSheet();\n\
    sheet.replaceSync('*, *::before, *::after { transition: none !important; \
      animation: none !important }');\n\
    const before = [...document.adoptedStyleSheets];\n\
    document.adoptedStyleSheets = [...before, sheet];\n\
    const frame = () => new Promise(requestAnimationFrame);\n\
    const still = async () => { for (let n = 0; n < 3; n += 1) await frame(); };\n";

/// Fails with every violation on the page as it is once nothing moves.
pub async fn check(page: &Page, screen: &str) -> Result<()> {
    let path = repository().join("ui/node_modules/axe-core/axe.min.js");
    let axe = std::fs::read_to_string(&path)
        .with_context(|| format!("{}: `cargo xtask setup` brings it", path.display()))?;
    if page.now("typeof window.axe === 'undefined'").await? == Value::Bool(true) {
        page.client().execute(&axe, Vec::new()).await?;
    }
    let run = "const done = arguments[arguments.length - 1];\n\
        still().then(() => window.axe.run(document, {resultTypes: ['violations']}))\n\
          .then((found) => done({violations: found.violations.map((v) => ({\n\
            id: v.id, help: v.help,\n\
            nodes: v.nodes.slice(0, 5).map((n) => `${n.target.join(' ')}: ${n.failureSummary}`),\n\
          })), passes: found.passes.length}))\n\
          .catch((error) => done({error: String(error)}))\n\
          .finally(() => { document.adoptedStyleSheets = before; });";
    let run = format!("{STILL}{run}");
    let found = page.client().execute_async(&run, Vec::new()).await?;
    if let Some(error) = found.get("error") {
        bail!("axe did not run on {screen}: {error}");
    }
    let passes = found
        .get("passes")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    if passes < 5 {
        bail!("axe looked at nothing on {screen}");
    }
    let violations = found
        .get("violations")
        .and_then(Value::as_array)
        .context("a list")?;
    if !violations.is_empty() {
        bail!(
            "axe on {screen}: {}",
            serde_json::to_string_pretty(violations)?
        );
    }
    Ok(())
}
