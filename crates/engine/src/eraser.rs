//! Carries an erasure through, whatever happens: journal, keys, files, sweep, and then the relay,
//! told until it has answered. It is there before the shop is open and after it is gone. What is
//! to be erased, and whether, others decide ([`crate::erasure`], [`crate::orders`]).

mod no_secrets;
mod owed;
mod telling;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::secrets::Secrets;
use store::{Paths, Stage, Step, Wipe, WipeJournal};
use tokio::sync::{Notify, watch};
use wire::receipt::{VerifiedReceipt, WipeCompletion};

use crate::engine::Clock;
use crate::link::client::Http;
use crate::news::News;
use crate::read::WipeProgress;
use crate::shop::Herald;

use no_secrets::NoSecrets;
pub(crate) use owed::{Owed, Told};

/// The steps a wipe shows, in their order, as the window names them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Doing {
    SigningOut = 1,
    NotingDown = 2,
    DestroyingKeys = 3,
    RemovingFiles = 4,
    ClearingWebView = 5,
    ClearingSurroundings = 6,
    LookingThrough = 7,
}

/// The last step is the relay's signature.
const STEPS: u32 = 8;

/// Erases, and tells the relay.
pub(crate) struct Eraser {
    paths: Paths,
    journal: Mutex<WipeJournal>,
    http: Http,
    clock: Clock,
    herald: Herald,
    progress: watch::Sender<WipeProgress>,
    /// Erasures that met trouble. Those that run are not among them.
    held_up: Mutex<BTreeSet<String>>,
    /// Held while a receipt is written: an erasure that goes on and a relay that answers it may want
    /// to at once, and the whole receipt must not be replaced by the one that waits.
    pen: Arc<Mutex<()>>,
    pub(crate) wake: Notify,
}

impl std::fmt::Debug for Eraser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Eraser").finish_non_exhaustive()
    }
}

impl Eraser {
    /// Reads the journal, and lays its slots down where they are missing.
    pub(crate) fn open(
        paths: Paths,
        (http, clock): (Http, Clock),
        (herald, progress): (Herald, watch::Sender<WipeProgress>),
    ) -> store::Result<Self> {
        let journal = Mutex::new(WipeJournal::open(&paths)?);
        Ok(Self {
            paths,
            journal,
            http,
            clock,
            herald,
            progress,
            held_up: Mutex::default(),
            pen: Arc::default(),
            wake: Notify::new(),
        })
    }

    fn journal(&self) -> MutexGuard<'_, WipeJournal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder receipts and journal are in.
    pub(crate) fn paths(&self) -> &Paths {
        &self.paths
    }

    pub(crate) fn wipes(&self) -> Vec<Wipe> {
        self.journal().wipes().to_vec()
    }

    /// Whether an erasure was begun and its files are not all gone.
    pub(crate) fn has_unfinished(&self) -> bool {
        self.journal()
            .wipes()
            .iter()
            .any(|wipe| wipe.stage < Stage::Swept)
    }

    /// Shows how far the erasure is that runs now.
    pub(crate) fn is_at(&self, doing: Doing) {
        self.show(WipeProgress::Running {
            step: doing as u32,
            of: STEPS,
        });
    }

    /// Shows that none runs: it was not begun, or goes on another time.
    pub(crate) fn is_off(&self) {
        self.show(WipeProgress::Idle);
    }

    fn show(&self, progress: WipeProgress) {
        self.progress.send_replace(progress);
        self.herald.tell(News::Wipe);
    }

    /// Writes an erasure down. From here on it happens, whatever else does. The journal is small on
    /// purpose; what is owed to a relay that does not answer makes room beside the receipts.
    pub(crate) fn begin(&self, wipe: Wipe) -> store::Result<()> {
        let mut journal = self.journal();
        match journal.begin(wipe.clone()) {
            Err(store::Error::Invalid(_)) => {}
            other => return other,
        }
        for done in journal.wipes().to_vec() {
            if done.stage >= Stage::Swept {
                self.keep_beside(&done)?;
                journal.finish(&done.deletion_id)?;
            }
        }
        journal.begin(wipe)
    }

