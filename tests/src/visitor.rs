//! Somebody in front of an ordinary browser, for the pages of ours that open in one.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use tokio::process::Child;

use crate::desktop::connect;
use crate::page::Page;
use crate::seat::Seat;

/// A browser that shows a page. It ends when it is dropped.
#[derive(Debug)]
pub struct Visitor {
    page: Page,
    _driver: Child,
}

impl Visitor {
    /// Opens this address in the browser that comes with the web view.
    pub async fn opens(seat: &Seat, address: &str) -> Result<Self> {
        let port = crate::ports::free()?;
        let driver = seat
            .command(Path::new("WebKitWebDriver"))
            .arg(format!("--port={port}"))
            .arg("--host=127.0.0.1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("WebKitWebDriver does not start: `cargo xtask setup`")?;
        let client = connect(port, None).await?;
        client.set_window_size(1440, 1000).await?;
        client.goto(address).await?;
        Ok(Self {
            page: Page::new(client).await?,
            _driver: driver,
        })
    }

    /// The page it shows.
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// Closes the browser.
    pub async fn leaves(self) -> Result<()> {
        Ok(self.page.client().clone().close().await?)
    }
}
