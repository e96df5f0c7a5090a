//! What this crate's tests share: an opened shop over real files in a folder of its own, a clock
//! that is moved by hand, and a platform that answers as it is told and remembers what it was
//! asked.

mod platform;
pub(crate) mod relay;
mod relay_socket;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use channels::meta::{Account, Graph, Pace, PlatformUrls};
use domain::inbound::{Author, InboundMessage};
use domain::secrets::Secrets;
use domain::{
    Channel, ConnectionId, ContactKind, ContactRef, ConversationId, MessageId, Timestamp,
};
use store::vault::facts::Facts;
use store::vault::messages::{Arrival, Road};
use store::{MemorySecrets, Paths, Profile, ShopDb, Vault};
use tokio::sync::{broadcast, watch};
use url::Url;
use wire::StreamId;

use crate::connected::{Connected, Health};
use crate::decode::Decoder;
use crate::engine::Clock;
use crate::eraser::Eraser;
use crate::link::client::http_client;
use crate::link::inlet::start_of;
use crate::opening::record_of;
use crate::phase::{LinkState, Phase};
use crate::read::WipeProgress;
use crate::settings::Settings;
use crate::shop::{Herald, Shop, Wake};
use crate::tokens::{KeptToken, Tokens, Whose};

pub(crate) use platform::{Answer, Platform, ok, refused};

/// 22 November 2026, ten o'clock.
pub(crate) const NOW: Timestamp = Timestamp(1_795_341_600_000);
pub(crate) const PAGE: &str = "1001";
pub(crate) const PERSON: &str = "7001";

/// A clock that is moved by hand.
#[derive(Debug, Clone)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(NOW.0)))
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    pub(crate) fn pass(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }

    pub(crate) fn reader(&self) -> Clock {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }
}

/// An opened shop with one connection, and everything around it.
pub(crate) struct TestShop {
    pub(crate) shop: Arc<Shop>,
    pub(crate) connected: Arc<Connected>,
    pub(crate) platform: Platform,
    pub(crate) clock: TestClock,
    pub(crate) secrets: Arc<MemorySecrets>,
    /// Gone with the test.
    _folder: tempfile::TempDir,
}

impl TestShop {
    /// A shop with one Page on Messenger.
    pub(crate) async fn messenger() -> Self {
        Self::with(Channel::Messenger).await
    }

    pub(crate) async fn with(channel: Channel) -> Self {
        let platform = Platform::default();
        let url = platform.serve().await;
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::new();
        let secrets = Arc::new(MemorySecrets::new());
        let shop = shop(folder.path(), url, &clock, &secrets);
        let id = ConnectionId::from_bytes([channel as u8 + 1; 16]);
        let connected = connect(&shop, id, channel);
        let kept = KeptToken::new(
            ("EAAtoken".to_owned(), Some("p00f".to_owned())),
            shop.origin.clone(),
            clock.now(),
            None,
        );
        shop.keep_token(Whose::Connection(id), kept).await.unwrap();
        Self {
            shop,
            connected,
            platform,
            clock,
            secrets,
            _folder: folder,
        }
    }

    /// A message of the person's, just written.
    pub(crate) fn hears(&self, platform_id: &str, text: &str) -> (ConversationId, MessageId) {
        self.says(platform_id, text, Author::Person)
    }

    pub(crate) fn says(
        &self,
        platform_id: &str,
        text: &str,
        author: Author,
    ) -> (ConversationId, MessageId) {
        let message = inbound(platform_id, text, author);
        let now = self.clock.now();
        let stored = self.vault().write(|write| {
            write.add_message(&Arrival {
                message: &message,
                at: now,
                arrived_at: now,
                road: Road::Live,
                quarantine: None,
            })
        });
        let stored = stored.unwrap();
        (stored.conversation, stored.message)
    }

    pub(crate) fn vault(&self) -> Arc<Vault> {
        Arc::clone(self.connected.vault().unwrap())
    }

    /// The texts of a conversation, oldest first.
    pub(crate) fn texts(&self, conversation: ConversationId) -> Vec<String> {
        let page = self
            .vault()
            .read(|read| read.thread(conversation, store::vault::thread::Page::Newest, 100))
            .unwrap();
        page.messages
            .into_iter()
            .filter_map(|message| message.text)
            .collect()
    }

