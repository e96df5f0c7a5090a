//! Everything the stand-in knows: the shop, its customers, who allowed what, what was said.
//!
//! Plain data and plain functions that take `now`. What has to leave the house (webhooks,
//! callbacks) is only put down here; `webhooks` carries it.

pub(crate) mod faults;
pub(crate) mod limits;
pub(crate) mod logins;
pub(crate) mod media;
pub(crate) mod people;
pub(crate) mod shop;
pub(crate) mod subscriptions;
pub(crate) mod talk;
pub(crate) mod threads;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use url::Url;

use self::faults::Faults;
use self::limits::Counted;
use self::logins::Logins;
use self::media::MediaStore;
use self::shop::Channel;
use self::subscriptions::Subscriptions;
use self::threads::Thread;
use crate::config::Config;
use crate::ids::Ids;
use crate::webhooks::update::{Lane, Update};

/// How many calls and deliveries are remembered.
const REMEMBERED: usize = 2_000;

/// The app in Meta's dashboard.
#[derive(Debug)]
pub(crate) struct AppIdentity {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) verify_token: String,
    pub(crate) name: &'static str,
}

/// What the app's dashboard and the sandbox's own knobs are set to.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Switches {
    /// "Require app secret" in the dashboard.
    pub(crate) proof_required: bool,
    /// Whether the app was given the Human Agent feature.
    pub(crate) human_agent: bool,
    /// Whether Messenger refuses a closed window in the older form.
    pub(crate) window_old_form: bool,
    /// Whether the number is a test number that may only write to those who wrote first.
    pub(crate) allow_list: bool,
    /// Whether two calls per second on conversations are all an account gets.
    pub(crate) conversations_paced: bool,
    /// Whether granular scopes leave out their targets, which means "all".
    pub(crate) targets_absent: bool,
    /// Whether a page call that needs MESSAGING is refused without it.
    pub(crate) task_enforced: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            proof_required: false,
            human_agent: true,
            window_old_form: false,
            allow_list: false,
            conversations_paced: false,
            targets_absent: false,
            task_enforced: true,
        }
    }
}

/// A call somebody made to the Graph API.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CallRecord {
    pub(crate) at: i64,
    pub(crate) host: &'static str,
    pub(crate) method: String,
    pub(crate) path: String,
    /// Where the token was: `header`, `query`, `body`; never the token.
    pub(crate) token_in: Option<&'static str>,
    pub(crate) caller: String,
    pub(crate) params: Value,
    pub(crate) status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subcode: Option<i64>,
}

/// A batch of webhooks on its way, or what became of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Delivery {
    pub(crate) id: u64,
    pub(crate) at: i64,
    pub(crate) lane: &'static str,
    pub(crate) kinds: Vec<&'static str>,
    pub(crate) accounts: Vec<String>,
    pub(crate) attempts: u32,
    /// `sending`, `delivered`, `retrying`, `given_up` or `dropped`.
    pub(crate) state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
    #[serde(skip)]
    pub(crate) body: bytes::Bytes,
}

/// A signed callback to the relay that is due.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Callback {
    /// The person removed the app.
    Deauthorize(&'static str),
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) app: AppIdentity,
    pub(crate) base: Url,
    pub(crate) ids: Ids,
    /// How far the sandbox's clock was moved ahead.
    pub(crate) shift: i64,
    pub(crate) logins: Logins,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) threads: Vec<Thread>,
    pub(crate) media: MediaStore,
    pub(crate) faults: Faults,
    pub(crate) switches: Switches,
    pub(crate) nodes: BTreeMap<String, Value>,
    pub(crate) calls: VecDeque<CallRecord>,
    pub(crate) deliveries: VecDeque<Delivery>,
    pub(crate) last_delivery: u64,
    /// Webhooks that wait for their lane.
    pub(crate) queues: BTreeMap<Lane, VecDeque<Update>>,
    /// Webhooks that are held back for a while.
    pub(crate) delayed: Vec<(Duration, Update)>,
    pub(crate) callbacks: Vec<Callback>,
    /// What the limits count.
    pub(crate) counted: Counted,
    /// The callback address the app was subscribed with, if not the relay's usual one.
    pub(crate) callback_url: Option<Url>,
}

impl World {
    pub(crate) fn new(config: &Config, base: Url) -> Self {
        Self {
            app: AppIdentity {
                id: config.app_id.clone(),
                secret: config.app_secret.clone(),
                verify_token: config.verify_token.clone(),
                name: "Shopbell",
            },
            base,
            ids: Ids::new(config.seed),
            shift: 0,
            logins: Logins::default(),
            subscriptions: Subscriptions::default(),
            threads: Vec::new(),
            media: MediaStore::new(&config.app_secret),
            faults: Faults::default(),
            switches: Switches::default(),
            nodes: BTreeMap::new(),
            calls: VecDeque::new(),
            deliveries: VecDeque::new(),
            last_delivery: 0,
            queues: BTreeMap::new(),
            delayed: Vec::new(),
            callbacks: Vec::new(),
            counted: Counted::default(),
            callback_url: None,
        }
    }

    /// An address below the sandbox's own.
    pub(crate) fn link(&self, path_and_query: &str) -> String {
        format!(
            "{}{path_and_query}",
            self.base.as_str().trim_end_matches('/')
        )
    }

    pub(crate) fn thread(&self, channel: Channel, account: &str, person: usize) -> Option<&Thread> {
        self.threads.iter().find(|thread| {
            thread.channel == channel && thread.account == account && thread.person == person
        })
    }

    /// Where that thread stands among all, made if it is new.
    pub(crate) fn thread_index(
        &mut self,
        channel: Channel,
        account: &'static str,
        person: usize,
    ) -> usize {
        let same = |thread: &Thread| {
            thread.channel == channel && thread.account == account && thread.person == person
        };
        self.threads.iter().position(same).unwrap_or_else(|| {
            self.threads.push(Thread::new(channel, account, person));
            self.threads.len() - 1
        })
    }

    pub(crate) fn record_call(&mut self, call: CallRecord) {
        if self.calls.len() == REMEMBERED {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    /// Writes a delivery down and gives its number.
    pub(crate) fn record_delivery(&mut self, mut delivery: Delivery) -> u64 {
        if self.deliveries.len() == REMEMBERED {
            self.deliveries.pop_front();
        }
        self.last_delivery += 1;
        delivery.id = self.last_delivery;
        self.deliveries.push_back(delivery);
        self.last_delivery
    }

    pub(crate) fn delivery_mut(&mut self, id: u64) -> Option<&mut Delivery> {
        self.deliveries
            .iter_mut()
            .rev()
            .find(|delivery| delivery.id == id)
    }

    /// Puts a webhook into its lane if the account is subscribed to its field.
    pub(crate) fn announce(&mut self, update: Update) {
        let wanted = update.lane == Lane::Permissions
            || self.subscriptions.wants(&update.account, update.field);
        if !wanted {
            return;
        }
        let subject = update.subject();
        if self.faults.strike("webhook_never", &subject).is_some() {
            return;
        }
        if let Some(late) = self.faults.strike("webhook_late", &subject) {
            let seconds = u64::try_from(late.number().unwrap_or(2)).unwrap_or(2);
            self.delayed.push((Duration::from_secs(seconds), update));
            return;
        }
        self.queues
            .entry(update.lane)
            .or_default()
            .push_back(update);
    }

    /// Ends the webhooks of every account nobody lets the app near any more.
    pub(crate) fn drop_uncovered(&mut self) {
        for account in self.subscriptions.accounts() {
            if !self.logins.covered(&account) {
                self.subscriptions.end(&account);
            }
        }
    }
}
