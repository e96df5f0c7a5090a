//! The engine's inside: where the shop stands, and its files from taking the folder to closing it.

use std::sync::{Arc, PoisonError};

use store::{PassphraseSecrets, Paths};

use super::Inner;
use crate::eraser::Eraser;
use crate::news::News;
use crate::opening::{self, Opened};
use crate::phase::Phase;
use crate::shop::{Shop, blocking};

impl Inner {
    pub(super) fn shop(&self) -> Option<Arc<Shop>> {
        self.shop
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn eraser(&self) -> Option<Arc<Eraser>> {
        self.eraser
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn keep_unlocked(&self, secrets: Option<Arc<PassphraseSecrets>>) {
        *self.unlocked.lock().unwrap_or_else(PoisonError::into_inner) = secrets;
    }

    /// Says where the shop stands, if that is news.
    pub(crate) fn set_phase(&self, phase: Phase) {
        let changed = self.phase.send_if_modified(|known| {
            let differs = *known != phase;
            *known = phase;
            differs
        });
        if changed {
            tracing::info!(?phase, "the shop");
            self.herald.tell(News::App);
        }
    }

    /// The first connection ends the first run.
    pub(crate) fn set_phase_after_connecting(&self) {
        if *self.phase.borrow() == Phase::FirstRun {
            self.set_phase(Phase::Ready);
        }
    }

    /// With the last connection the first run begins again.
    pub(crate) fn set_phase_after_forgetting(&self, shop: &Shop) {
        if shop.connections().is_empty() {
            self.set_phase(Phase::FirstRun);
        }
    }

    /// Takes the folder, finishes what erasures were begun, opens every file.
    pub(super) fn open_files(self: &Arc<Self>) -> Result<(Paths, Opened, Arc<Eraser>), Phase> {
        let paths = Paths::create(self.config.data_dir.clone()).map_err(|error| {
            tracing::error!(%error, "the data folder cannot be used");
            opening::phase_of_folder(&error)
        })?;
        self.take_folder(&paths)?;
        let eraser = self.make_eraser(&paths)?;
        let unlocked = self
            .unlocked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let secrets = opening::secrets(&self.source, &paths, unlocked);
        if eraser.has_unfinished() {
            self.set_phase(Phase::Erasing);
            // The keychain may be locked or away: the data goes all the same.
            eraser.resume(secrets.as_ref().ok().map(Arc::as_ref));
        }
        let opened = opening::open(&paths, secrets?, (self.clock)())?;
        eraser.remove_left_secrets(opened.secrets.as_ref());
        Ok((paths, opened, eraser))
    }

    fn take_folder(&self, paths: &Paths) -> Result<(), Phase> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_none() {
            *lock = Some(paths.lock().map_err(|error| {
                tracing::warn!(%error, "the data folder is not given");
                opening::phase_of_folder(&error)
            })?);
        }
        Ok(())
    }

    /// The eraser runs from before the shop is open until the program ends.
    fn make_eraser(self: &Arc<Self>, paths: &Paths) -> Result<Arc<Eraser>, Phase> {
        if let Some(eraser) = self.eraser() {
            return Ok(eraser);
        }
        let eraser = Eraser::open(
            paths.clone(),
            (self.http.clone(), Arc::clone(&self.clock)),
            (self.herald.clone(), self.wiping.clone()),
        );
        let eraser = Arc::new(eraser.map_err(|error| {
            tracing::error!(%error, "the wipe journal cannot be read");
            opening::phase_of_folder(&error)
        })?);
        let stop = self.tasks.stop.clone();
        let of = Arc::clone(&eraser);
        self.tasks
            .keep("notices", move || Arc::clone(&of).run(stop.clone()));
        *self.eraser.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&eraser));
        Ok(eraser)
    }

    /// Moves everything into the files and closes them.
    pub(super) async fn close_files(&self) {
        let shop = self
            .shop
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(shop) = shop else { return };
        shop.tokens.forget_all();
        for connected in shop.connections() {
            let _ = connected.work(|vault| vault.checkpoint()).await;
            connected.close().await;
        }
        let db = Arc::clone(&shop.db);
        let closed = blocking(move || {
            db.checkpoint()?;
            db.close();
            Ok(())
        });
        if let Err(error) = closed.await {
            tracing::warn!(%error, "the shop was not closed cleanly");
        }
    }
}
