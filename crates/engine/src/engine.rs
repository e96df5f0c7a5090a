//! The one handle on the running application. It hands each request to the module that knows it
//! and decides nothing itself.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use domain::secrets::Secrets;
use domain::{ConnectionId, ConversationId, MessageId, Timestamp};
use tokio::sync::broadcast;
use url::Url;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::news::{Arrival, News};
use crate::phase::{LinkState, Phase};
use crate::read;
use crate::settings::Settings;

/// What time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Opens an address in the owner's browser; false if it could not. Not asked when `BROWSER` is set.
pub type Opener = Arc<dyn Fn(&Url) -> bool + Send + Sync>;

/// Where secrets live.
#[derive(Debug, Clone)]
pub enum SecretsSource {
    /// The keychain of the operating system, or a passphrase where there is none.
    Keychain,
    /// Given by the caller: memory, in tests.
    Given(Arc<dyn Secrets>),
}

/// The running application. Cheap to clone; every clone is the same application.
#[derive(Clone)]
pub struct Engine {
    news: broadcast::Sender<News>,
    arrivals: broadcast::Sender<Arrival>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// Starts opening the shop and returns at once; [`Engine::phase`] and [`News::App`] tell how
    /// far it is. Must be called inside a Tokio runtime.
    pub fn start(config: Config, secrets: SecretsSource, clock: Clock, opener: Opener) -> Self {
        let _ = (config, secrets, clock, opener);
        Self {
            news: broadcast::channel(256).0,
            arrivals: broadcast::channel(64).0,
        }
    }

    /// Stops every loop: waits for what is half done, but not for long.
    pub async fn stop(&self) {}

    /// Where the shop stands.
    pub fn phase(&self) -> Phase {
        Phase::Opening
    }

    /// How the road to the relay is.
    pub fn link(&self) -> LinkState {
        LinkState::None
    }

    /// Replies that wait for the road.
    pub async fn waiting(&self) -> u32 {
        0
    }

