//! A data folder with a vault in it, and short ways to say what arrives.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use domain::inbound::{AttachmentKind, Author, InboundAttachment, InboundMessage, MediaSource};
use domain::reply_window::Means;
use domain::{
    Channel, ConnectionId, ContactKind, ContactRef, ConversationId, MessageId, OurId, Timestamp,
};
use store::vault::facts::Facts;
use store::vault::messages::{Arrival, Road, Stored};
use store::vault::outbox::{NewReply, ReplyBody};
use store::vault::progress::Edit;
use store::vault::thread::{Message, Page};
use store::{MemorySecrets, Paths, Profile, Vault};

/// The app id that marks echoes as ours.
pub(crate) const APP: &str = "1055501234567890";

/// A data folder of its own, gone with the test.
pub(crate) struct Desk {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) paths: Paths,
    pub(crate) profile: Profile,
    pub(crate) secrets: MemorySecrets,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::create(folder.path().join("shopbell")).unwrap();
        let profile = Profile::open_or_create(&paths).unwrap();
        Self {
            folder,
            paths,
            profile,
            secrets: MemorySecrets::new(),
        }
    }

    pub(crate) fn create(&self, number: u8) -> Vault {
        let vault = Vault::create(
            &self.paths,
            &self.profile,
            &self.secrets,
            connection(number),
        )
        .unwrap();
        vault.write(|tx| tx.set_facts(&facts())).unwrap();
        vault
    }

    pub(crate) fn open(&self, number: u8) -> store::Result<Vault> {
        Vault::open(
            &self.paths,
            &self.profile,
            &self.secrets,
            connection(number),
        )
    }
}

pub(crate) fn connection(number: u8) -> ConnectionId {
    ConnectionId::from_bytes([number; 16])
}

pub(crate) fn facts() -> Facts {
    Facts {
        channel: Channel::Instagram,
        platform_id: "17841400000000001".to_owned(),
        name: "Bell & Brass".to_owned(),
        handle: Some("bellandbrass".to_owned()),
        page_id: Some("101".to_owned()),
        waba_id: None,
        phone: None,
        app_id: Some(APP.to_owned()),
        login: Some("login-1".to_owned()),
        connected_at: Timestamp(0),
    }
}

/// A message of a person's, by their Instagram id.
pub(crate) fn said(person: &str, platform_id: &str, text: &str) -> InboundMessage {
    InboundMessage {
        platform_id: platform_id.to_owned(),
        contact: ContactRef::of(ContactKind::Igsid, person),
        author: Author::Person,
        text: Some(text.to_owned()),
        attachments: vec![],
        reply_to: None,
        story: None,
        our_id: None,
        app_id: None,
        unsupported: None,
    }
}

/// An echo of what the shop said to a person, as Instagram sends it: without our id.
pub(crate) fn echo(person: &str, platform_id: &str, text: &str) -> InboundMessage {
    InboundMessage {
        author: Author::Shop,
        app_id: Some(APP.to_owned()),
        ..said(person, platform_id, text)
    }
}

pub(crate) fn picture() -> InboundAttachment {
    InboundAttachment {
        kind: AttachmentKind::Picture,
        source: MediaSource::Link("https://example.invalid/picture".to_owned()),
        mime: Some("image/jpeg".to_owned()),
        file_name: None,
    }
}

/// Writes a message down as a webhook would bring it.
pub(crate) fn arrives(vault: &Vault, message: &InboundMessage, at: i64) -> Stored {
    by(vault, message, at, Road::Live)
}

pub(crate) fn by(vault: &Vault, message: &InboundMessage, at: i64, road: Road) -> Stored {
    let (at, arrived_at) = (Timestamp(at), Timestamp(at + 500));
    let arrival = Arrival {
        message,
        at,
        arrived_at,
        road,
        quarantine: None,
    };
    vault.write(|tx| tx.add_message(&arrival)).unwrap()
}

/// New words for a message, of nobody in particular.
pub(crate) fn edit<'a>(platform_id: &'a str, text: &'a str) -> Edit<'a> {
    Edit {
        platform_id,
        text,
        contact: None,
    }
}

/// Queues words, to leave at once.
pub(crate) fn reply(
    vault: &Vault,
    conversation: ConversationId,
    our_id: u8,
    text: &str,
    now: i64,
) -> MessageId {
    let new = new_reply(conversation, our_id, ReplyBody::Text(text), now);
    vault.write(|tx| tx.queue_reply(&new)).unwrap()
}

pub(crate) fn new_reply(
    conversation: ConversationId,
    our_id: u8,
    body: ReplyBody<'_>,
    now: i64,
) -> NewReply<'_> {
    NewReply {
        conversation,
        our_id: our(our_id),
        body,
        reply_to: None,
        means: Means::Response,
        now: Timestamp(now),
        hold_until: Timestamp(now),
    }
}

pub(crate) fn our(number: u8) -> OurId {
    OurId::from_bytes([number; 16])
}

/// The newest messages of a conversation.
pub(crate) fn thread(vault: &Vault, conversation: ConversationId) -> Vec<Message> {
    vault
        .read(|read| read.thread(conversation, Page::Newest, 100))
        .unwrap()
        .messages
}

pub(crate) fn message(vault: &Vault, id: MessageId) -> Message {
    vault.read(|read| read.message(id)).unwrap().unwrap()
}

/// Every file below a folder with its content.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

/// The files below a folder that hold a word, as bytes, UTF-16, hex or base64.
pub(crate) fn holding(folder: &Path, word: &str) -> Vec<PathBuf> {
    let utf16: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hex: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
    let forms = [
        word.as_bytes().to_vec(),
        utf16,
        hex.into_bytes(),
        base64_core(word),
    ];
    let hit = |bytes: &Vec<u8>| {
        forms.iter().any(|form| {
            bytes
                .windows(form.len())
                .any(|part| part == form.as_slice())
        })
    };
    files(folder)
        .into_iter()
        .filter(|(_, bytes)| hit(bytes))
        .map(|(path, _)| path)
        .collect()
}

/// The middle of a word's base64, the same at one of three positions of the word.
fn base64_core(word: &str) -> Vec<u8> {
    use base64::Engine as _;
    let whole = word.len() - word.len() % 3;
    base64::engine::general_purpose::STANDARD_NO_PAD
        .encode(word.as_bytes().get(..whole).unwrap())
        .into_bytes()
}

/// Tells a test that was started again in surroundings of its own that it is.
const INSIDE: &str = "SHOPBELL_TEST_INSIDE";

/// Whether this is the test started again.
pub(crate) fn inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs one test of this binary again: `shell` ends in `sh -c`, `script` comes before the test.
pub(crate) fn run_again(mut shell: Command, script: &str, test: &str) {
    let output = shell
        .arg(format!("{script}\nexec \"$0\" \"$1\" --exact --nocapture"))
        .arg(std::env::current_exe().unwrap())
        .arg(test)
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    assert!(
        output.status.success() && said.concat().contains("1 passed"),
        "{}",
        said.concat()
    );
}

pub(crate) fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Says in one line why a test could not be run here.
pub(crate) fn skipped(why: &str) {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "skipped: {why}").unwrap();
}
