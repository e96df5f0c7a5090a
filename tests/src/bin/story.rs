//! The whole story of a shop, played through the real window: `cargo xtask demo --headless`.
//!
//! `story SANDBOX RELAY DATA PICTURES BROWSER`. One line of evidence and one picture per step; ends
//! with an error at the first step that fails.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use fantoccini::key::Key;
use serde_json::Value;
use tests::desktop::{Desktop, Start, run};
use tests::owner::Owner;
use tests::page::{Find, Page};
use tests::phones::Phones;
use tests::seat::{Keyring, Seat};
use tests::wait;

/// The three who write, where, and what.
const PEOPLE: [(&str, &str, &str, &str, &str); 3] = [
    (
        "instagram",
        "clara",
        "Clara Whitfield",
        "Hi! Do you still have the peonies from your story?",
        "Good morning Clara, yes: pink and white. Shall I put some aside?",
    ),
    (
        "messenger",
        "layla",
        "ليلى حدّاد",
        "مرحباً، هل لديكم باقات لحفل زفاف؟",
        "أهلاً ليلى! نعم، يسعدنا ذلك. متى الحفل؟",
    ),
    (
        "whatsapp",
        "misaki",
        "田中 美咲",
        "こんにちは。母の誕生日に花束をお願いしたいです。",
        "ありがとうございます、美咲さん。何色がお好きですか。🌷",
    ),
];

