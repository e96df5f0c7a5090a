//! `cargo xtask demo`, as somebody starts it who has a display: it opens the phones' page and the
//! window, connects nothing by itself, ends with everything it started, and begins anew unless the
//! data shall be kept. Its build folder is one of its own, so that nobody's demo is touched.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command as Plain, ExitStatus, Output, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::memory::{Process, family};
use tests::phones::{Phones, http};
use tests::programs::program;
use tests::seat::{Keyring, Seat};
use tests::wait;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};
use tokio::time::timeout;
use url::Url;

/// What the demo consists of, as the system shortens the names.
const PROGRAMS: [&str; 4] = [
    "shopbell-sandbo",
    "shopbell-relay",
    "shopbell",
    "WebKitWebProces",
];

/// A desk, and a build folder in which the demo finds the programs that are built.
struct Place {
    seat: Seat,
    target: PathBuf,
    browser: PathBuf,
    opened: PathBuf,
    _folder: tempfile::TempDir,
}

impl Place {
    async fn take() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let target = folder.path().join("target");
        std::fs::create_dir_all(&target)?;
        let built = program("xtask")?;
        symlink(built.parent().context("a folder")?, target.join("debug"))?;
        let seat = Seat::take(folder.path(), Keyring::Unlocked).await?;
        let (browser, opened) = (folder.path().join("browser"), folder.path().join("opened"));
        let script = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$1\" >> '{}'\n",
            opened.display()
        );
        std::fs::write(&browser, script)?;
        let made = Plain::new("chmod").arg("755").arg(&browser).status()?;
        ensure!(made.success(), "the browser is no program");
        seat.set_browser(&browser)?;
        // `xdg-open` knows no quotes around a program.
        let entry = seat.home().join(".local/share/applications/walk.desktop");
        let text = std::fs::read_to_string(&entry)?;
        std::fs::write(&entry, text.replace('"', ""))?;
        Ok(Self {
            seat,
            target,
            browser,
            opened,
            _folder: folder,
        })
    }

    /// Starts the demo and waits until it has said where everything is.
    async fn starts(&self, flags: &[&str]) -> Result<Demo> {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let home = home.context("the person has a home")?;
        let mut command = self.seat.command(&program("xtask")?);
        command
            .args(["demo", "--built"])
            .args(flags)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("BROWSER", &self.browser);
        // The desk has a home of its own, in which there is no cargo.
        for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            if std::env::var_os(name).is_none() {
                command.env(name, home.join(folder));
            }
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(self.complaints())?)
            .spawn()?;
        let said = child.stdout.take().context("its words are ours")?;
        let mut demo = Demo {
            child,
            lines: BufReader::new(said).lines(),
        };
        demo.hears("Ctrl-C ends everything").await?;
        Ok(demo)
    }

    /// What the demo started last could not do.
    fn complaints(&self) -> PathBuf {
        self.target.join("complaints")
    }

    fn data(&self) -> PathBuf {
        self.target.join("demo-data")
    }

    /// What makes this demo's shop and relay these and no others.
    async fn identity(&self) -> Result<(Vec<u8>, String)> {
        let profile = self.data().join("desktop/profile");
        let profile = wait::until("the shop to be there", async || {
            Ok(std::fs::read(&profile).ok().filter(|one| !one.is_empty()))
        });
        let words = std::fs::read_to_string(self.data().join("relay/words"))?;
        ensure!(words.split_whitespace().count() >= 6, "{words:?}");
        Ok((profile.await?, words))
    }

    /// The phones' page that the demo has opened last.
    async fn phones(&self, demos: usize) -> Result<Url> {
        let opened = wait::until("the phones' page to be opened", async || {
            let opened = std::fs::read_to_string(&self.opened).unwrap_or_default();
            let lines: Vec<String> = opened.lines().map(str::to_owned).collect();
            Ok((lines.len() == demos).then_some(lines))
        });
        let opened = opened.await?;
        Ok(opened.last().context("one was opened")?.parse()?)
    }
}

/// A running demo. What is left of it when a test fails is asked to end.
struct Demo {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Demo {
    async fn hears(&mut self, words: &str) -> Result<()> {
        let mut said = String::new();
        let hearing = async {
            while let Some(line) = self.lines.next_line().await? {
                if line.contains(words) {
                    return anyhow::Ok(true);
                }
                said += &line;
                said.push('\n');
            }
            Ok(false)
        };
        let heard = timeout(wait::LIMIT, hearing).await;
        let heard = heard.with_context(|| format!("the demo has not said {words:?}"))??;
        ensure!(heard, "the demo ended without {words:?}, after:\n{said}");
        Ok(())
    }

    /// Waits until all its programs run; returns everything it has started.
    async fn runs(&self) -> Result<Vec<Process>> {
        let id = self.child.id().context("it runs")?;
        wait::until("all programs of the demo", async || {
            let family = family(id)?;
            let runs = |name: &&str| family.iter().any(|one| one.name == **name);
            Ok(PROGRAMS.iter().all(runs).then_some(family))
        })
        .await
    }

