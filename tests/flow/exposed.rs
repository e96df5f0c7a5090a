//! What other programs and other people on the same machine see of the programs that run without a
//! window: not the relay's secrets in the list of programs, and no memory on the disk when one breaks
//! off.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tests::exposed::{
    as_nobody, broken_off, core_limit, is_root, machine_leaves_cores, nobody_reads, shown, sleeps,
};
use tests::programs::program;
use tests::{ports, wait};
use tokio::process::{Child, Command};

const SECRET: &str = "app-secret-canary-5f1c9a";
const VERIFY: &str = "verify-token-canary-77b2";

fn secrets() -> Vec<(String, Vec<u8>)> {
    [("the app's secret", SECRET), ("the verify token", VERIFY)]
        .map(|(name, secret)| (name.to_owned(), secret.as_bytes().to_vec()))
        .to_vec()
}

/// A place for a program of ours that anybody may run and nobody else looks into.
struct Place {
    folder: TempDir,
    program: PathBuf,
}

impl Place {
    fn make(name: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // Where the build lies, not everybody may go.
        let copy = folder.path().join(name);
        std::fs::copy(program(name)?, &copy)?;
        open(folder.path())?;
        Ok(Self {
            program: copy,
            folder,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn open(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let all = std::fs::Permissions::from_mode(0o777);
    Ok(std::fs::set_permissions(path, all)?)
}

/// How the relay is told its secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    File,
    Environment,
    Flag,
}

struct Relay {
    place: Place,
    address: SocketAddr,
    told: Told,
}

impl Relay {
    fn new(told: Told) -> Result<Self> {
        let relay = Self {
            place: Place::make("shopbell-relay")?,
            address: SocketAddr::from(([127, 0, 0, 1], ports::free()?)),
            told,
        };
        for (name, secret) in [("secret", SECRET), ("verify", VERIFY)] {
            std::fs::write(relay.place.path(name), secret)?;
        }
        Ok(relay)
    }

    fn command(&self, what: &str) -> Command {
        let mut command = as_nobody(&self.place.program);
        let store = format!("sqlite:{}", self.place.path("relay.db").display());
        command
            .arg(what)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("SHOPBELL_LISTEN", self.address.to_string())
            .env("SHOPBELL_STORE", store)
            .env("SHOPBELL_KEYS", self.place.path("keys"))
            .env("SHOPBELL_META_APP_ID", sandbox::APP_ID)
            .env("SHOPBELL_LOG", "warn")
            .current_dir(self.place.folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        match self.told {
            Told::File => {
                command.env("SHOPBELL_META_APP_SECRETS_FILE", self.place.path("secret"));
                command.env("SHOPBELL_META_VERIFY_TOKEN_FILE", self.place.path("verify"));
            }
            Told::Environment => {
                command.env("SHOPBELL_META_APP_SECRETS", SECRET);
                command.env("SHOPBELL_META_VERIFY_TOKEN", VERIFY);
            }
            Told::Flag => {
                command.args(["--meta-app-secrets", SECRET]);
                command.arg(format!("--meta-verify-token={VERIFY}"));
            }
        }
        command
    }

    /// Starts it and waits until it serves.
    async fn serve(&self) -> Result<Child> {
        let made = self.command("init").output().await?;
        ensure!(made.status.success(), "{made:?}");
        let mut relay = self.command("serve").spawn()?;
        wait::until("the relay to serve", async || {
            ensure!(relay.try_wait()?.is_none(), "the relay ended");
            let stream = tokio::net::TcpStream::connect(self.address).await;
            Ok(stream.ok().map(drop))
        })
        .await?;
        // It has its secrets, wherever they came from.
        let asked = format!(
            "http://{}/webhooks/meta?hub.mode=subscribe&hub.challenge=7&hub.verify_token={VERIFY}",
            self.address
        );
        let answer = tests::phones::http().get(asked).send().await?;
        ensure!(answer.status() == 200, "the relay knows no verify token");
        Ok(relay)
    }
}

#[tokio::test]
async fn the_relay_s_secrets_are_not_in_the_list_of_programs() -> Result<()> {
    for told in [Told::File, Told::Environment, Told::Flag] {
        let relay = Relay::new(told)?;
        let mut child = relay.serve().await?;
        let id = child.id().context("it runs")?;
        let mut seen = shown(id, &secrets())?;
        let environment = PathBuf::from(format!("/proc/{id}/environ"));
        ensure!(
            !nobody_reads(&environment).await?,
            "other programs of the same user read the relay's environment"
        );
        if told != Told::File {
            // Whoever may do everything sees what was put there; the guide names files.
            let before = seen.len();
            seen.retain(|one| !one.ends_with("in environ"));
            let there = if is_root() { 2 } else { 0 };
            ensure!(before - seen.len() == there, "control: {told:?}: {seen:?}");
        }
        ensure!(seen.is_empty(), "{told:?}: {seen:?}");
        child.kill().await?;
    }
    Ok(())
}

#[tokio::test]
async fn control_a_program_that_does_not_mind_shows_its_secrets() -> Result<()> {
    let mut command = as_nobody(Path::new("sleep"));
    let mut child = command
        .args(["600"])
        .env("KEPT", SECRET)
        .kill_on_drop(true)
        .spawn()?;
    let id = child.id().context("it runs")?;
    sleeps(id).await?;
    ensure!(shown(id, &secrets())? == ["the app's secret in environ"]);
    ensure!(nobody_reads(&PathBuf::from(format!("/proc/{id}/environ"))).await?);
    Ok(child.kill().await?)
}

#[tokio::test]
async fn a_relay_that_breaks_off_leaves_no_memory_on_the_disk() -> Result<()> {
    let leaves = machine_leaves_cores().await?;
    let relay = Relay::new(Told::File)?;
    let mut child = relay.serve().await?;
    let id = child.id().context("it runs")?;
    assert_eq!(core_limit(id)?, ("0".to_owned(), "0".to_owned()));
    let cores = broken_off(id, relay.place.folder.path()).await?;
    let status = child.wait().await?;
    ensure!(cores.is_empty(), "{cores:?}");
    ensure!(!status.success(), "{status}, leaves cores: {leaves}");
    Ok(())
}

#[tokio::test]
async fn a_decoder_that_breaks_off_leaves_no_picture_on_the_disk() -> Result<()> {
    let place = Place::make("shopbell")?;
    let mut child = Command::new(&place.program)
        .arg("decode")
        .env_clear()
        .current_dir(place.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let id = child.id().context("it runs")?;
    wait::until("the decoder to have lowered its limit", async || {
        Ok((core_limit(id)?.1 == "0").then_some(()))
    })
    .await?;
    wait::until("the decoder to read", async || {
        // Which call it waits in is shown to nobody; that it waits, to everybody.
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        Ok(stat.contains(") S ").then_some(()))
    })
    .await?;
    let cores = broken_off(id, place.folder.path()).await?;
    child.wait().await?;
    ensure!(cores.is_empty(), "{cores:?}");
    Ok(())
}
