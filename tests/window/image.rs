//! What lies in the vaults of a desk whose program runs: read from a copy of its folder, with what
//! its keychain holds at some moment.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use anyhow::{Context, Result, ensure};
use domain::secrets::{Secret, Secrets as _};
use domain::{Channel, ConnectionId};
use store::vault::conversations::{Conversation, Filter};
use store::vault::thread::Page;
use store::{MediaFile, MemorySecrets, Paths, Profile, Vault, VaultRead};
use tempfile::TempDir;
use tests::counter::Counter;
use tests::kinds::{Kinds, stored};
use tests::{files, keyring};

/// A copy of a desk's folder, outside of everything that is looked through.
pub(crate) struct Image {
    folder: TempDir,
}

impl Image {
    /// Copies what the store keeps; what the web view keeps comes and goes, and is not the store's.
    pub(crate) fn of(counter: &Counter) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        for file in files::under(counter.data())? {
            let name = file.strip_prefix(counter.data())?;
            if name.starts_with("webview") {
                continue;
            }
            let to = folder.path().join(name);
            std::fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
            match std::fs::copy(&file, &to) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                copied => drop(copied.with_context(|| file.display().to_string())?),
            }
        }
        Ok(Self { folder })
    }

    /// Everything that is stored, by its kind.
    pub(crate) fn kinds(&self, secrets: &MemorySecrets) -> Result<Kinds> {
        stored(self.folder.path(), secrets)
    }

    /// The connections that open with these secrets, and their channels.
    pub(crate) fn opens_with(
        &self,
        secrets: &MemorySecrets,
    ) -> Result<BTreeMap<ConnectionId, Channel>> {
        let paths = Paths::create(self.folder.path())?;
        let profile = Profile::open_or_create(&paths)?;
        let mut opened = BTreeMap::new();
        for id in paths.vaults_on_disk()? {
            if let Ok(vault) = Vault::open(&paths, &profile, secrets, id) {
                let facts = vault.read(|read| read.facts())?;
                opened.insert(id, facts.context("a vault without facts")?.channel);
                vault.close();
            }
        }
        Ok(opened)
    }

    /// The pictures of one person as the store has them, decoded and drawn again: what they sent,
    /// its small form, and how they look.
    pub(crate) fn pictures(
        &self,
        secrets: &MemorySecrets,
        (channel, name): (Channel, &str),
    ) -> Result<Vec<(String, Vec<u8>)>> {
        let opened = self.opens_with(secrets)?;
        let found = opened.into_iter().find(|(_, of)| *of == channel);
        let (id, _) = found.with_context(|| format!("{channel:?} does not open"))?;
        let paths = Paths::create(self.folder.path())?;
        let profile = Profile::open_or_create(&paths)?;
        let vault = Vault::open(&paths, &profile, secrets, id)?;
        let named = vault.read(|read| pictures_of(read, name))?;
        let mut pictures = Vec::new();
        for (kind, file) in named {
            pictures.push((kind, vault.media().read(&file)?));
        }
        vault.close();
        for kind in ["picture", "thumbnail"] {
            ensure!(
                pictures.iter().any(|(of, _)| of.contains(kind)),
                "no {kind} of {name} is kept: there is none to look for"
            );
        }
        Ok(pictures)
    }
}

/// What of a desk opened at one moment: which connections, with what.
pub(crate) struct Opened {
    image: Image,
    connections: BTreeMap<ConnectionId, Channel>,
    secrets: Vec<(String, Vec<u8>)>,
}

impl Opened {
    pub(crate) async fn by(counter: &Counter) -> Result<Self> {
        let image = Image::of(counter)?;
        let connections = image.opens_with(&keychain(counter).await?)?;
        ensure!(connections.len() >= 3, "only {connections:?} open");
        Ok(Self {
            image,
            connections,
            secrets: keyring::secrets(&counter.seat).await?,
        })
    }

    /// The connection of a channel.
    pub(crate) fn id_of(&self, channel: Channel) -> Result<ConnectionId> {
        let found = self.connections.iter().find(|(_, of)| **of == channel);
        found.map(|(id, _)| *id).context("it is connected")
    }

    /// Since then the keychain has lost what was this connection's, and nothing else: the folder of
    /// then opens with what is left but for this one, and so does the folder of now.
    pub(crate) async fn lost_only(&self, doomed: ConnectionId, counter: &Counter) -> Result<()> {
        let own = format!("/{doomed}/");
        let left = keyring::secrets(&counter.seat).await?;
        let others = self.secrets.iter().filter(|(name, _)| !name.contains(&own));
        for (name, value) in others {
            let there = left.iter().find(|(of, _)| of == name);
            let same = there.is_some_and(|(_, of)| of == value);
            ensure!(same, "{name} went or changed as well");
        }
        let names = left.iter().map(|(name, _)| name);
        let own: Vec<_> = names.filter(|name| name.contains(&own)).collect();
        ensure!(own.is_empty(), "left in the keychain: {own:?}");
        let mut siblings = self.connections.clone();
        siblings.remove(&doomed);
        let secrets = keychain(counter).await?;
        for image in [&self.image, &Image::of(counter)?] {
            let opens = image.opens_with(&secrets)?;
            ensure!(opens == siblings, "{opens:?} open, not {siblings:?}");
        }
        Ok(())
    }
}

/// What the desk's keychain holds now, for a look into a copy.
pub(crate) async fn keychain(counter: &Counter) -> Result<MemorySecrets> {
    let secrets = MemorySecrets::new();
    for (name, value) in keyring::secrets(&counter.seat).await? {
        secrets.set(&name, &Secret::new(value))?;
    }
    Ok(secrets)
}

fn pictures_of(read: &VaultRead<'_>, name: &str) -> store::Result<Vec<(String, MediaFile)>> {
    let all = read.conversations(Filter::All, None, 100)?;
    let with = |one: &&Conversation| one.name.as_deref() == Some(name);
    let mut found = Vec::new();
    for conversation in all.iter().filter(with) {
        let portrait = conversation.picture.clone();
        found.extend(portrait.map(|file| (format!("{name}'s kept portrait"), file)));
        let thread = read.thread(conversation.id, Page::Newest, 200)?;
        for (nth, message) in thread.messages.iter().enumerate() {
            for attachment in read.attachments(message.id)? {
                let file = (format!("{name}'s kept picture {nth}"), attachment.file);
                let thumb = (format!("{name}'s thumbnail {nth}"), attachment.thumb);
                let kept = [file, thumb].into_iter();
                found.extend(kept.filter_map(|(kind, file)| Some((kind, file?))));
            }
        }
    }
    Ok(found)
}
