//! A shop in flow tests: the real engine with a folder and a keychain of its own, and its owner's
//! hand.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use domain::{Channel, ConversationId, Delivery, MessageId, Timestamp};
use engine::read::{Connection, Conversation, Filter, FoundState, Item, Login, Message, Progress};
use engine::read::{Thread, WipeProgress};
use engine::{Config, Decoder, Engine, Phase, Platforms, SecretsSource};
use serde_json::Value;
use store::MemorySecrets;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout_at};

use crate::browser::Browser;
use crate::wait::LIMIT;
use crate::world::World;

/// A shop owner's computer.
#[derive(Debug)]
pub struct Shop {
    /// The running application.
    pub engine: Engine,
    /// Its keychain.
    pub secrets: Arc<MemorySecrets>,
    /// The browser beside it.
    pub browser: Browser,
    /// Its data folder.
    pub data: PathBuf,
}

impl Shop {
    /// Opens a shop in a new folder and waits for its first screen.
    pub async fn open(world: &World, name: &str) -> Result<Self> {
        let secrets = Arc::new(MemorySecrets::new());
        Self::open_with(world, world.folder().join(name), secrets).await
    }

    /// Opens a shop in this folder with these secrets, as a restart does.
    pub async fn open_with(
        world: &World,
        data: PathBuf,
        secrets: Arc<MemorySecrets>,
    ) -> Result<Self> {
        let shop = Self::begin(world, data, secrets);
        shop.until("the shop to open", async |engine| {
            let phase = engine.phase();
            Ok((!matches!(phase, Phase::Opening | Phase::InUse)).then_some(()))
        })
        .await?;
        Ok(shop)
    }

    /// Begins to open a shop, for tests of what can be in the way.
    pub fn begin(world: &World, data: PathBuf, secrets: Arc<MemorySecrets>) -> Self {
        let browser = Browser::new(world.phones.clone());
        let config = config(world, &data);
        let clock = world.clock.reader();
        let engine = Engine::start(
            config,
            SecretsSource::Given(Arc::clone(&secrets) as Arc<_>),
            Arc::new(move || Timestamp(clock())),
            browser.opener(),
        );
        Self {
            engine,
            secrets,
            browser,
            data,
        }
    }

    /// Ends the program as its owner does, and opens it again.
    pub async fn restart(self, world: &World) -> Result<Self> {
        let (data, secrets) = (self.data.clone(), Arc::clone(&self.secrets));
        self.close().await;
        Self::open_with(world, data, secrets).await
    }

    /// Ends the program.
    pub async fn close(self) {
        self.engine.stop().await;
    }

    /// Meets the relay, logs in as the browser answers, connects every account of these channels
    /// that can be connected, and lets replies leave at once.
    pub async fn connect(&self, world: &World, channels: &[Channel]) -> Result<Vec<Connection>> {
        self.meet(world).await?;
        self.log_in().await?;
        self.choose(channels).await?;
        let mut settings = self.engine.settings().await;
        settings.hold_seconds = 0;
        self.engine.set_settings(settings).await?;
        self.listens().await?;
        Ok(self.engine.connections().await?)
    }

    /// Trusts the world's relay.
    pub async fn meet(&self, world: &World) -> Result<()> {
        let url = world.relay_url().to_string();
        let relay = self.engine.meet_relay(url).await?;
        Ok(self.engine.trust_relay(relay.url, None).await?)
    }

    /// Logs in and waits for the choice.
    pub async fn log_in(&self) -> Result<()> {
        self.engine.start_login(None).await?;
        self.until("the accounts to choose from", async |engine| {
            match engine.login() {
                Login::Choose { .. } => Ok(Some(())),
                Login::Failed(failure) => bail!("the login failed: {failure:?}"),
                _ => Ok(None),
            }
        })
        .await
    }

    /// Connects the accounts of these channels and waits until it is done.
    pub async fn choose(&self, channels: &[Channel]) -> Result<()> {
        let Login::Choose { accounts, .. } = self.engine.login() else {
            bail!("there is nothing to choose from: {:?}", self.engine.login());
        };
        let ready = |state: &FoundState| matches!(state, FoundState::Ready | FoundState::Connected);
        let mut ids = Vec::new();
        for channel in channels {
            let account = accounts
                .iter()
                .find(|of| of.channel == *channel && ready(&of.state));
            let account = account.with_context(|| format!("{channel:?} is not in {accounts:?}"))?;
            ids.push(account.id.clone());
        }
        self.engine.connect_accounts(ids).await?;
        self.until(
            "the accounts to be connected",
            async |engine| match engine.login() {
                Login::None => Ok(Some(())),
                Login::Failed(failure) => bail!("connecting failed: {failure:?}"),
                _ => Ok(None),
            },
        )
        .await
    }

    /// Waits until messages come as they are written: the road is open and Meta tells.
    pub async fn listens(&self) -> Result<()> {
        self.until("the road to the relay", async |engine| {
            Ok((engine.link() == engine::LinkState::Online).then_some(()))
        })
        .await
    }

