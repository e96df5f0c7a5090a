//! A desk of its own for one window: a display in memory, a session bus, a real Secret Service, a
//! home. Nothing of it touches the person's own, and all of it ends with it.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long one of these programs may take to start.
const START: Duration = Duration::from_secs(30);

/// The programs and folders of one desk.
#[derive(Debug)]
pub struct Seat {
    home: PathBuf,
    display: String,
    bus: String,
    /// Display and bus: they end when this goes.
    _programs: Vec<Child>,
    keyring: Option<Child>,
    /// What the collection was made with.
    password: Option<String>,
}

/// Whether a desk has a Secret Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyring {
    /// An unlocked one.
    Unlocked,
    /// None: the program must ask for a passphrase.
    None,
}

impl Seat {
    /// Sets one up with its home in `folder`.
    pub async fn take(folder: &Path, keyring: Keyring) -> Result<Self> {
        let home = folder.join("home");
        for name in [
            "",
            ".local/share/applications",
            ".local/state",
            ".config",
            ".cache",
            "run",
            "tmp",
        ] {
            std::fs::create_dir_all(home.join(name))?;
        }
        private(&home.join("run"))?;
        let (screen, display) = display().await?;
        let (daemon, bus) = session_bus(&home).await?;
        let mut seat = Self {
            home,
            display,
            bus,
            _programs: vec![screen, daemon],
            keyring: None,
            password: None,
        };
        if keyring == Keyring::Unlocked {
            seat.unlock("test").await?;
        }
        Ok(seat)
    }