    /// Keeps what is still owed of an erasure beside its receipt.
    fn keep_beside(&self, done: &Wipe) -> store::Result<()> {
        let text = serde_json::to_string(done).expect("text and numbers are JSON");
        store::write_receipt(&self.paths, &owed_name(&done.deletion_id), &text)
    }

    /// Erasures the relay is still to be told of, wherever they are kept.
    fn owed(&self) -> Vec<Wipe> {
        let mut owed = self.wipes();
        let beside = store::receipts_on_disk(&self.paths).unwrap_or_default();
        owed.extend(beside.iter().filter_map(|(name, text)| {
            let wipe: Wipe = serde_json::from_str(text).ok()?;
            (*name == owed_name(&wipe.deletion_id)).then_some(wipe)
        }));
        owed
    }

    /// Erases what is in the journal under this id. What the files are gone of is not undone by an
    /// error; the next call goes on.
    pub(crate) fn erase(&self, secrets: &dyn Secrets, deletion_id: &str) -> store::Result<()> {
        let erased = self.erase_once(secrets, deletion_id);
        match &erased {
            Ok(()) => self.held_up().remove(deletion_id),
            Err(_) => self.held_up().insert(deletion_id.to_owned()),
        };
        erased
    }

    fn held_up(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.held_up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an erasure met trouble and is not complete: files, or items of the keychain.
    pub(crate) fn is_held_up(&self) -> bool {
        !self.held_up().is_empty() || self.owed().iter().any(|wipe| wipe.secrets_left)
    }

    /// Goes on with what met trouble.
    pub(crate) fn go_on(&self, secrets: &dyn Secrets) {
        let held_up = self.held_up().clone();
        self.try_each(secrets, held_up);
        self.remove_left_secrets(secrets);
    }

    fn erase_once(&self, secrets: &dyn Secrets, deletion_id: &str) -> store::Result<()> {
        let mut journal = self.journal();
        let mut last = Doing::NotingDown;
        let [web_view, others @ ..] = self.paths.surroundings();
        let mut before = |step: &Step| {
            let doing = match step {
                Step::Share(_) | Step::Secret(_) => Doing::DestroyingKeys,
                Step::File(_) => Doing::RemovingFiles,
                Step::Surroundings => Doing::ClearingWebView,
                Step::Sweep => Doing::LookingThrough,
            };
            if doing > last {
                last = doing;
                self.is_at(doing);
            }
            if *step == Step::Surroundings {
                empty(&web_view);
                self.is_at(Doing::ClearingSurroundings);
                others.iter().for_each(|folder| empty(folder));
            }
            Ok(())
        };
        let left = store::erase(&self.paths, secrets, &mut journal, deletion_id, &mut before)?;
        if let Some(path) = left.first() {
            // Named by its kind alone: a file name may hold anything.
            tracing::error!(
                count = left.len(),
                is_dir = path.is_dir(),
                "the sweep found leftovers"
            );
            return Err(store::Error::Invalid("sweep"));
        }
        let wipe = journal
            .wipes()
            .iter()
            .find(|wipe| wipe.deletion_id == deletion_id)
            .cloned();
        drop(journal);
        if let Some(wipe) = wipe {
            self.write_completion(&wipe)?;
        }
        self.show(WipeProgress::WaitingForRelay);
        self.wake.notify_one();
        Ok(())
    }

    /// Something was erased without any file: its receipt is written, and the relay told.
    pub(crate) fn is_done(&self, wipe: &Wipe) -> store::Result<()> {
        match self.begin(wipe.clone()) {
            Ok(()) | Err(store::Error::AlreadyThere) => {}
            Err(error) => return Err(error),
        }
        self.write_completion(wipe)?;
        self.show(WipeProgress::WaitingForRelay);
        self.wake.notify_one();
        Ok(())
    }

    /// At start: goes on with every erasure that was cut off. Without a keychain the data still
    /// dies; its items are removed later.
    pub(crate) fn resume(&self, secrets: Option<&dyn Secrets>) {
        let wipes = self.wipes().into_iter();
        let unfinished = wipes.filter(|wipe| wipe.stage < Stage::Swept);
        let ids = unfinished.map(|wipe| wipe.deletion_id);
        self.try_each(secrets.unwrap_or(&NoSecrets), ids);
    }

    fn try_each(&self, secrets: &dyn Secrets, ids: impl IntoIterator<Item = String>) {
        for id in ids {
            if let Err(error) = self.erase(secrets, &id) {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "an erasure goes on later");
            }
        }
    }