    /// Asks at once and after each piece of news until there is an answer.
    ///
    /// A change that nobody told of is found too late and fails: the window would not have shown it.
    pub async fn until<T, F>(&self, what: &str, mut look: F) -> Result<T>
    where
        F: AsyncFnMut(&Engine) -> Result<Option<T>>,
    {
        let mut news = self.engine.news();
        let end = Instant::now() + LIMIT;
        loop {
            if let Some(answer) = look(&self.engine).await? {
                return Ok(answer);
            }
            match timeout_at(end, news.recv()).await {
                Ok(Ok(_) | Err(RecvError::Lagged(_))) => {}
                Ok(Err(RecvError::Closed)) => bail!("the program ended while waiting for {what}"),
                Err(_) => break,
            }
        }
        if look(&self.engine).await?.is_some() {
            bail!("{what}: it happened, but no news told of it");
        }
        bail!("waited {} s for {what}", LIMIT.as_secs())
    }

    /// Waits until a message with these words is there.
    pub async fn hears(&self, words: &str) -> Result<(Conversation, Message)> {
        self.until(&format!("“{words}”"), async |engine| {
            find(engine, words).await
        })
        .await
    }

    /// Waits until one's message with these words has come this far.
    pub async fn told(&self, words: &str, wanted: Delivery) -> Result<Message> {
        self.until(&format!("“{words}” to be {wanted:?}"), async |engine| {
            let found = find(engine, words).await?;
            Ok(found
                .filter(|(_, message)| is(message, wanted))
                .map(|(_, message)| message))
        })
        .await
    }

    /// Answers in a conversation.
    pub async fn answer(&self, conversation: ConversationId, words: &str) -> Result<()> {
        Ok(self.engine.send(conversation, words.to_owned()).await?)
    }

    /// The newest page of a thread.
    pub async fn thread(&self, conversation: ConversationId) -> Result<Thread> {
        Ok(self.engine.thread(conversation, None, None, 200).await?)
    }

    /// The words of a thread, oldest first.
    pub async fn words(&self, conversation: ConversationId) -> Result<Vec<String>> {
        let thread = self.thread(conversation).await?;
        Ok(messages(&thread)
            .filter_map(|message| message.text.clone())
            .collect())
    }

    /// All conversations.
    pub async fn conversations(&self) -> Result<Vec<Conversation>> {
        Ok(self
            .engine
            .conversations(Filter::All, None, 200)
            .await?
            .rows)
    }

    /// The connection of a channel.
    pub async fn connection(&self, channel: Channel) -> Result<Connection> {
        let connections = self.engine.connections().await?;
        let found = connections
            .into_iter()
            .find(|connection| connection.channel == channel);
        found.with_context(|| format!("{channel:?} is not connected"))
    }

    /// Disconnects one and waits for its receipt.
    pub async fn disconnect(&self, channel: Channel) -> Result<String> {
        let connection = self.connection(channel).await?;
        self.engine
            .disconnect(connection.id, connection.typed_as().to_owned())
            .await?;
        self.wiped().await
    }

    /// Waits until a wipe is complete, and returns its receipt.
    pub async fn wiped(&self) -> Result<String> {
        let id = self
            .until("the wipe to be done", async |engine| {
                match engine.wipe_progress() {
                    WipeProgress::Done { receipt } => Ok(Some(receipt)),
                    _ => Ok(None),
                }
            })
            .await?;
        let receipts = self.engine.receipts().await?;
        let receipt = receipts.into_iter().find(|receipt| receipt.id == id);
        Ok(receipt.context("the wipe left a receipt")?.text)
    }

    /// What the vault knows of a message now.
    pub async fn message(&self, id: MessageId) -> Result<Option<Message>> {
        for conversation in self.conversations().await? {
            let thread = self.thread(conversation.id).await?;
            if let Some(found) = messages(&thread).find(|message| message.id == id) {
                return Ok(Some(found.clone()));
            }
        }
        Ok(None)
    }

    /// A folder's files, for tests that look for what must not be there.
    pub fn folder(&self) -> &Path {
        &self.data
    }
}

/// What the engine is started with in flow tests.
pub fn config(world: &World, data: &Path) -> Config {
    Config {
        data_dir: data.to_path_buf(),
        relay_url: Some(world.relay_url()),
        platforms: Platforms {
            graph: world.sandbox().graph_url(),
            facebook: world.sandbox().facebook_url(),
            instagram: world.sandbox().instagram_url(),
            ..Platforms::real()
        },
        version: "test".to_owned(),
        decoder: Decoder::Here,
        browser: None,
    }
}

/// The messages of a thread.
pub fn messages(thread: &Thread) -> impl Iterator<Item = &Message> {
    thread.items.iter().filter_map(|item| match item {
        Item::Message(message) => Some(&**message),
        Item::Gap { .. } => None,
    })
}

/// Whether a message of the shop's has come this far.
pub fn is(message: &Message, wanted: Delivery) -> bool {
    message.delivery == Some(Progress::At(wanted))
}

/// How the dialog is answered when only these permissions are granted.
pub fn granting(permissions: &[&str]) -> Value {
    serde_json::json!({"grant": permissions})
}

async fn find(engine: &Engine, words: &str) -> Result<Option<(Conversation, Message)>> {
    let page = engine.conversations(Filter::All, None, 200).await?;
    for conversation in page.rows {
        let thread = engine.thread(conversation.id, None, None, 200).await?;
        let says = |message: &&Message| message.text.as_deref() == Some(words);
        if let Some(found) = messages(&thread).find(says) {
            return Ok(Some((conversation, found.clone())));
        }
    }
    Ok(None)
}