    /// A program at this desk.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        self.furnish(&mut command);
        command
    }

    /// Starts the Secret Service, with its collection opened by this password. With another
    /// password than the first time the collection stays locked. Either has come to pass when this
    /// answers: the service has its name on the bus before it has looked at the password.
    pub async fn unlock(&mut self, password: &str) -> Result<()> {
        self.lose_keyring().await;
        let mut command = Command::new("gnome-keyring-daemon");
        command
            .args(["--unlock", "--foreground", "--components=secrets"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        self.furnish(&mut command);
        let mut daemon = command
            .spawn()
            .context("gnome-keyring-daemon does not start")?;
        let mut input = daemon.stdin.take().context("its input is ours")?;
        input.write_all(password.as_bytes()).await?;
        drop(input);
        self.keyring = Some(daemon);
        let made_with = self.password.get_or_insert_with(|| password.to_owned());
        let locked = format!("boolean {}", made_with != password);
        let ready = crate::wait::until("the Secret Service", async || {
            let there = self.has_secret_service().await?;
            Ok((there && self.collection().await?.contains(&locked)).then_some(()))
        });
        ready.await
    }

    /// Whether the collection is locked, in the words of the bus; nothing while there is none.
    async fn collection(&self) -> Result<String> {
        let path = "/org/freedesktop/secrets/collection/login";
        let property = [
            "org.freedesktop.DBus.Properties.Get",
            "string:org.freedesktop.Secret.Collection",
            "string:Locked",
        ];
        let output = self
            .call("org.freedesktop.secrets", path, &property)
            .await?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Ends the Secret Service: the keychain is gone.
    pub async fn lose_keyring(&mut self) {
        if let Some(mut daemon) = self.keyring.take() {
            let _ = daemon.kill().await;
        }
    }

    /// From now on the Secret Service takes its time: it is there, and answers nothing.
    pub async fn stall_keyring(&self) -> Result<()> {
        self.signal_keyring("-STOP").await
    }

    /// It answers what it was asked meanwhile, and goes on.
    pub async fn resume_keyring(&self) -> Result<()> {
        self.signal_keyring("-CONT").await
    }

    async fn signal_keyring(&self, signal: &str) -> Result<()> {
        let id = self.keyring.as_ref().and_then(Child::id);
        let id = id.context("there is no Secret Service")?.to_string();
        let told = Command::new("kill").args([signal, &id]).status().await?;
        anyhow::ensure!(told.success(), "the Secret Service is not told");
        Ok(())
    }

    /// Locks the collection, as a session does that was left alone.
    pub async fn lock(&self) -> Result<()> {
        self.secrets(&[
            "org.freedesktop.Secret.Service.Lock",
            "array:objpath:/org/freedesktop/secrets/collection/login",
        ])
        .await
        .map(drop)
    }

    /// Where the programs at this desk think they live.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The address of its session bus.
    pub fn bus(&self) -> &str {
        &self.bus
    }

    /// Makes this program the desk's browser, for everything that looks one up.
    pub fn set_browser(&self, program: &Path) -> Result<()> {
        let entry = format!(
            "[Desktop Entry]\nType=Application\nName=Walk\nExec=\"{}\" %u\n\
             MimeType=x-scheme-handler/http;x-scheme-handler/https;\n",
            program.display()
        );
        std::fs::write(
            self.home.join(".local/share/applications/walk.desktop"),
            entry,
        )?;
        let list = "[Default Applications]\nx-scheme-handler/http=walk.desktop\n\
                    x-scheme-handler/https=walk.desktop\n";
        std::fs::write(self.home.join(".config/mimeapps.list"), list)?;
        Ok(())
    }

    fn furnish(&self, command: &mut Command) {
        let home = &self.home;
        command
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home.join("run"))
            .env("XDG_DATA_HOME", home.join(".local/share"))
            .env("XDG_CONFIG_HOME", home.join(".config"))
            .env("XDG_CACHE_HOME", home.join(".cache"))
            .env("XDG_STATE_HOME", home.join(".local/state"))
            .env("TMPDIR", home.join("tmp"))
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("LANG", "C.UTF-8")
            .env("NO_AT_BRIDGE", "1")
            .env_remove("LC_ALL")
            .env_remove("LANGUAGE")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("XDG_CURRENT_DESKTOP")
            .env_remove("BROWSER");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SHOPBELL_") {
                command.env_remove(name);
            }
        }
    }

    /// Waits until no program of ours has a name on the session bus: the last one has ended.
    pub async fn is_left(&self) -> Result<()> {
        crate::wait::until("the program to end", async || {
            let names = self.ask_bus(&["org.freedesktop.DBus.ListNames"]).await?;
            Ok((!names.contains("shopbell")).then_some(()))
        })
        .await
    }

    async fn has_secret_service(&self) -> Result<bool> {
        let name = "string:org.freedesktop.secrets";
        let answer = self
            .ask_bus(&["org.freedesktop.DBus.NameHasOwner", name])
            .await?;
        Ok(answer.contains("boolean true"))
    }

    async fn ask_bus(&self, call: &[&str]) -> Result<String> {
        let output = self
            .call("org.freedesktop.DBus", "/org/freedesktop/DBus", call)
            .await?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    async fn secrets(&self, call: &[&str]) -> Result<String> {
        let output = self
            .call("org.freedesktop.secrets", "/org/freedesktop/secrets", call)
            .await?;
        anyhow::ensure!(
            output.status.success(),
            "the Secret Service refused: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// One call on the session bus.
    async fn call(&self, name: &str, path: &str, call: &[&str]) -> Result<Output> {
        let mut command = Command::new("dbus-send");
        command
            .args(["--session", "--print-reply"])
            .arg(format!("--dest={name}"))
            .arg(path)
            .args(call);
        self.furnish(&mut command);
        command.output().await.context("dbus-send does not start")
    }
}

/// A display in memory. It chooses its own free number, so that none is fought for.
async fn display() -> Result<(Child, String)> {
    let mut child = Command::new("Xvfb")
        .args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "1440x900x24",
            "-nolisten",
            "tcp",
            "-noreset",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("Xvfb does not start: `cargo xtask setup` installs it")?;
    let number = first_line(&mut child, "Xvfb").await?;
    Ok((child, format!(":{number}")))
}

/// A session bus that starts nothing by itself: no second keychain, no prompt, no portal.
async fn session_bus(home: &Path) -> Result<(Child, String)> {
    let config = home.join("bus.conf");
    let text = format!(
        "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n \
         \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n\
         <busconfig><type>session</type><listen>unix:path={}</listen>\n\
         <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\n\
         <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>\n",
        home.join("run/bus").display()
    );
    std::fs::write(&config, text)?;
    let mut child = Command::new("dbus-daemon")
        .arg(format!("--config-file={}", config.display()))
        .args(["--nofork", "--nopidfile", "--print-address=1"])
        .env("XDG_RUNTIME_DIR", home.join("run"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("dbus-daemon does not start: `cargo xtask setup` installs it")?;
    let address = first_line(&mut child, "dbus-daemon").await?;
    Ok((child, address))
}

async fn first_line(child: &mut Child, name: &str) -> Result<String> {
    let output = child.stdout.take().context("its output is ours")?;
    let mut lines = BufReader::new(output).lines();
    let line = timeout(START, lines.next_line()).await;
    let line = line.with_context(|| format!("{name} says nothing"))??;
    line.with_context(|| format!("{name} ended at once"))
}

#[cfg(unix)]
fn private(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(
        folder,
        std::fs::Permissions::from_mode(0o700),
    )?)
}

#[cfg(not(unix))]
fn private(_folder: &Path) -> Result<()> {
    Ok(())
}