#[tokio::main]
async fn main() -> ExitCode {
    match play().await {
        Ok(steps) => {
            say(&format!("The story was played to its end: {steps} steps."));
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&format!("✗ {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn play() -> Result<u32> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [sandbox, relay, data, pictures, browser] = arguments.as_slice() else {
        anyhow::bail!("usage: story SANDBOX RELAY DATA PICTURES BROWSER");
    };
    let folder = PathBuf::from(data);
    let browser = PathBuf::from(browser);
    let seat = Seat::take(&folder.join("desk"), Keyring::Unlocked).await?;
    seat.set_browser(&browser)?;
    let start = Start {
        data: folder.join("desktop"),
        log: folder.join("desktop.log"),
        environment: vec![
            ("SHOPBELL_RELAY_URL".to_owned(), relay.clone()),
            ("SHOPBELL_GRAPH_URL".to_owned(), format!("{sandbox}/graph")),
            (
                "SHOPBELL_FACEBOOK_URL".to_owned(),
                format!("{sandbox}/facebook"),
            ),
            (
                "SHOPBELL_INSTAGRAM_URL".to_owned(),
                format!("{sandbox}/instagram"),
            ),
            ("BROWSER".to_owned(), browser.display().to_string()),
        ],
        size: (1440, 900),
    };
    let desktop = Desktop::start(&seat, &start).await?;
    let mut story = Story {
        page: desktop.page().clone(),
        owner: Owner::at(desktop.page()),
        phones: Phones::new(sandbox.parse()?),
        relay: relay.clone(),
        pictures: PathBuf::from(pictures),
        receipt: folder.join("receipt.txt"),
        vaults: start.data.join("vaults"),
        step: 0,
        begun: Instant::now(),
    };
    story.connect().await?;
    story.receive().await?;
    story.answer().await?;
    story.read_marks().await?;
    story.picture().await?;
    story.search().await?;
    story.disconnect().await?;
    story.sibling().await?;
    story.deletion().await?;
    let steps = story.step;
    desktop.close(&seat).await?;
    Ok(steps)
}

struct Story {
    page: Page,
    owner: Owner,
    phones: Phones,
    relay: String,
    pictures: PathBuf,
    receipt: PathBuf,
    vaults: PathBuf,
    step: u32,
    begun: Instant,
}

impl Story {
    async fn connect(&mut self) -> Result<()> {
        self.page
            .find(&Find::named("button", "Connect my shop"))
            .await?;
        self.shown("first-run", "the window opened on its first run")
            .await?;
        self.owner.logs_in(&self.relay).await?;
        let found = self.page.count(&Find::any("option")).await?;
        self.shown(
            "accounts",
            &format!("the login found {found} accounts to choose from"),
        )
        .await?;
        self.owner
            .chooses(&["Instagram", "Fern & Ribbon Messenger", "WhatsApp"])
            .await?;
        let vaults = self.kept()?;
        self.shown(
            "inbox-empty",
            &format!("Instagram, a Page and a WhatsApp number are connected: {vaults} vaults"),
        )
        .await
    }

    async fn receive(&mut self) -> Result<()> {
        for (channel, from, name, words, _) in PEOPLE {
            let id = self.phones.say(channel, from, words).await?;
            self.owner.sees_row(name).await?;
            self.shown(
                &format!("received-{channel}"),
                &format!(
                    "{name} wrote on {channel} ({}); it is in the window",
                    short(&id)
                ),
            )
            .await?;
        }
        Ok(())
    }

    async fn answer(&mut self) -> Result<()> {
        for (channel, _, name, words, answer) in PEOPLE {
            self.owner.opens(name).await?;
            self.owner.reads(words).await?;
            self.owner.answers(answer).await?;
            let sent = |state: &Value| {
                let sent = state["sent"]
                    .as_array()?
                    .iter()
                    .find(|sent| sent["text"] == answer)?;
                Some(sent["id"].as_str()?.to_owned())
            };
            let id = self.phones.until("the answer on the phone", sent).await?;
            self.is_read(name).await?;
            self.shown(
                &format!("answered-{channel}"),
                &format!("the answer reached {name} on {channel} ({})", short(&id)),
            )
            .await?;
        }
        Ok(())
    }

    /// Waits until the row of a conversation has no badge.
    async fn is_read(&self, name: &str) -> Result<()> {
        let rows = format!(
            "p.all(document, {{role: 'option', is: null, has: {}}})",
            Value::from(name)
        );
        let read = format!("{rows}.some((row) => !p.name(row).includes('unread'))");
        self.page
            .answer(&read, "a row that is read")
            .await
            .map(drop)
    }

    async fn read_marks(&mut self) -> Result<()> {
        for (channel, from, name, ..) in PEOPLE {
            self.owner.opens(name).await?;
            // Instagram tells only when an answer was read.
            let (mark, before) = match channel {
                "instagram" => ("Sent", "sent"),
                _ => ("Delivered", "delivered"),
            };
            self.owner.reads(mark).await?;
            self.phones.read(channel, from).await?;
            self.owner.reads("Read").await?;
            self.shown(
                &format!("read-{channel}"),
                &format!("{before}, then read by {name} on {channel}: both marks were there"),
            )
            .await?;
        }
        Ok(())
    }

    async fn picture(&mut self) -> Result<()> {
        let [(channel, from, name, ..), ..] = PEOPLE;
        self.owner.opens(name).await?;
        self.phones.send_picture(channel, from, "bouquet").await?;
        let drawn = "[...document.querySelectorAll('[role=log] img')]\
            .find((img) => img.complete && img.naturalWidth > 40)?.naturalWidth";
        let width = self.page.answer(drawn, "the picture to be drawn").await?;
        self.is_read(name).await?;
        self.shown(
            "picture",
            &format!("a picture came in and is drawn, {width} pixels wide"),
        )
        .await?;
        self.owner.opens_the_picture().await?;
        self.shown("picture-large", "it opens large").await?;
        self.owner.presses(Key::Escape).await?;
        self.page.gone(&Find::any("dialog")).await
    }

    async fn search(&mut self) -> Result<()> {
        self.owner.searches("peon").await?;
        self.page.find(&Find::with("option", "peonies")).await?;
        self.shown("search", "search finds the word by its beginning")
            .await?;
        self.owner.inbox().await
    }

    async fn disconnect(&mut self) -> Result<()> {
        self.owner.asks_to_wipe("Instagram").await?;
        self.shown("wipe-asked", "the dialog says what goes and what stays")
            .await?;
        self.owner.confirms().await?;
        let fold = "document.querySelector('dialog article details').open = ";
        self.page.now(&format!("({fold} false)")).await?;
        self.shown(
            "receipt",
            "Instagram is wiped; the receipt is signed by both sides",
        )
        .await?;
        self.page.now(&format!("({fold} true)")).await?;
        self.verify().await?;
        self.page.press("Back to the inbox").await
    }

    /// The receipt is the relay's, to the byte.
    async fn verify(&mut self) -> Result<()> {
        let text = self
            .page
            .now("document.querySelector('dialog pre, [role=dialog] pre')?.textContent");
        let text = text.await?;
        let text = text.as_str().context("the receipt has a text")?;
        let keys = tests::phones::http()
            .get(format!("{}/keys", self.relay))
            .send();
        let keys: Value = keys.await?.json().await?;
        let key = keys
            .pointer("/keys/current")
            .and_then(Value::as_str)
            .context("the relay's key")?;
        let file = self.receipt.display().to_string();
        let check = ["verify-receipt", &file, "--relay-key", key];
        std::fs::write(&self.receipt, text)?;
        let (good, said) = run("shopbell", &check).await?;
        ensure!(good, "shopbell verify-receipt: {said}");
        let mut changed = text.as_bytes().to_vec();
        let middle = changed.len() / 2;
        *changed.get_mut(middle).context("a byte")? ^= 1;
        std::fs::write(&self.receipt, changed)?;
        let (believed, said) = run("shopbell", &check).await?;
        ensure!(!believed, "a changed receipt is believed: {said}");
        std::fs::write(&self.receipt, text)?;
        self.shown(
            "receipt-verified",
            "shopbell verify-receipt accepts it with the relay's key, and not with a byte changed",
        )
        .await
    }

    async fn sibling(&mut self) -> Result<()> {
        let words = "شكراً جزيلاً 🤍";
        self.phones.say("messenger", "layla", words).await?;
        // Its row comes to the top: whoever clicks before that clicks on another.
        self.owner.sees_row(words).await?;
        self.owner.opens("ليلى").await?;
        self.owner.reads(words).await?;
        let gone = self.page.count(&Find::with("option", "Clara")).await?;
        ensure!(gone == 0, "Clara's conversation is still listed");
        self.shown(
            "sibling",
            "Messenger of the same login goes on; Instagram's people are gone",
        )
        .await
    }

    async fn deletion(&mut self) -> Result<()> {
        ensure!(
            self.kept()? == 2,
            "Messenger and WhatsApp have a vault each"
        );
        let answer = self.phones.ask_for_deletion("owner").await?;
        let code = answer
            .get("confirmation_code")
            .and_then(Value::as_str)
            .context("a confirmation code")?;
        self.page
            .find(&Find::named("button", "Connect my shop"))
            .await?;
        wait::until("the vaults to be gone", async || {
            Ok((self.kept()? == 0).then_some(()))
        })
        .await?;
        let url = format!("{}/deletion/{code}", self.relay);
        let status = wait::until("the public status page", async || {
            let request = tests::phones::http()
                .get(&url)
                .header("accept", "application/json");
            let status: Value = request.send().await?.json().await?;
            Ok((status.get("state") == Some(&"completed".into())).then_some(status))
        })
        .await?;
        let devices = status
            .get("devices")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        let page = tests::phones::http().get(&url).send().await?.text().await?;
        std::fs::write(self.pictures.join("status.html"), page)?;
        self.shown(
            "deleted",
            &format!(
                "Meta's deletion callback erased the rest: 0 vaults; the public status page says \
                 completed, {devices} computer has erased"
            ),
        )
        .await
    }

    /// How many vaults lie on the disk.
    fn kept(&self) -> Result<usize> {
        match std::fs::read_dir(&self.vaults) {
            Ok(vaults) => Ok(vaults.count()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error).context("the vaults' folder"),
        }
    }

    /// A step that can be seen.
    async fn shown(&mut self, name: &str, evidence: &str) -> Result<()> {
        let picture = self.page.picture().await.with_context(|| name.to_owned())?;
        let file = self
            .pictures
            .join(format!("{:02}-{name}.png", self.step + 1));
        std::fs::write(file, picture)?;
        self.told(evidence);
        Ok(())
    }

    /// A step that can be read.
    fn told(&mut self, evidence: &str) {
        self.step += 1;
        let seconds = self.begun.elapsed().as_secs_f32();
        say(&format!("✓ {:2}  {seconds:5.1} s  {evidence}", self.step));
    }
}

/// The end of a long id is enough to recognise it.
fn short(id: &str) -> String {
    let before = id.chars().count().saturating_sub(12);
    format!("…{}", id.chars().skip(before).collect::<String>())
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // A reader that left is no reason to stop the story.
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}