    /// Everything that changes from now on.
    pub fn news(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    /// Every message of a person's that arrives from now on, while notifications are on.
    pub fn arrivals(&self) -> broadcast::Receiver<Arrival> {
        self.arrivals.subscribe()
    }

    /// What the program was started with.
    pub fn config(&self) -> Option<&Config> {
        None
    }

    /// The engine's time.
    pub fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    /// Tries to open the shop again.
    pub async fn open_again(&self) -> Result<()> {
        Err(Error::NotOpen)
    }

    /// Chooses or enters the passphrase where there is no keychain.
    pub async fn enter_passphrase(&self, passphrase: String) -> Result<()> {
        let _ = passphrase;
        Err(Error::NotOpen)
    }

    /// The settings; the usual ones while the shop is not open.
    pub async fn settings(&self) -> Settings {
        Settings::default()
    }

    /// Changes the settings.
    pub async fn set_settings(&self, settings: Settings) -> Result<()> {
        let _ = settings;
        Err(Error::NotOpen)
    }

    // ── reading ──

    /// A page of conversations.
    pub async fn conversations(
        &self,
        filter: read::Filter,
        after: Option<String>,
        limit: u32,
    ) -> Result<read::ConversationPage> {
        let _ = (filter, after, limit);
        Err(Error::NotOpen)
    }

    /// One conversation's row.
    pub async fn conversation(&self, id: ConversationId) -> Result<read::Conversation> {
        let _ = id;
        Err(Error::NotOpen)
    }

    /// The numbers beside the views.
    pub async fn counts(&self) -> Result<read::Counts> {
        Err(Error::NotOpen)
    }

    /// A page of a thread: the newest, what came before `before`, or what lies around a message.
    pub async fn thread(
        &self,
        id: ConversationId,
        before: Option<String>,
        around: Option<MessageId>,
        limit: u32,
    ) -> Result<read::Thread> {
        let _ = (id, before, around, limit);
        Err(Error::NotOpen)
    }

    /// The thread was seen up to its newest message.
    pub async fn mark_read(&self, id: ConversationId) -> Result<()> {
        let _ = id;
        Err(Error::NotOpen)
    }

    /// The person beside a thread.
    pub async fn person(&self, id: ConversationId) -> Result<read::Person> {
        let _ = id;
        Err(Error::NotOpen)
    }

    /// People and messages with these words.
    pub async fn search(&self, query: String, limit: u32) -> Result<read::Found> {
        let _ = (query, limit);
        Err(Error::NotOpen)
    }

    /// Bytes for the window's media scheme; the whole if no range is given.
    pub async fn media(&self, id: read::MediaId, range: Option<Range<u64>>) -> Result<read::Media> {
        let _ = (id, range);
        Err(Error::NotOpen)
    }

    /// Fetches an attachment again.
    pub async fn fetch_again(&self, attachment: String) -> Result<()> {
        let _ = attachment;
        Err(Error::NotOpen)
    }

    // ── writing ──

    /// Keeps what is being written.
    pub async fn save_draft(&self, id: ConversationId, text: String) -> Result<()> {
        let _ = (id, text);
        Err(Error::NotOpen)
    }

    /// Puts a picture beside the draft.
    pub async fn attach_picture(&self, id: ConversationId, bytes: Vec<u8>) -> Result<read::Draft> {
        let _ = (id, bytes);
        Err(Error::NotOpen)
    }

    /// Takes the picture off the draft.
    pub async fn remove_picture(&self, id: ConversationId) -> Result<()> {
        let _ = id;
        Err(Error::NotOpen)
    }

    /// Sends the words and the picture of the draft after the hold.
    pub async fn send(&self, id: ConversationId, text: String) -> Result<()> {
        let _ = (id, text);
        Err(Error::NotOpen)
    }

    /// Takes a held message back: it is a draft again.
    pub async fn undo_send(&self, id: MessageId) -> Result<()> {
        let _ = id;
        Err(Error::NotOpen)
    }

    /// Sends a failed message again.
    pub async fn try_again(&self, id: MessageId) -> Result<()> {
        let _ = id;
        Err(Error::NotOpen)
    }

    /// Asks the platform what became of an unconfirmed message.
    pub async fn check_unconfirmed(&self, id: MessageId) -> Result<()> {
        let _ = id;
        Err(Error::NotOpen)
    }

    /// The owner says an unconfirmed message shall be sent once more.
    pub async fn send_again(&self, id: MessageId) -> Result<()> {
        let _ = id;
        Err(Error::NotOpen)
    }

    /// Turns a failed or unconfirmed message back into a draft.
    pub async fn back_to_draft(&self, id: MessageId) -> Result<()> {
        let _ = id;
        Err(Error::NotOpen)
    }

    // ── connecting ──

    /// Asks an address whether it is a relay, without trusting it. Takes an address or a
    /// `shopbell://relay?url=…&key=…` link.
    pub async fn meet_relay(&self, address: String) -> Result<read::Relay> {
        let _ = address;
        Err(Error::NotOpen)
    }

    /// Pins the key of the relay met before and enrols this computer.
    pub async fn trust_relay(&self, address: String, enrol_code: Option<String>) -> Result<()> {
        let _ = (address, enrol_code);
        Err(Error::NotOpen)
    }

    /// Opens the browser for a login at Facebook; with a connection to sign in again for it.
    pub async fn start_login(&self, again: Option<ConnectionId>) -> Result<()> {
        let _ = again;
        Err(Error::NotOpen)
    }

    /// Gives up waiting for the browser, or the choice.
    pub async fn cancel_login(&self) -> Result<()> {
        Err(Error::NotOpen)
    }

    /// Where the login stands.
    pub fn login(&self) -> read::Login {
        read::Login::None
    }

    /// Connects the chosen accounts.
    pub async fn connect_accounts(&self, ids: Vec<String>) -> Result<()> {
        let _ = ids;
        Err(Error::NotOpen)
    }

    // ── connections and forgetting ──

    /// All connections with their state.
    pub async fn connections(&self) -> Result<Vec<read::Connection>> {
        Err(Error::NotOpen)
    }

    /// Looks at every connection now.
    pub async fn check_connections(&self) -> Result<()> {
        Err(Error::NotOpen)
    }

    /// Disconnects one and wipes everything of it. `name` is what the owner typed.
    pub async fn disconnect(&self, id: ConnectionId, name: String) -> Result<()> {
        let _ = (id, name);
        Err(Error::NotOpen)
    }

    /// Erases everything. `name` is what the owner typed.
    pub async fn delete_everything(&self, name: String) -> Result<()> {
        let _ = name;
        Err(Error::NotOpen)
    }

    /// How far the running wipe is.
    pub fn wipe_progress(&self) -> read::WipeProgress {
        read::WipeProgress::Idle
    }

    /// The owner's answer to a deletion order that Meta does not confirm.
    pub async fn answer_deletion(&self, wipe: bool) -> Result<()> {
        let _ = wipe;
        Err(Error::NotOpen)
    }

    /// Deletion receipts, newest first.
    pub async fn receipts(&self) -> Result<Vec<read::Receipt>> {
        Err(Error::NotOpen)
    }

    // ── links ──

    /// Where a link leads, before it is opened.
    pub fn inspect_link(&self, url: &str) -> Result<read::LinkTarget> {
        let _ = url;
        Err(Error::BadLink)
    }

    /// Opens a link in the browser, after the owner said so.
    pub async fn open_link(&self, url: String) -> Result<()> {
        let _ = url;
        Err(Error::BadLink)
    }

    /// Opens the conversation in the platform's own page.
    pub async fn open_in_app(&self, id: ConversationId) -> Result<()> {
        let _ = id;
        Err(Error::NotOpen)
    }
}
