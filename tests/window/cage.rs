//! The window's cage: no network, no script of a customer's, no command that was not granted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use serde_json::{Value, json};
use tests::counter::Counter;
use tests::page::Page;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

/// Counts who knocks, and shuts the door on them after they were counted, not before: whoever finds
/// it shut may ask for the number.
async fn trap() -> Result<(String, Arc<AtomicUsize>, TaskTracker)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?.to_string();
    let knocks = Arc::new(AtomicUsize::new(0));
    let tasks = TaskTracker::new();
    let count = Arc::clone(&knocks);
    tasks.spawn(async move {
        while let Ok(visitor) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            drop(visitor);
        }
    });
    Ok((address, knocks, tasks))
}

/// Runs a script that calls back with what happened. `refused` calls back once the page's policy has
/// refused something of this kind; `answered` once the program has answered twice, after all that
/// was begun before: had the window left, nobody would be there to say so.
async fn run(page: &Page, script: &str) -> Result<Value> {
    let script = format!(
        "const done = arguments[arguments.length - 1];\n\
         const refused = (kind) => document.addEventListener('securitypolicyviolation', \
         (e) => e.effectiveDirective.startsWith(kind) && done('blocked by ' + e.effectiveDirective));\n\
         const app = () => window.__TAURI_INTERNALS__.invoke('app', {{}});\n\
         const answered = () => app().then(app).then(() => done('blocked'));\n{script}"
    );
    Ok(page.client().execute_async(&script, Vec::new()).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_reaches_no_host_by_any_road() -> Result<()> {
    let counter = Counter::connected().await?;
    let page = counter.page()?;
    let (address, knocks, _tasks) = trap().await?;
    let roads = [
        "fetch('http://ADDRESS/').then(() => done('reached'), (e) => done('blocked: ' + e))",
        "fetch('http://ADDRESS/', {mode: 'no-cors'}).then(() => done('reached'), () => done('blocked'))",
        "const r = new XMLHttpRequest(); r.open('GET', 'http://ADDRESS/'); \
         r.onload = () => done('reached'); r.onerror = () => done('blocked'); \
         try { r.send() } catch { done('blocked') }",
        "try { const s = new WebSocket('ws://ADDRESS/'); s.onopen = () => done('reached'); \
         s.onerror = () => done('blocked') } catch { done('blocked') }",
        "try { const s = new EventSource('http://ADDRESS/'); s.onopen = () => done('reached'); \
         s.onerror = () => done('blocked') } catch { done('blocked') }",
        "const i = new Image(); i.onload = () => done('reached'); i.onerror = () => done('blocked'); \
         i.src = 'http://ADDRESS/a.png'",
        "const s = document.createElement('script'); s.onload = () => done('reached'); \
         s.onerror = () => done('blocked'); s.src = 'http://ADDRESS/a.js'; document.body.append(s)",
        "const l = document.createElement('link'); l.rel = 'stylesheet'; \
         l.onload = () => done('reached'); l.onerror = () => done('blocked'); \
         l.href = 'http://ADDRESS/a.css'; document.head.append(l)",
        "refused('frame-src'); const f = document.createElement('iframe'); \
         f.src = 'http://ADDRESS/'; document.body.append(f)",
        "refused('connect-src'); navigator.sendBeacon('http://ADDRESS/', 'x')",
        "done(window.open('http://ADDRESS/') ? 'opened' : 'blocked')",
        "refused('form-action'); const f = document.createElement('form'); \
         f.action = 'http://ADDRESS/'; f.method = 'post'; document.body.append(f); f.submit()",
        "location.href = 'http://ADDRESS/'; answered()",
    ];
    for road in roads {
        let answer = run(page, &road.replace("ADDRESS", &address)).await?;
        assert!(
            answer
                .as_str()
                .is_some_and(|text| text.starts_with("blocked")),
            "{road}: {answer}"
        );
    }
    assert_eq!(knocks.load(Ordering::SeqCst), 0, "somebody knocked");
    // The window is where it was, and alive.
    counter
        .world
        .phones
        .say("whatsapp", "clara", "Still here")
        .await?;
    counter.owner()?.sees_row("Still here").await?;
    // The control: from outside the window somebody answers that door.
    let mut visit = TcpStream::connect(&address).await?;
    assert_eq!(visit.read(&mut [0; 1]).await?, 0, "the door stays open");
    assert_eq!(knocks.load(Ordering::SeqCst), 1);
    Ok(())
}

/// What the gate says to whoever may not pass, before it looks at the arguments.
const NOT_ALLOWED: &str = "not allowed";

/// Commands the program has in it or could have, with arguments that would do.
fn not_granted() -> Vec<(&'static str, Value)> {
    vec![
        ("plugin:dialog|open", json!({"options": {}})),
        ("plugin:dialog|save", json!({"options": {}})),
        (
            "plugin:opener|open_url",
            json!({"url": "https://example.org/"}),
        ),
        ("plugin:opener|open_path", json!({"path": "/etc/passwd"})),
        (
            "plugin:notification|notify",
            json!({"options": {"title": "x"}}),
        ),
        ("plugin:window|close", json!({"label": "main"})),
        (
            "plugin:window|set_title",
            json!({"label": "main", "value": "x"}),
        ),
        (
            "plugin:webview|create_webview_window",
            json!({"options": {"label": "other", "url": "index.html"}}),
        ),
        ("plugin:webview|print", json!({"label": "main"})),
        ("plugin:event|emit", json!({"event": "x", "payload": 1})),
        (
            "plugin:event|emit_to",
            json!({"target": {"kind": "Any"}, "event": "x", "payload": 1}),
        ),
        ("plugin:app|version", json!({})),
        ("plugin:path|resolve_directory", json!({"directory": 1})),
        ("plugin:resources|close", json!({"rid": 0})),
        ("plugin:fs|read_text_file", json!({"path": "/etc/passwd"})),
        ("plugin:shell|execute", json!({"program": "sh", "args": []})),
        ("no_such_command", json!({})),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn only_granted_commands_are_served_and_prototypes_are_frozen() -> Result<()> {
    let counter = Counter::connected().await?;
    let page = counter.page()?;
    let call = |command: &str, arguments: &Value| {
        format!(
            "window.__TAURI_INTERNALS__.invoke({}, {arguments}).then(() => done('served'), \
             (e) => done('refused: ' + JSON.stringify(e)))",
            json!(command)
        )
    };
    let empty = json!({});
    assert_eq!(run(page, &call("app", &empty)).await?, "served", "control");
    // Who is let in and brings the wrong arguments hears something else.
    for granted in ["conversation", "plugin:event|listen"] {
        let answer = run(page, &call(granted, &empty)).await?;
        let said = answer.as_str().unwrap_or_default();
        assert!(said.starts_with("refused"), "control: {granted}: {answer}");
        assert!(!said.contains(NOT_ALLOWED), "control: {granted}: {answer}");
    }
    for (command, arguments) in not_granted() {
        let answer = run(page, &call(command, &arguments)).await?;
        let said = answer.as_str().unwrap_or_default();
        assert!(
            said.starts_with("refused") && said.contains(NOT_ALLOWED),
            "{command}: {answer}"
        );
    }
    assert_eq!(
        page.now("Object.isFrozen(Object.prototype)").await?,
        Value::Bool(true)
    );
    assert_eq!(page.now("typeof window.__TAURI__").await?, "undefined");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_customer_writes_is_text_and_nothing_else() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page) = (counter.owner()?, counter.page()?);
    let hostile = [
        "<script>window.pwned = 1</script>",
        "<img src=x onerror=\"window.pwned = 1\">",
        "<svg onload=window.pwned=1>",
        "\"><iframe srcdoc='<script>parent.pwned=1</script>'>",
        "javascript:window.pwned=1",
        "{{constructor.constructor('window.pwned=1')()}}",
        "${window.pwned=1}",
        "</textarea><script>window.pwned=1</script>",
        "\u{202e}txt.exe",
        "a\u{0000}b",
        "𝒵̸̡͖a̴l̷g̶o̸ ﷽ 🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    ];
    for words in hostile {
        counter
            .world
            .phones
            .say("messenger", "jonas", words)
            .await?;
    }
    counter
        .world
        .phones
        .say("messenger", "jonas", "the last one")
        .await?;
    owner.opens("Jonas").await?;
    owner.reads("the last one").await?;
    assert_eq!(page.now("typeof window.pwned").await?, "undefined");
    let elements = "document.querySelectorAll('[role=log] script, [role=log] iframe, \
                    [role=log] svg[onload], [role=log] img[src=x]').length";
    assert_eq!(page.now(elements).await?, json!(0));
    owner.reads("<script>window.pwned = 1</script>").await?;
    let overrides = "/[\\u202a-\\u202e]/.test(document.body.innerText)";
    assert_eq!(
        page.now(overrides).await?,
        Value::Bool(false),
        "a direction trick is shown"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_and_no_words_reach_the_log_or_the_page_s_storage() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page) = (counter.owner()?, counter.page()?);
    let canary = "CANARY of the log 4711";
    counter
        .world
        .phones
        .say("instagram", "clara", canary)
        .await?;
    owner.opens("Clara").await?;
    owner.reads(canary).await?;
    let log = counter.log()?;
    for words in [canary, "Clara", "EAA", "447700900142"] {
        assert!(!log.contains(words), "the log says {words}");
    }
    let kept = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])";
    assert_eq!(page.now(kept).await?, "[{},{},\"\"]");
    let found = tests::files::holding(counter.data(), canary)?;
    assert!(found.is_empty(), "{found:?}");
    let found = tests::files::holding(counter.seat.home(), canary)?;
    assert!(found.is_empty(), "{found:?}");
    Ok(())
}
