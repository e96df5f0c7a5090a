//! The desktop that is killed: the real engine with the real store, without a window. It does what a
//! line on its standard input says and answers each with a line: `done`, or `failed` and why.
//!
//! Its keychain lies in a folder, so that it outlives the program as the system's own does.

#[path = "../keychain.rs"]
mod keychain;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use domain::{Channel, Timestamp};
use engine::read::{Filter, FoundState, Login, WipeProgress};
use engine::{Config, Decoder, Engine, LinkState, News, Phase, Platforms, SecretsSource};
use keychain::FileSecrets;
use tests::browser::Browser;
use tests::clock::Clock;
use tests::phones::Phones;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::broadcast::error::RecvError;
use url::Url;

/// How long anything may take that was asked for.
const LIMIT: Duration = Duration::from_secs(450);

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("SHOPBELL_TEST_LOG"))
        .with_writer(std::io::stderr)
        .init();
    let engine = open()?;
    let opened = until(&engine, async |engine| {
        Ok((!matches!(engine.phase(), Phase::Opening | Phase::InUse)).then_some(()))
    });
    say(opened.await.map(|()| format!("{:?}", engine.phase()))).await?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let words: Vec<&str> = line.split('\t').collect();
        if words == ["stop"] {
            engine.stop().await;
            return say(Ok(String::new())).await;
        }
        let answer = obey(&engine, &words).await;
        say(answer).await?;
    }
    Ok(())
}

async fn say(answer: Result<String>) -> Result<()> {
    let line = match answer {
        Ok(told) => format!("done {told}\n"),
        Err(error) => format!("failed {error:#}\n").replace('\n', " ") + "\n",
    };
    let mut out = tokio::io::stdout();
    out.write_all(line.as_bytes()).await?;
    Ok(out.flush().await?)
}

fn open() -> Result<Engine> {
    let variable = |name: &str| std::env::var(name).with_context(|| format!("{name} is not set"));
    let address = |name: &str| -> Result<Url> { Ok(variable(name)?.parse()?) };
    let platforms = Platforms {
        graph: address("DESK_GRAPH")?,
        facebook: address("DESK_FACEBOOK")?,
        instagram: address("DESK_INSTAGRAM")?,
        ..Platforms::real()
    };
    let config = Config {
        data_dir: PathBuf::from(variable("DESK_DATA")?),
        relay_url: Some(address("DESK_RELAY")?),
        platforms,
        version: "torture".to_owned(),
        decoder: Decoder::Here,
        browser: None,
    };
    let secrets = FileSecrets::at(&PathBuf::from(variable("DESK_KEYCHAIN")?))?;
    let browser = Browser::new(Phones::new(address("DESK_SANDBOX")?));
    let clock = Clock::default().reader();
    Ok(Engine::start(
        config,
        SecretsSource::Given(Arc::new(secrets)),
        Arc::new(move || Timestamp(clock())),
        browser.opener(),
    ))
}

async fn obey(engine: &Engine, words: &[&str]) -> Result<String> {
    match words {
        ["connect"] => connect(engine).await?,
        ["wake"] => engine.wake(),
        ["hear", text] => hear(engine, text).await?,
        ["answer", question, text] => answer(engine, question, text).await?,
        ["left"] => {
            until(engine, async |engine| {
                Ok((engine.waiting().await == 0).then_some(()))
            })
            .await?;
        }
        ["disconnect", channel] => {
            let channel = channel_of(channel)?;
            let all = engine.connections().await?;
            let one = all.into_iter().find(|of| of.channel == channel);
            let one = one.context("it is not connected")?;
            engine.disconnect(one.id, one.typed_as().to_owned()).await?;
        }
        ["forget", name] => engine.delete_everything((*name).to_owned()).await?,
        ["name", name] => {
            let mut settings = engine.settings().await;
            (*name).clone_into(&mut settings.shop_name);
            engine.set_settings(settings).await?;
        }
        ["wiped"] => {
            until(engine, async |engine| {
                let receipts = engine.receipts().await?;
                let whole = !receipts.is_empty() && receipts.iter().all(|one| one.complete);
                let busy = matches!(engine.wipe_progress(), WipeProgress::Running { .. });
                Ok((whole && !busy).then_some(()))
            })
            .await?;
        }
        other => bail!("nobody knows {other:?}"),
    }
    Ok(String::new())
}

