//! Whatever befalls the keychain, and whatever is tried meanwhile: no key is made over a vault that
//! is there, nothing is changed, nothing can be read on the disk, and afterwards all is as it was.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use domain::secrets::{Secret, Secrets, SecretsError};
use store::{Error, MemorySecrets, ShopDb, Vault};

use crate::support::{Desk, arrives, connection, files, holding, said};

/// What is wrong with the keychain.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Trouble {
    /// It answers this, to everything.
    Says(Answer),
    /// It was emptied, or another one took its place.
    Empty,
    /// Under the same names lie other secrets.
    Others,
    /// It answers once and is gone.
    Vanishes,
    /// It takes its time, and then answers as it always did.
    Slow,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Answer {
    Locked,
    Denied,
    Absent,
    Failed,
}

const TROUBLES: [Trouble; 7] = [
    Trouble::Says(Answer::Locked),
    Trouble::Says(Answer::Denied),
    Trouble::Says(Answer::Absent),
    Trouble::Says(Answer::Failed),
    Trouble::Empty,
    Trouble::Others,
    Trouble::Vanishes,
];

/// A keychain something has befallen.
#[derive(Debug)]
struct Befallen<'a> {
    behind: &'a MemorySecrets,
    trouble: Trouble,
    asked: AtomicU32,
    set: AtomicU32,
    /// Where a slow one says that it was asked, and what it then waits for.
    pace: Option<(Sender<Step>, Mutex<Receiver<()>>)>,
}

/// How far a deed is whose keychain takes its time.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Asked,
    Done,
}

impl<'a> Befallen<'a> {
    fn new(behind: &'a MemorySecrets, trouble: Trouble) -> Self {
        Self {
            behind,
            trouble,
            asked: AtomicU32::new(0),
            set: AtomicU32::new(0),
            pace: None,
        }
    }

    fn answer(&self) -> Result<(), SecretsError> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        if let Some((asked, answer)) = &self.pace {
            asked.send(Step::Asked).unwrap();
            answer.lock().unwrap().recv().unwrap();
        }
        match self.trouble {
            Trouble::Says(Answer::Locked) => Err(SecretsError::Locked),
            Trouble::Says(Answer::Denied) => Err(SecretsError::Denied),
            Trouble::Says(Answer::Absent) => Err(SecretsError::Absent),
            Trouble::Says(Answer::Failed) => Err(SecretsError::Failed),
            Trouble::Vanishes if asked > 0 => Err(SecretsError::Absent),
            Trouble::Vanishes | Trouble::Empty | Trouble::Others | Trouble::Slow => Ok(()),
        }
    }
}

impl Secrets for Befallen<'_> {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretsError> {
        self.answer()?;
        match self.trouble {
            Trouble::Empty => Ok(None),
            Trouble::Others => Ok(Some(Secret::new(vec![7; 32]))),
            Trouble::Says(_) | Trouble::Vanishes | Trouble::Slow => self.behind.get(name),
        }
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretsError> {
        self.set.fetch_add(1, Ordering::SeqCst);
        self.answer()?;
        match self.trouble {
            Trouble::Slow => self.behind.set(name, secret),
            _ => Ok(()),
        }
    }

    fn remove(&self, _: &str) -> Result<(), SecretsError> {
        self.answer()
    }
}