    pub(crate) fn delivery(&self, message: MessageId) -> Option<domain::Delivery> {
        let found = self.vault().read(|read| read.message(message)).unwrap();
        found.and_then(|found| found.delivery)
    }
}

pub(crate) fn inbound(platform_id: &str, text: &str, author: Author) -> InboundMessage {
    InboundMessage {
        platform_id: platform_id.to_owned(),
        contact: ContactRef::of(ContactKind::Psid, PERSON),
        author,
        text: Some(text.to_owned()),
        attachments: Vec::new(),
        reply_to: None,
        story: None,
        our_id: None,
        app_id: None,
        unsupported: None,
    }
}

fn shop(
    folder: &std::path::Path,
    url: Url,
    clock: &TestClock,
    secrets: &Arc<MemorySecrets>,
) -> Arc<Shop> {
    let paths = Paths::create(folder).unwrap();
    let profile = Profile::open_or_create(&paths).unwrap();
    let db = ShopDb::open_or_create(&paths, &profile, secrets.as_ref()).unwrap();
    let urls = PlatformUrls {
        graph: url.clone(),
        facebook: url.clone(),
        instagram: url.clone(),
    };
    let pace = Pace {
        instagram_history: std::time::Duration::ZERO,
        ..Pace::default()
    };
    let herald = Herald {
        news: broadcast::channel(256).0,
        arrivals: broadcast::channel(16).0,
    };
    let eraser = Eraser::open(
        paths.clone(),
        (http_client(), clock.reader()),
        (herald.clone(), watch::Sender::new(WipeProgress::Idle)),
    );
    Arc::new(Shop {
        paths,
        profile,
        secrets: Arc::clone(secrets) as Arc<dyn Secrets>,
        db: Arc::new(db),
        graph: Graph::with_pace(urls, pace).unwrap(),
        tokens: Tokens::default(),
        clock: clock.reader(),
        decoder: Decoder::Here,
        version: "test".to_owned(),
        herald,
        wake: Wake::default(),
        link: watch::Sender::new(LinkState::Online),
        phase: watch::Sender::new(Phase::Ready),
        eraser: Arc::new(eraser.unwrap()),
        origin: url,
        connecting: tokio::sync::Mutex::default(),
        nameless: Mutex::default(),
        settings: RwLock::new(Settings::default()),
        connections: RwLock::new(BTreeMap::new()),
        relay: RwLock::new(None),
    })
}

fn account(channel: Channel) -> Account {
    match channel {
        Channel::Messenger => Account::Messenger {
            page: PAGE.to_owned(),
        },
        Channel::Instagram => Account::Instagram {
            page: PAGE.to_owned(),
            instagram: "17841".to_owned(),
        },
        Channel::Whatsapp => Account::Whatsapp {
            phone_number: "2001".to_owned(),
            business_account: "3001".to_owned(),
        },
        Channel::Sms => panic!("no such connection yet"),
    }
}

/// Makes a connection with vault and record.
pub(crate) fn connect(shop: &Arc<Shop>, id: ConnectionId, channel: Channel) -> Arc<Connected> {
    let account = account(channel);
    let facts = Facts {
        channel,
        platform_id: account.own_id().to_owned(),
        name: "Clara’s Cakes".to_owned(),
        handle: None,
        page_id: Some(PAGE.to_owned()),
        waba_id: Some("3001".to_owned()),
        phone: None,
        app_id: Some("1055501234567890".to_owned()),
        login: Some("aa".repeat(16)),
        connected_at: NOW,
    };
    let vault = Vault::create(&shop.paths, &shop.profile, shop.secrets.as_ref(), id).unwrap();
    vault
        .write(|write| {
            write.set_facts(&facts)?;
            write.move_cursor(&start_of(StreamId::from_bytes(*id.as_bytes())))
        })
        .unwrap();
    shop.db
        .write(|write| write.set_connection(&record_of(id, &facts)))
        .unwrap();
    let name = (id, facts.name);
    let connected = Arc::new(Connected::new(
        name,
        account,
        Ok(Arc::new(vault)),
        Health::default(),
    ));
    shop.add_connection(Arc::clone(&connected));
    connected
}