fn channel_of(name: &str) -> Result<Channel> {
    match name {
        "instagram" => Ok(Channel::Instagram),
        "messenger" => Ok(Channel::Messenger),
        "whatsapp" => Ok(Channel::Whatsapp),
        other => bail!("{other} is no channel"),
    }
}

/// Meets the relay and connects one account of each channel.
async fn connect(engine: &Engine) -> Result<()> {
    let relay = engine.config().relay_url.clone().context("no relay")?;
    let relay = engine.meet_relay(relay.to_string()).await?;
    engine.trust_relay(relay.url, None).await?;
    engine.start_login(None).await?;
    let accounts = until(engine, async |engine| match engine.login() {
        Login::Choose { accounts, .. } => Ok(Some(accounts)),
        Login::Failed(failure) => bail!("the login failed: {failure:?}"),
        _ => Ok(None),
    })
    .await?;
    let mut chosen = Vec::new();
    for channel in [Channel::Instagram, Channel::Messenger, Channel::Whatsapp] {
        let one = accounts
            .iter()
            .find(|of| of.channel == channel && of.state == FoundState::Ready);
        chosen.push(one.context("an account is missing")?.id.clone());
    }
    engine.connect_accounts(chosen).await?;
    until(engine, async |engine| {
        let idle = matches!(engine.login(), Login::None);
        Ok((idle && engine.link() == LinkState::Online).then_some(()))
    })
    .await?;
    let mut settings = engine.settings().await;
    settings.hold_seconds = 0;
    engine.set_settings(settings).await?;
    Ok(())
}

/// Waits until this is the last message of some conversation.
async fn hear(engine: &Engine, text: &str) -> Result<()> {
    until(engine, async |engine| {
        let page = engine.conversations(Filter::All, None, 200).await?;
        let mut last = page.rows.iter().filter_map(|row| row.last.as_ref());
        Ok(last
            .any(|last| last.text.as_deref() == Some(text))
            .then_some(()))
    })
    .await
}

/// Answers in the conversation in which this was asked.
async fn answer(engine: &Engine, question: &str, text: &str) -> Result<()> {
    let page = engine.conversations(Filter::All, None, 50).await?;
    for row in page.rows {
        let thread = engine.thread(row.id, None, None, 100).await?;
        if tests::shop::messages(&thread).any(|one| one.text.as_deref() == Some(question)) {
            // An answer whose hold was cut off lies in the composer again, where its owner sees it.
            if !thread.draft.text.is_empty() {
                engine.send(row.id, thread.draft.text).await?;
            }
            return Ok(engine.send(row.id, text.to_owned()).await?);
        }
    }
    bail!("nobody asked {question}")
}

/// Asks at once and after each piece of news. What no news tells of is looked at now and then: this
/// is a tool of tests, not a window.
async fn until<T, F>(engine: &Engine, mut look: F) -> Result<T>
where
    F: AsyncFnMut(&Engine) -> Result<Option<T>>,
{
    let mut news = engine.news();
    let looking = async {
        loop {
            if let Some(found) = look(engine).await? {
                return Ok(found);
            }
            match tokio::time::timeout(Duration::from_millis(500), next(&mut news)).await {
                Ok(false) => bail!("the program ended"),
                // Under load there is news all the time, and looking costs what is measured.
                Ok(true) => tokio::time::sleep(Duration::from_millis(100)).await,
                Err(_) => {}
            }
        }
    };
    let found = tokio::time::timeout(LIMIT, looking).await;
    found.with_context(|| format!("waited {} s, phase {:?}", LIMIT.as_secs(), engine.phase()))?
}

/// The next piece of news, together with those that follow at once.
async fn next(news: &mut tokio::sync::broadcast::Receiver<News>) -> bool {
    let told = news.recv().await;
    while news.try_recv().is_ok() {}
    !matches!(told, Err(RecvError::Closed))
}