/// What is tried over what is there.
type Deed = fn(&Desk, &Befallen<'_>) -> Result<(), Error>;

const DEEDS: [(&str, Deed); 5] = [
    ("open a vault", |desk, of| {
        Vault::open(&desk.paths, &desk.profile, of, connection(1)).map(drop)
    }),
    ("make a vault where one is", |desk, of| {
        Vault::create(&desk.paths, &desk.profile, of, connection(1)).map(drop)
    }),
    ("open the shop", |desk, of| {
        ShopDb::open(&desk.paths, &desk.profile, of).map(drop)
    }),
    ("open the shop, or make it", |desk, of| {
        ShopDb::open_or_create(&desk.paths, &desk.profile, of).map(drop)
    }),
    ("make a shop where one is", |desk, of| {
        ShopDb::create(&desk.paths, &desk.profile, of).map(drop)
    }),
];

#[test]
fn whatever_befalls_the_keychain_no_key_is_made_over_what_is_there() {
    let desk = Desk::new();
    drop(ShopDb::create(&desk.paths, &desk.profile, &desk.secrets).unwrap());
    let vault = desk.create(1);
    arrives(&vault, &said("17", "m_1", "CANARY words"), 1_000);
    drop(vault);
    let (before, names) = (files(desk.paths.root()), desk.secrets.names());
    let mut tried = 0;
    for trouble in TROUBLES {
        for (what, deed) in DEEDS {
            let of = Befallen::new(&desk.secrets, trouble);
            let done = deed(&desk, &of);
            // One answer is enough to open; whoever goes away afterwards is not missed.
            let enough = trouble == Trouble::Vanishes && what.starts_with("open");
            assert_eq!(done.is_ok(), enough, "{trouble:?}, {what}: {done:?}");
            assert_eq!(of.set.into_inner(), 0, "{trouble:?}, {what}: a new key");
            if !enough {
                let now = files(desk.paths.root());
                assert!(now == before, "{trouble:?}, {what}: a file changed");
            }
            assert_eq!(desk.secrets.names(), names, "{trouble:?}, {what}");
            assert!(holding(desk.paths.root(), "CANARY words").is_empty());
            tried += 1;
        }
    }
    assert_eq!(tried, 7 * 5);
    ShopDb::open(&desk.paths, &desk.profile, &desk.secrets).unwrap();
    let vault = desk.open(1).unwrap();
    let kept = vault.read(|read| read.message_with_platform_id("m_1"));
    assert!(kept.unwrap().is_some());
}

/// Whether the count and the look at the files would notice a new key: where nothing is, it is made.
#[test]
fn control_on_an_empty_desk_a_key_is_made_and_seen() {
    for (what, deed) in DEEDS {
        let desk = Desk::new();
        let before = files(desk.paths.root());
        // Nothing is wrong with this one: nobody told it to take its time.
        let of = Befallen::new(&desk.secrets, Trouble::Slow);
        let done = deed(&desk, &of);
        let made = what.contains("make");
        assert_eq!(done.is_ok(), made, "{what}: {done:?}");
        assert_eq!(of.set.into_inner() > 0, made, "{what}: the count");
        assert_eq!(files(desk.paths.root()) != before, made, "{what}: files");
    }
}

#[test]
fn a_slow_keychain_is_waited_for_and_nothing_is_made_anew() {
    let desk = Desk::new();
    drop(ShopDb::create(&desk.paths, &desk.profile, &desk.secrets).unwrap());
    let vault = desk.create(1);
    arrives(&vault, &said("17", "m_1", "CANARY words"), 1_000);
    drop(vault);
    let names = desk.secrets.names();
    let mut waits = 0;
    for (what, deed) in DEEDS {
        let before = files(desk.paths.root());
        let ((step, steps), (answer, answers)) = (channel(), channel());
        let mut of = Befallen::new(&desk.secrets, Trouble::Slow);
        of.pace = Some((step.clone(), Mutex::new(answers)));
        let of = &of;
        let done = std::thread::scope(|scope| {
            let trying = scope.spawn(|| {
                let done = deed(&desk, of);
                step.send(Step::Done).unwrap();
                done
            });
            // As long as it takes: whoever asked has touched nothing, and has not gone on.
            while steps.recv().unwrap() == Step::Asked {
                assert!(files(desk.paths.root()) == before, "{what}: a file changed");
                assert!(steps.try_recv().is_err(), "{what}: it did not wait");
                answer.send(()).unwrap();
                waits += 1;
            }
            trying.join().unwrap()
        });
        assert_eq!(done.is_ok(), what.starts_with("open"), "{what}: {done:?}");
        assert_eq!(of.set.load(Ordering::SeqCst), 0, "{what}: a new key");
        assert_eq!(desk.secrets.names(), names, "{what}");
        assert!(holding(desk.paths.root(), "CANARY words").is_empty());
    }
    assert!(waits >= 3, "control: it was waited for {waits} times");
    let vault = desk.open(1).unwrap();
    let kept = vault.read(|read| read.message_with_platform_id("m_1"));
    assert!(kept.unwrap().is_some());
}