    /// Removes keychain items of erasures that found the keychain locked.
    pub(crate) fn remove_left_secrets(&self, secrets: &dyn Secrets) {
        for wipe in self.owed().into_iter().filter(|wipe| wipe.secrets_left) {
            if !store::remove_left_secrets(secrets, &wipe).is_ok_and(|all| all) {
                continue;
            }
            let noted = if self
                .journal()
                .secrets_are_removed(&wipe.deletion_id)
                .is_ok()
            {
                Ok(())
            } else {
                self.keep_beside(&Wipe {
                    secrets_left: false,
                    ..wipe
                })
            };
            if let Err(error) = noted {
                tracing::warn!(%error, "that keychain items are removed is noted later");
            }
        }
        self.wake.notify_one();
    }

    /// The receipt as far as this computer can make it, once; the relay's answer completes it.
    fn write_completion(&self, wipe: &Wipe) -> store::Result<()> {
        let Some(owed) = Owed::of(wipe) else {
            return Ok(());
        };
        let _writing = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
        if self.completion_of(wipe, &owed).is_some() {
            return Ok(());
        }
        let Ok(deletion) = wipe.deletion_id.parse() else {
            return Ok(());
        };
        let completion = owed.completion(deletion, (self.clock)().0);
        let receipt = VerifiedReceipt::assemble(&owed.notice, &completion, None);
        store::write_receipt(&self.paths, &wipe.deletion_id, &receipt)
    }

    /// The completion that was written down, exactly as it was: the relay's answer names its hash.
    fn completion_of(&self, wipe: &Wipe, owed: &Owed) -> Option<String> {
        let receipt = receipt_of(&self.paths, &wipe.deletion_id)?;
        let rest = receipt
            .strip_prefix(owed.notice.as_str())?
            .strip_prefix('\n')?;
        WipeCompletion::verify(rest, &owed.notice)
            .is_ok()
            .then(|| rest.to_owned())
    }
}

fn receipt_of(paths: &Paths, deletion_id: &str) -> Option<String> {
    let receipts = store::receipts_on_disk(paths).ok()?;
    let found = receipts.into_iter().find(|(id, _)| id == deletion_id);
    found.map(|(_, receipt)| receipt)
}

/// Beside its receipt, what is owed to the relay has this name.
pub(crate) fn owed_name(deletion_id: &str) -> String {
    format!("{deletion_id}-owed")
}