    /// Ctrl-C.
    async fn gets_ctrl_c(mut self) -> Result<ExitStatus> {
        interrupt(&self.child);
        let ended = timeout(wait::LIMIT, self.child.wait()).await;
        Ok(ended.context("the demo goes on after Ctrl-C")??)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        interrupt(&self.child);
    }
}

fn interrupt(child: &Child) {
    if let Some(id) = child.id() {
        let _ = Plain::new("kill").args(["-INT", &id.to_string()]).status();
    }
}

/// Which of these still run.
fn left(of: &[Process]) -> Vec<&Process> {
    let runs = |one: &&Process| {
        let stat =
            std::fs::read_to_string(Path::new("/proc").join(one.id.to_string()).join("stat"));
        // Its number may be somebody else's by now; one that nobody has reaped does not run.
        stat.is_ok_and(|stat| stat.contains(&format!("({}) ", one.name)) && !stat.contains(") Z"))
    };
    of.iter().filter(runs).collect()
}

/// Nobody has logged in, nothing is subscribed, and nobody has asked the platform for anything.
fn is_untouched(state: &Value) -> bool {
    let list = |name: &str| state.get(name).and_then(Value::as_array);
    let off = |name: &str, what: &str| {
        list(name).is_some_and(|all| {
            !all.is_empty()
                && all
                    .iter()
                    .all(|of| of.get(what) == Some(&Value::Bool(false)))
        })
    };
    off("accounts", "subscribed")
        && off("users", "app_installed")
        && list("calls").is_some_and(Vec::is_empty)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_connects_nothing_ends_with_all_it_started_and_keeps_only_what_it_shall()
-> Result<()> {
    let place = Place::take().await?;
    let demo = place.starts(&[]).await?;
    let family = demo.runs().await?;
    let phones = place.phones(1).await?;
    let page = http().get(phones.clone()).send().await?.text().await?;
    ensure!(
        page.contains("Customers' phones"),
        "{phones} shows no phones"
    );
    let first = place.identity().await?;
    let state = Phones::new(phones.clone()).state().await?;
    ensure!(is_untouched(&state), "something was connected: {state}");
    // The control: the same look finds them while they run.
    let runs = |name: &&str| left(&family).iter().any(|one| one.name == **name);
    ensure!(PROGRAMS.iter().all(runs), "{family:?}");
    let ended = demo.gets_ctrl_c().await?;
    ensure!(ended.success(), "after Ctrl-C: {ended}");
    ensure!(left(&family).is_empty(), "left: {:?}", left(&family));
    ensure!(
        http().get(phones).send().await.is_err(),
        "the sandbox answers"
    );

    let demo = place.starts(&["--keep"]).await?;
    let family = demo.runs().await?;
    place.phones(2).await?;
    ensure!(place.identity().await? == first, "the data was not kept");
    demo.gets_ctrl_c().await?;
    ensure!(left(&family).is_empty(), "left: {:?}", left(&family));

    let demo = place.starts(&[]).await?;
    let family = demo.runs().await?;
    place.phones(3).await?;
    let third = place.identity().await?;
    ensure!(
        third.0 != first.0 && third.1 != first.1,
        "the shop or the relay is the old one"
    );
    // The first shop's secrets went with it; the demo says so where they stay.
    let complaints = std::fs::read_to_string(place.complaints())?;
    ensure!(!complaints.contains("keychain"), "{complaints}");
    demo.gets_ctrl_c().await?;
    ensure!(left(&family).is_empty(), "left: {:?}", left(&family));
    Ok(())
}

/// The demo where there is no display, with its own story or with a program instead of it.
async fn told(place: &Place, story: Option<&str>) -> Result<Output> {
    if let Some(script) = story {
        let built = std::fs::read_link(place.target.join("debug"))?;
        std::fs::remove_file(place.target.join("debug"))?;
        std::fs::create_dir(place.target.join("debug"))?;
        for name in ["xtask", "shopbell", "shopbell-relay", "shopbell-sandbox"] {
            symlink(built.join(name), place.target.join("debug").join(name))?;
        }
        let path = place.target.join("debug/story");
        std::fs::write(&path, script)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    }
    let output = tokio::process::Command::new(program("xtask")?)
        .args(["demo", "--built"])
        .env("CARGO_TARGET_DIR", &place.target)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    Ok(output)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_breaks_off_is_a_failure_of_the_demo() -> Result<()> {
    let place = Place::take().await?;
    let output = told(&place, Some("#!/bin/sh\nexit 3\n")).await?;
    ensure!(!output.status.success(), "{output:?}");
    // The story itself, before a sandbox and a relay where nobody listens.
    let nobody = format!("http://127.0.0.1:{}", tests::ports::free()?);
    let folder = tempfile::tempdir()?;
    let output = tokio::process::Command::new(program("story")?)
        .args([&nobody, &nobody])
        .args([folder.path(), folder.path(), &place.browser])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    let said = [output.stdout.clone(), output.stderr.clone()].concat();
    ensure!(!output.status.success(), "{output:?}");
    ensure!(String::from_utf8_lossy(&said).contains('✗'), "{output:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_is_played_to_its_end_with_evidence_and_a_picture_for_each_step() -> Result<()> {
    let place = Place::take().await?;
    let output = told(&place, None).await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}\n{complaints}");
    ensure!(said.contains("There is no display here"), "{said}");
    let steps = said
        .lines()
        .filter(|line| line.starts_with("✓  ") || line.starts_with("✓ 1"));
    let mut pictures = 0;
    for entry in std::fs::read_dir(place.target.join("demo"))? {
        let path = entry?.path();
        pictures += usize::from(path.extension().is_some_and(|end| end == "png"));
    }
    let steps = steps.count();
    ensure!(
        steps >= 18 && pictures >= steps,
        "{steps} steps, {pictures} pictures:\n{said}"
    );
    Ok(())
}
