//! A whole shop with its window: the world outside, a desk, the real program.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::{Context, Result};

use crate::desktop::{Desktop, Start};
use crate::owner::Owner;
use crate::page::Page;
use crate::programs::program;
use crate::seat::{Keyring, Seat};
use crate::world::World;

/// The window of a shop, and everything around it.
#[derive(Debug)]
pub struct Counter {
    /// The customers, Meta and the relay.
    pub world: World,
    /// The desk the window stands on.
    pub seat: Seat,
    start: Start,
    desktop: Option<Desktop>,
}

impl Counter {
    /// Opens the window of a new shop: it shows the first run.
    pub async fn open() -> Result<Self> {
        Self::open_with(Keyring::Unlocked, &[]).await
    }

    /// The same, with a keyring or without, and with more in the program's environment.
    pub async fn open_with(keyring: Keyring, environment: &[(&str, &str)]) -> Result<Self> {
        let world = World::start().await?;
        let seat = Seat::take(world.folder(), keyring).await?;
        let browser = write_browser(world.folder(), &[])?;
        seat.set_browser(&browser)?;
        let sandbox = world.sandbox();
        let mut all = vec![
            (
                "SHOPBELL_RELAY_URL".to_owned(),
                world.relay_url().to_string(),
            ),
            (
                "SHOPBELL_GRAPH_URL".to_owned(),
                sandbox.graph_url().to_string(),
            ),
            (
                "SHOPBELL_FACEBOOK_URL".to_owned(),
                sandbox.facebook_url().to_string(),
            ),
            (
                "SHOPBELL_INSTAGRAM_URL".to_owned(),
                sandbox.instagram_url().to_string(),
            ),
            ("BROWSER".to_owned(), browser.display().to_string()),
        ];
        all.extend(
            environment
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into())),
        );
        let start = Start {
            data: world.folder().join("data"),
            log: world.folder().join("shopbell.log"),
            environment: all,
            size: (1440, 900),
        };
        let desktop = Desktop::start(&seat, &start).await?;
        Ok(Self {
            world,
            seat,
            start,
            desktop: Some(desktop),
        })
    }

    /// A shop that has connected all three channels and shows its empty inbox.
    pub async fn connected() -> Result<Self> {
        let counter = Self::open().await?;
        counter.connect().await?;
        Ok(counter)
    }

    /// Connects all three channels, from the first run to the inbox, with replies leaving soon.
    pub async fn connect(&self) -> Result<()> {
        let owner = self.owner()?;
        owner.logs_in(self.world.relay_url().as_str()).await?;
        owner
            .chooses(&["fern.and.ribbon", "Fern & Ribbon Messenger", "+44"])
            .await?;
        Ok(())
    }

    /// Its window.
    pub fn page(&self) -> Result<&Page> {
        Ok(self
            .desktop
            .as_ref()
            .context("the window is closed")?
            .page())
    }

    /// The person in front of it.
    pub fn owner(&self) -> Result<Owner> {
        Ok(Owner::at(self.page()?))
    }

    /// The number of the program that started the window's.
    pub fn driver(&self) -> Option<u32> {
        self.desktop.as_ref().and_then(Desktop::driver)
    }

    /// Closes the window; the world and the desk go on.
    pub async fn close(&mut self) -> Result<()> {
        match self.desktop.take() {
            Some(desktop) => desktop.close(&self.seat).await,
            None => Ok(()),
        }
    }

    /// Opens it again.
    pub async fn reopen(&mut self) -> Result<()> {
        self.close().await?;
        self.desktop = Some(Desktop::start(&self.seat, &self.start).await?);
        Ok(())
    }

    /// Closes the window and opens the shipped one, which nobody can steer.
    pub async fn opens_private(&mut self) -> Result<tokio::process::Child> {
        self.close().await?;
        crate::desktop::alone(&self.seat, &self.start)
    }

    /// Starts the program once more while it runs, and waits until that one has ended.
    pub async fn starts_again(&self, arguments: &[&str]) -> Result<ExitStatus> {
        crate::desktop::second_start(&self.seat, &self.start, arguments).await
    }

    /// From now on the browser only writes down what it is asked to open, a line each, in the file
    /// that is returned.
    pub fn browser_writes_down(&self) -> Result<PathBuf> {
        let file = self.world.folder().join("opened");
        let text = format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >> '{}'\n", file.display());
        write_script(self.world.folder(), &text)?;
        Ok(file)
    }

    /// Sets a variable for the next start.
    pub fn set(&mut self, name: &str, value: &str) {
        self.start
            .environment
            .push((name.to_owned(), value.to_owned()));
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.start.data
    }

    /// What the program wrote to its log.
    pub fn log(&self) -> Result<String> {
        Ok(std::fs::read_to_string(&self.start.log)?)
    }

    /// How the login dialog is answered from now on: variables of `xtask walk-login`.
    pub fn logs_in_with(&self, variables: &[(&str, &str)]) -> Result<()> {
        write_browser(self.world.folder(), variables).map(drop)
    }
}

/// A script that walks a login through the sandbox's dialog, as a browser would.
fn write_browser(folder: &Path, variables: &[(&str, &str)]) -> Result<PathBuf> {
    let xtask = program("xtask")?;
    let exports = variables.iter().fold(String::new(), |text, (name, value)| {
        text + &format!("export {name}='{value}'\n")
    });
    let text = format!(
        "#!/bin/sh\n{exports}exec '{}' walk-login \"$1\" >> '{}' 2>&1\n",
        xtask.display(),
        folder.join("browser.log").display()
    );
    write_script(folder, &text)
}

fn write_script(folder: &Path, text: &str) -> Result<PathBuf> {
    let path = folder.join("browser");
    std::fs::write(&path, text)?;
    executable(&path)?;
    Ok(path)
}

#[cfg(unix)]
fn executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(
        path,
        std::fs::Permissions::from_mode(0o755),
    )?)
}

#[cfg(not(unix))]
fn executable(_path: &Path) -> Result<()> {
    Ok(())
}
