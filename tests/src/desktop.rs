//! The real program with its real window, driven through WebKitGTK's own WebDriver.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use anyhow::{Context, Result};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tokio::process::{Child, Command};

use crate::page::Page;
use crate::programs::program;
use crate::seat::Seat;
use crate::wait;

/// What the program is started with.
#[derive(Debug, Clone)]
pub struct Start {
    /// The data folder; it survives a restart.
    pub data: PathBuf,
    /// Where the program's own words go.
    pub log: PathBuf,
    /// The relay's and the platforms' addresses, `BROWSER`, and whatever else a test sets.
    pub environment: Vec<(String, String)>,
    /// The window's size.
    pub size: (u32, u32),
}

/// A running program.
#[derive(Debug)]
pub struct Desktop {
    page: Page,
    driver: Child,
}

impl Desktop {
    /// Starts the program at a desk and waits for its window.
    pub async fn start(seat: &Seat, start: &Start) -> Result<Self> {
        let port = crate::ports::free()?;
        let mut command = seat.command(Path::new("WebKitWebDriver"));
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&start.log)?;
        command
            .arg(format!("--port={port}"))
            .arg("--host=127.0.0.1")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("SHOPBELL_DATA_DIR", &start.data)
            .envs(start.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        let driver = command
            .spawn()
            .context("WebKitWebDriver does not start: `cargo xtask setup`")?;
        let options = json!({"binary": program("shopbell")?, "args": []});
        let client = connect(port, Some(options)).await;
        let client = client.with_context(|| tail(&start.log))?;
        let (width, height) = start.size;
        client.set_window_size(width, height).await?;
        Ok(Self {
            page: Page::new(client).await?,
            driver,
        })
    }

    /// The number of the driver that started it.
    pub fn driver(&self) -> Option<u32> {
        self.driver.id()
    }

    /// The page in its window.
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// Closes the window, as its owner does, and waits until the program ended.
    pub async fn close(mut self, seat: &Seat) -> Result<()> {
        self.page.client().clone().close().await?;
        seat.is_left().await?;
        Ok(self.driver.kill().await?)
    }

    /// Ends the program without asking it.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.driver.kill().await?)
    }
}

/// Starts the program as it is shipped: nobody steers it, and its window is private.
pub fn alone(seat: &Seat, start: &Start) -> Result<Child> {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(&start.log)?;
    let variables = start.environment.iter();
    let child = seat
        .command(&program("shopbell")?)
        .env("SHOPBELL_DATA_DIR", &start.data)
        .envs(variables.map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()?;
    Ok(child)
}

/// Starts the program at a desk where it runs already, and waits until the second one has ended.
pub async fn second_start(seat: &Seat, start: &Start, arguments: &[&str]) -> Result<ExitStatus> {
    let mut command = seat.command(&program("shopbell")?);
    let variables = start.environment.iter();
    let mut child = command
        .args(arguments)
        .env("SHOPBELL_DATA_DIR", &start.data)
        .envs(variables.map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let ended = tokio::time::timeout(wait::LIMIT, child.wait()).await;
    Ok(ended.context("the second start goes on")??)
}

/// A session of the driver at this port, with a program of ours or with its own browser.
pub(crate) async fn connect(port: u16, program: Option<serde_json::Value>) -> Result<Client> {
    let address = format!("http://127.0.0.1:{port}");
    wait::until("WebKitWebDriver to listen", async || {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await;
        Ok(stream.ok().map(drop))
    })
    .await?;
    let mut capabilities =
        serde_json::Map::from_iter([("pageLoadStrategy".to_owned(), json!("normal"))]);
    if let Some(options) = program {
        capabilities.insert("webkitgtk:browserOptions".to_owned(), options);
    }
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(capabilities);
    let session = tokio::time::timeout(wait::LIMIT, builder.connect(&address)).await;
    session
        .context("the window did not open in time")?
        .context("the window did not open")
}

/// The end of a log, for whoever reads why a test failed.
fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(30);
    format!(
        "the program said:\n{}",
        lines.get(from..).unwrap_or_default().join("\n")
    )
}

/// Runs a program of ours that needs no window, and returns what it said and whether it was glad.
pub async fn run(name: &str, arguments: &[&str]) -> Result<(bool, String)> {
    let output = Command::new(program(name)?)
        .args(arguments)
        .output()
        .await?;
    let text = [output.stdout, output.stderr].concat();
    Ok((
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    ))
}