/// Empties a folder; what cannot be removed is found by the sweep or belongs to nobody.
fn empty(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let removed = if path.is_dir() && !path.is_symlink() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        if let Err(error) = removed {
            tracing::warn!(%error, "something around the data could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::secrets::Secrets as _;
    use store::{MemorySecrets, WipeScope};
    use wire::receipt::{AskedBy, Scope, WipeNotice};
    use wire::{DeletionId, RelayId, SigningSecret, StreamId};

    use super::*;
    use crate::testing::{NOW, TestShop};

    fn wipe(of: &TestShop, deletion: DeletionId) -> Wipe {
        let identity = SigningSecret::from_seed(&[5; 32]);
        let owed = Owed::new(None);
        let notice = WipeNotice {
            deletion,
            asked_by: AskedBy::Owner,
            asked_at: NOW.0,
            code: None,
            scope: Scope::Connection,
            identity: identity.public(),
            wipe_key: owed.wipe_key(),
            relay: RelayId::from_bytes([0; 16]),
            streams: vec![StreamId::from_bytes([1; 16])],
            logins: Vec::new(),
        };
        Wipe {
            deletion_id: deletion.to_string(),
            scope: WipeScope::Connections,
            connections: vec![of.connected.id],
            logins: Vec::new(),
            profile: of.shop.profile.id().to_owned(),
            notice: owed.signed(notice.sign(&identity)).to_text(),
            stage: Stage::Begun,
            secrets_left: false,
        }
    }

    fn reopened(of: &TestShop) -> Eraser {
        let clock = of.clock.now();
        Eraser::open(
            of.shop.paths.clone(),
            (crate::link::client::http_client(), Arc::new(move || clock)),
            (
                of.shop.herald.clone(),
                watch::Sender::new(WipeProgress::Idle),
            ),
        )
        .unwrap()
    }

    fn receipt(of: &TestShop, id: DeletionId) -> Option<String> {
        let receipts = store::receipts_on_disk(&of.shop.paths).unwrap();
        receipts
            .into_iter()
            .find(|(name, _)| *name == id.to_string())
            .map(|(_, text)| text)
    }

    #[tokio::test]
    async fn what_was_begun_before_a_crash_is_finished_at_the_next_start() {
        let of = TestShop::messenger().await;
        of.hears("m_1", "CANARY");
        let id = DeletionId::from_bytes([1; 16]);
        of.shop.eraser.begin(wipe(&of, id)).unwrap();
        of.vault().close();
        // The program dies here; the next start finds the journal.
        let eraser = reopened(&of);
        assert!(eraser.has_unfinished());
        eraser.resume(Some(of.secrets.as_ref()));
        assert!(!eraser.has_unfinished());
        assert!(!of.shop.paths.vault_folder(of.connected.id).exists());
        let receipt = receipt(&of, id).unwrap();
        assert!(VerifiedReceipt::verify(&receipt, None).is_ok());
    }

    #[tokio::test]
    async fn without_a_keychain_the_data_dies_and_its_items_go_later() {
        let of = TestShop::messenger().await;
        let id = DeletionId::from_bytes([2; 16]);
        of.shop.eraser.begin(wipe(&of, id)).unwrap();
        of.vault().close();
        let eraser = reopened(&of);
        eraser.resume(None);
        assert!(!of.shop.paths.vault(of.connected.id).share.exists());
        let name = of.shop.profile.seal_name(of.connected.id);
        of.secrets
            .set(&name, &domain::secrets::Secret::new(vec![1]))
            .unwrap();
        eraser.remove_left_secrets(of.secrets.as_ref());
        assert_eq!(of.secrets.get(&name), Ok(None));
        assert!(eraser.wipes().iter().all(|wipe| !wipe.secrets_left));
    }

    #[tokio::test]
    async fn what_met_trouble_goes_on_while_the_program_runs() {
        let of = TestShop::messenger().await;
        let id = DeletionId::from_bytes([4; 16]);
        let eraser = Arc::clone(&of.shop.eraser);
        eraser.begin(wipe(&of, id)).unwrap();
        of.vault().close();
        // A file that cannot be removed, since it is a folder with something in it.
        let share = of.shop.paths.vault(of.connected.id).share;
        fs::remove_file(&share).unwrap();
        fs::create_dir_all(share.join("in the way")).unwrap();
        assert!(!eraser.is_held_up(), "what runs is not held up");
        eraser
            .erase(of.secrets.as_ref(), &id.to_string())
            .unwrap_err();
        assert!(eraser.is_held_up());
        eraser.go_on(of.secrets.as_ref());
        assert!(eraser.is_held_up(), "the control: the trouble lasts");
        fs::remove_dir_all(&share).unwrap();
        eraser.go_on(of.secrets.as_ref());
        assert!(!eraser.is_held_up());
        assert!(!eraser.has_unfinished());
        assert!(!of.shop.paths.vault_folder(of.connected.id).exists());
    }

    #[tokio::test]
    async fn the_completion_is_written_once_and_stays_as_it_was() {
        let of = TestShop::messenger().await;
        let id = DeletionId::from_bytes([3; 16]);
        of.shop.eraser.begin(wipe(&of, id)).unwrap();
        of.vault().close();
        of.shop
            .eraser
            .erase(of.secrets.as_ref(), &id.to_string())
            .unwrap();
        let first = receipt(&of, id).unwrap();
        of.clock.pass(60_000);
        reopened(&of)
            .erase(of.secrets.as_ref(), &id.to_string())
            .unwrap();
        assert_eq!(
            receipt(&of, id),
            Some(first),
            "the relay's answer names its hash"
        );
    }

    #[tokio::test]
    async fn however_many_write_a_receipt_at_once_it_is_written() {
        let of = TestShop::messenger().await;
        let id = DeletionId::from_bytes([6; 16]);
        let wipe = Wipe {
            stage: Stage::Swept,
            ..wipe(&of, id)
        };
        of.shop.eraser.begin(wipe.clone()).unwrap();
        for _ in 0..200 {
            let written = std::thread::scope(|scope| {
                let write = || scope.spawn(|| of.shop.eraser.write_completion(&wipe));
                let all = [write(), write(), write()];
                all.into_iter().try_for_each(|one| one.join().unwrap())
            });
            written.unwrap();
            fs::remove_file(of.shop.paths.receipts().join(format!("{id}.txt"))).unwrap();
        }
    }

    #[tokio::test]
    async fn a_wipe_without_any_relay_is_complete_by_itself() {
        let of = TestShop::messenger().await;
        let id = DeletionId::from_bytes([4; 16]);
        of.shop.eraser.begin(wipe(&of, id)).unwrap();
        of.vault().close();
        of.shop
            .eraser
            .erase(of.secrets.as_ref(), &id.to_string())
            .unwrap();
        assert!(
            !of.shop.eraser.tell_all().await,
            "nobody is left to be told"
        );
        assert!(of.shop.eraser.wipes().is_empty());
    }

    #[tokio::test]
    async fn cut_off_between_the_last_step_and_the_receipt_it_is_told_all_the_same() {
        let of = TestShop::messenger().await;
        let id = DeletionId::from_bytes([5; 16]);
        of.shop.eraser.begin(wipe(&of, id)).unwrap();
        of.vault().close();
        let name = id.to_string();
        of.shop.eraser.erase(of.secrets.as_ref(), &name).unwrap();
        // As the program leaves it that dies before the receipt is written.
        fs::remove_file(of.shop.paths.receipts().join(format!("{name}.txt"))).unwrap();
        let eraser = reopened(&of);
        eraser.resume(Some(of.secrets.as_ref()));
        assert!(!eraser.tell_all().await, "nobody is left to be told");
        assert!(VerifiedReceipt::verify(&receipt(&of, id).unwrap(), None).is_ok());
        assert!(eraser.owed().is_empty());
    }

    #[tokio::test]
    async fn a_keychain_that_was_locked_is_cleared_though_the_relay_has_answered() {
        let of = TestShop::messenger().await;
        let secret = || domain::secrets::Secret::new(vec![1]);
        let name = of.shop.profile.seal_name(of.connected.id);
        // More than the journal has room for: some are kept beside it.
        for number in 0..60 {
            let id = DeletionId::from_bytes([number; 16]);
            of.shop.eraser.begin(wipe(&of, id)).unwrap();
            of.shop.eraser.erase(&NoSecrets, &id.to_string()).unwrap();
        }
        of.secrets.set(&name, &secret()).unwrap();
        of.shop.eraser.tell_all().await;
        let left = |eraser: &Eraser| eraser.owed().iter().filter(|one| one.secrets_left).count();
        assert_eq!(
            left(&of.shop.eraser),
            60,
            "forgotten before they were removed"
        );
        of.shop.eraser.remove_left_secrets(of.secrets.as_ref());
        assert_eq!(of.secrets.get(&name), Ok(None));
        assert_eq!(left(&of.shop.eraser), 0);
        of.shop.eraser.tell_all().await;
        assert!(of.shop.eraser.owed().is_empty());
    }

    #[tokio::test]
    async fn the_journal_never_runs_out_of_room() {
        let of = TestShop::messenger().await;
        let secrets = MemorySecrets::new();
        for number in 0..12 {
            let id = DeletionId::from_bytes([number; 16]);
            of.shop.eraser.begin(wipe(&of, id)).unwrap();
            of.shop.eraser.erase(&secrets, &id.to_string()).unwrap();
        }
        assert_eq!(of.shop.eraser.owed().len(), 12, "every relay is still told");
        assert!(!of.shop.eraser.tell_all().await);
        assert!(of.shop.eraser.owed().is_empty());
        let owed = |name: &str| name.ends_with("-owed");
        let left = store::receipts_on_disk(&of.shop.paths).unwrap();
        assert_eq!(left.iter().filter(|(name, _)| owed(name)).count(), 0);
    }
}
