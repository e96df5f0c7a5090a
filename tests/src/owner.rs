//! The shop owner's hands in the window: each method is something a person does, by the names the
//! window gives to its parts.

use anyhow::{Result, ensure};
use fantoccini::key::Key;

use crate::page::{Find, Page};

/// The person in front of the window.
#[derive(Debug, Clone)]
pub struct Owner {
    page: Page,
}

impl Owner {
    /// Somebody in front of this page.
    pub fn at(page: &Page) -> Self {
        Self { page: page.clone() }
    }

    /// First run: meets the relay, logs in, and waits for the accounts to choose from.
    pub async fn logs_in(&self, relay: &str) -> Result<()> {
        self.page.press("Connect my shop").await?;
        self.meets(relay).await?;
        self.page.press("Continue in the browser").await?;
        self.page
            .find(&Find::named("listbox", "Accounts found"))
            .await
            .map(drop)
    }

    /// Gives the relay's address and compares its words.
    pub async fn meets(&self, relay: &str) -> Result<()> {
        let address = Find::named("textbox", "Relay address");
        self.fills(&address, relay).await?;
        self.page.press("Continue").await?;
        let words = self
            .page
            .says(&Find::named("list", "The relay’s words"), "")
            .await?;
        ensure!(
            words.split_whitespace().count() >= 6,
            "the relay's words are {words:?}"
        );
        self.page.press("They match").await
    }

    /// Leaves ticked only the accounts whose names have these words, and connects them.
    pub async fn chooses(&self, accounts: &[&str]) -> Result<()> {
        let options = "p.all(document, {role: 'option', is: null, has: null}).map((o) => ({\
            name: p.name(o), on: o.getAttribute('aria-selected') === 'true',\
            off: o.getAttribute('aria-disabled') === 'true'}))";
        let options = self.page.now(options).await?;
        for option in options.as_array().into_iter().flatten() {
            let name = option["name"].as_str().unwrap_or_default();
            let wanted = accounts.iter().any(|words| name.contains(words));
            if option["off"] != true && (option["on"] == true) != wanted {
                self.page.click(&Find::named("option", name)).await?;
            }
        }
        self.page.press("Connect").await?;
        self.page
            .find(&Find::named("region", "Inbox"))
            .await
            .map(drop)
    }

    /// Opens the conversation whose row has these words, and waits for its messages.
    pub async fn opens(&self, words: &str) -> Result<()> {
        // A row in which something arrives goes to the top, under anybody's pointer.
        self.page
            .click_at_once(&Find::with("option", words))
            .await?;
        self.page.find(&Find::named("log", "Messages")).await?;
        self.page
            .find(&Find::named("textbox", "Reply"))
            .await
            .map(drop)
    }

    /// Waits until the open thread says this.
    pub async fn reads(&self, words: &str) -> Result<()> {
        self.page
            .says(&Find::named("log", "Messages"), words)
            .await
            .map(drop)
    }

    /// Waits until the row of a conversation says this.
    pub async fn sees_row(&self, words: &str) -> Result<()> {
        self.page.find(&Find::with("option", words)).await.map(drop)
    }

    /// Waits until a picture in the thread is drawn, and not only its frame.
    pub async fn sees_a_picture(&self) -> Result<()> {
        let drawn = "[...document.querySelectorAll('[role=log] img')]\
            .some((img) => img.complete && img.naturalWidth > 40)";
        self.page
            .answer(drawn, "the picture to be drawn")
            .await
            .map(drop)
    }

    /// Opens the picture of the thread, and waits until it is drawn larger than it lies there.
    pub async fn opens_the_picture(&self) -> Result<()> {
        self.page
            .click(&Find::with("button", "Picture from"))
            .await?;
        let large = "(() => { const width = (img) => img && img.complete && img.naturalWidth > 40\
              ? img.getBoundingClientRect().width : 0;\
            const small = Math.max(...[...document.querySelectorAll('[role=log] img')].map(width));\
            return small > 0 && width(document.querySelector('dialog img')) > small; })()";
        self.page
            .answer(large, "the picture, larger than in the thread")
            .await
            .map(drop)
    }

    /// Writes into the composer and sends.
    pub async fn answers(&self, words: &str) -> Result<()> {
        self.page
            .write(&Find::named("textbox", "Reply"), words)
            .await?;
        self.page.press("Send").await?;
        self.reads(words).await
    }

    /// Puts other words into a field.
    pub async fn fills(&self, field: &Find, words: &str) -> Result<()> {
        let element = self.page.find(field).await?;
        element.click().await?;
        element.clear().await?;
        self.page.type_into(&element, words).await
    }

    /// Goes to a section of the settings.
    pub async fn settings(&self, section: &str) -> Result<()> {
        self.page.press("Settings").await?;
        self.page.press(section).await
    }

    /// Goes back to the inbox.
    pub async fn inbox(&self) -> Result<()> {
        self.page.press("Back").await?;
        self.page
            .find(&Find::named("region", "Inbox"))
            .await
            .map(drop)
    }

    /// Disconnects and wipes the connection whose card has these words, by typing the name that
    /// the dialog asks for, and waits for the receipt.
    pub async fn wipes(&self, card: &str) -> Result<String> {
        self.asks_to_wipe(card).await?;
        self.confirms().await
    }

    /// Types the name that the dialog asks for and presses the button.
    pub async fn confirms(&self) -> Result<String> {
        let name = "document.querySelector('label[for=typed] b')?.textContent";
        let name = self.page.answer(name, "the name to type").await?;
        let field = Find::with("textbox", "to confirm");
        self.fills(&field, name.as_str().unwrap_or_default())
            .await?;
        self.page.press("Wipe now").await?;
        self.reads_the_receipt().await
    }

    /// Waits for the receipt of what has just gone, signed by both sides; the whole of it.
    pub async fn reads_the_receipt(&self) -> Result<String> {
        let receipt = Find::named("dialog", "Deletion receipt");
        self.page.says(&receipt, "and the relay").await?;
        let whole = "(document.querySelector('dialog article details').open = true)";
        self.page.now(whole).await?;
        self.page.says(&receipt, "relay-statement").await
    }

    /// Opens the dialog for that.
    pub async fn asks_to_wipe(&self, card: &str) -> Result<()> {
        self.settings("Connections").await?;
        let card = Find::with("article", card);
        let button = Find::named("button", "Disconnect and wipe");
        self.page.find_inside(&card, &button).await?.click().await?;
        self.page
            .find(&Find::named("dialog", "Disconnect and wipe"))
            .await
            .map(drop)
    }

    /// Deletes everything, by the settings' own way, and waits for the receipt.
    pub async fn deletes_everything(&self) -> Result<String> {
        self.settings("Privacy and account").await?;
        self.page.press("Delete everything").await?;
        self.page
            .find(&Find::named("dialog", "Delete everything"))
            .await?;
        self.confirms().await
    }

    /// Searches for these words.
    pub async fn searches(&self, words: &str) -> Result<()> {
        self.page.press("Search").await?;
        self.fills(&Find::named("searchbox", "Search"), words).await
    }

    /// Presses a key where the focus is.
    pub async fn presses(&self, key: Key) -> Result<()> {
        self.page.keys(&char::from(key).to_string()).await
    }
}
