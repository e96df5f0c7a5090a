//! The desktop's side of notifications: takes what a program shows on a desk's session bus, and
//! presses it as a person would.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;

use crate::seat::Seat;
use crate::wait;

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// A notification as the desktop was given it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What the desktop calls it by.
    pub id: u32,
    /// Its first line.
    pub title: String,
    /// What it says.
    pub body: String,
    /// What can be pressed: a name, then its words, and so on.
    pub actions: Vec<String>,
}

/// The desktop's notifications.
#[derive(Debug)]
pub struct Notices {
    connection: zbus::Connection,
    shown: Shown,
    taken_back: TakenBack,
}

type Shown = Arc<Mutex<Vec<Notice>>>;
type TakenBack = Arc<Mutex<Vec<u32>>>;

impl Notices {
    /// Begins to take notifications at a desk.
    pub async fn at(seat: &Seat) -> Result<Self> {
        let (shown, taken_back) = (Shown::default(), TakenBack::default());
        let service = Service {
            shown: Arc::clone(&shown),
            taken_back: Arc::clone(&taken_back),
        };
        let connection = zbus::connection::Builder::address(seat.bus())?
            .serve_at(PATH, service)?
            .name(NAME)?
            .build()
            .await?;
        Ok(Self {
            connection,
            shown,
            taken_back,
        })
    }

    /// Waits until the program has taken this one back.
    pub async fn is_taken_back(&self, notice: &Notice) -> Result<()> {
        let what = format!("“{}” to be taken back", notice.body);
        wait::until(&what, async || {
            Ok(self.taken_back().contains(&notice.id).then_some(()))
        })
        .await
    }

    /// Those the program has taken back.
    pub fn taken_back(&self) -> Vec<u32> {
        let taken = self.taken_back.lock();
        taken.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Everything shown until now, oldest first.
    pub fn all(&self) -> Vec<Notice> {
        let shown = self.shown.lock();
        shown.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for the one that says this.
    pub async fn saying(&self, words: &str) -> Result<Notice> {
        wait::until(&format!("a notification “{words}”"), async || {
            let all = self.all();
            Ok(all.into_iter().find(|notice| notice.body == words))
        })
        .await
    }

    /// Presses a notification itself, not one of its buttons.
    pub async fn press(&self, notice: &Notice) -> Result<()> {
        let emitter = SignalEmitter::new(&self.connection, PATH)?;
        Ok(Service::action_invoked(&emitter, notice.id, "default").await?)
    }
}

struct Service {
    shown: Shown,
    taken_back: TakenBack,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(clippy::unused_self, reason = "a method on the bus has an object")]
    fn get_capabilities(&self) -> Vec<String> {
        ["actions", "body"].map(str::to_owned).to_vec()
    }

    #[expect(clippy::unused_self, reason = "a method on the bus has an object")]
    fn get_server_information(&self) -> (String, String, String, String) {
        let words = ["desk", "Shopbell", "1", "1.2"].map(str::to_owned);
        words.into()
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the Desktop Notifications Specification has them"
    )]
    fn notify(
        &mut self,
        _app: String,
        _replaces: u32,
        _icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _expires: i32,
    ) -> u32 {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let id = u32::try_from(shown.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        shown.push(Notice {
            id,
            title,
            body,
            actions,
        });
        id
    }

    fn close_notification(&self, id: u32) {
        let mut taken = self
            .taken_back
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        taken.push(id);
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action: &str)
    -> zbus::Result<()>;
}
