//! What the window leaves behind of what was forgotten: nothing, wherever a program may write. The
//! whole desk is looked through, in every form words may lie on a disk.
//!
//! WebDriver can only steer a window that is not private. So the web view here keeps more than the
//! one owners have: what it can be made to write down is planted, found, and must be gone.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use domain::Channel;
use fantoccini::key::Key;
use serde_json::{Value, json};
use tests::counter::Counter;
use tests::desktop::run;
use tests::kinds::Kinds;
use tests::notices::{Notice, Notices};
use tests::page::{Find, Page};
use tests::pictures::photograph;
use tests::traces;
use tests::wait;

use crate::image::Opened;
use crate::looks;
use crate::outside::looks_away;
use crate::planted::{self, Canary};

/// What is typed, said, searched for and stored, each its own words.
const SAID: &str = "Canary said: größer als 4711";
const TOLD: &str = "Canary told by notification 4712";
const ANSWERED: &str = "Canary answered 4713";
const DRAFTED: &str = "Canary drafted 4714";
const SEARCHED: &str = "canarysearched4715";
const STORED: &str = "Canary stored by the page 4716";

/// Who wrote, and how the shop is known.
const NAMES: [&str; 4] = ["Clara Whitfield", "fern.and.ribbon", "Fern & Ribbon", "EAA"];

/// A shop in which something was done that leaves traces, in one conversation of Instagram's.
struct Used {
    counter: Counter,
    notices: Notices,
    notice: Notice,
    /// What lies of the conversation, and must not afterwards.
    planted: Vec<Canary>,
}

impl Used {
    async fn shop() -> Result<Self> {
        let counter = Counter::connected().await?;
        let (owner, page, phones) = (counter.owner()?, counter.page()?, &counter.world.phones);
        let notices = Notices::at(&counter.seat).await?;
        looks_away(page).await?;
        phones.say("instagram", "clara", TOLD).await?;
        let notice = notices.saying(TOLD).await?;
        page.client().set_window_size(1440, 900).await?;
        phones.say("instagram", "clara", SAID).await?;
        let photograph = photograph()?;
        phones
            .send_picture("instagram", "clara", &photograph)
            .await?;
        owner.opens("Clara").await?;
        owner.reads(SAID).await?;
        owner.sees_a_picture().await?;
        owner.answers(ANSWERED).await?;
        owner.reads("Sent").await?;
        owner.searches(SEARCHED).await?;
        page.answer(
            "document.body.innerText.includes('Nothing found')",
            "that nothing is found",
        )
        .await?;
        owner.inbox().await?;
        owner.opens("Clara").await?;
        page.write(&Find::named("textbox", "Reply"), DRAFTED)
            .await?;
        owner.sees_row("Draft").await?;
        store(page).await?;
        let mut planted = words();
        planted.extend(planted::of_conversation(&counter, "instagram", "clara").await?);
        Ok(Self {
            counter,
            notices,
            notice,
            planted,
        })
    }

    /// Wherever anything of this desk may write, the relay's folder and the log among them.
    fn everywhere(&self) -> Vec<PathBuf> {
        vec![self.counter.world.folder().to_path_buf()]
    }

    async fn found(&self, canaries: &[Canary]) -> Result<Vec<PathBuf>> {
        let bytes: Vec<_> = canaries.iter().map(|(_, bytes)| bytes.clone()).collect();
        traces::files_with(&bytes, &self.everywhere()).await
    }

    /// What the page was made to store lies on the disk, and the look finds it.
    async fn is_found(&self) -> Result<()> {
        let webview = self.counter.data().join("webview");
        wait::until("the web view to write down what it stores", async || {
            let found = self.found(&words()).await?;
            Ok((planted::folders(&found, &webview) >= 2).then_some(()))
        })
        .await?;
        let found = self.found(&words()).await?;
        let elsewhere: Vec<_> = found
            .iter()
            .filter(|file| !file.starts_with(&webview))
            .collect();
        ensure!(
            elsewhere.is_empty(),
            "outside the web view's own folder: {elsewhere:?}"
        );
        Ok(())
    }

    /// The web view forgets at its own pace; in the end there is nothing.
    async fn nothing_is_found(&self) -> Result<()> {
        wait::until("every trace to be gone", async || {
            let found = self.found(&self.planted).await?;
            if let Some(file) = found.first() {
                let file = std::slice::from_ref(file);
                let mut left = Vec::new();
                for (kind, bytes) in &self.planted {
                    let bytes = std::slice::from_ref(bytes);
                    if !traces::files_with(bytes, file).await?.is_empty() {
                        left.push(kind);
                    }
                }
                anyhow::bail!("left: {found:?}, in the first {left:?}");
            }
            Ok(Some(()))
        })
        .await
    }

    /// Of nothing that was stored anything is left on the owner's computer.
    async fn nothing_is_found_of(&self, kinds: &Kinds) -> Result<()> {
        let desk = [
            self.counter.seat.home().to_path_buf(),
            self.counter.data().to_path_buf(),
        ];
        for (kind, examples) in kinds {
            let found = traces::files_with(examples, &desk).await?;
            ensure!(found.is_empty(), "left of {kind}: {found:?}");
        }
        Ok(())
    }

    /// The same look hits wherever something was left.
    async fn control(&self) -> Result<()> {
        let home = self.counter.seat.home();
        let places = [
            home.join(".local/share"),
            home.join(".config"),
            home.join(".cache"),
            home.join(".local/state"),
            home.join("tmp"),
            self.counter.data().join("receipts"),
        ];
        // Each of them somewhere, in the one form or the other.
        for (nth, (_, bytes)) in self.planted.iter().enumerate() {
            let forms = traces::forms(bytes);
            let form = forms.iter().cycle().nth(nth);
            let place = places.iter().cycle().nth(nth);
            let (form, place) = form.zip(place).context("a form and a place")?;
            std::fs::write(place.join(format!("left-behind-{nth}")), form)?;
        }
        let found = self.found(&self.planted).await?;
        ensure!(
            found.len() == self.planted.len(),
            "control: only {found:?} of {}",
            self.planted.len()
        );
        Ok(())
    }
}

/// What a person typed, said or read in the window.
fn words() -> Vec<Canary> {
    [
        ("said", SAID),
        ("told", TOLD),
        ("answered", ANSWERED),
        ("drafted", DRAFTED),
        ("searched", SEARCHED),
        ("stored", STORED),
        ("name", NAMES[0]),
    ]
    .map(|(kind, words)| (kind.to_owned(), words.as_bytes().to_vec()))
    .to_vec()
}

/// Makes the page keep words wherever a page can.
async fn store(page: &Page) -> Result<()> {
    let script = "const [words, done] = arguments;\n\
        localStorage.setItem(words, words);\n\
        sessionStorage.setItem(words, words);\n\
        document.cookie = `canary=${encodeURIComponent(words)}; max-age=3600`;\n\
        const asked = indexedDB.open('canary', 1);\n\
        asked.onerror = () => done('indexedDB: ' + asked.error);\n\
        asked.onupgradeneeded = () => asked.result.createObjectStore('words');\n\
        asked.onsuccess = () => {\n\
          const writing = asked.result.transaction('words', 'readwrite');\n\
          writing.objectStore('words').put(words, words);\n\
          writing.oncomplete = () => { asked.result.close(); done(null); };\n\
          writing.onerror = () => done('writing: ' + writing.error);\n\
        };";
    let answer = page
        .client()
        .execute_async(script, vec![json!(STORED)])
        .await?;
    ensure!(answer == Value::Null, "the page cannot store: {answer}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_everything_leaves_no_trace_at_the_whole_desk() -> Result<()> {
    let mut used = Used::shop().await?;
    used.is_found().await?;
    used.planted.extend(planted::of_shop(&used.counter).await?);
    let kinds = planted::of_each_kind(&used.counter).await?;
    let known: BTreeSet<_> = used.planted.iter().map(|(_, bytes)| bytes).collect();
    let names: Vec<_> = kinds.keys().collect();
    writeln!(
        std::io::stdout(),
        "{} canaries; of {} kinds besides: {names:?}",
        known.len(),
        kinds.len()
    )?;
    ensure!(
        known.len() >= 40 && kinds.len() >= 40,
        "only {} canaries, {names:?}",
        known.len()
    );
    let receipt = used.counter.owner()?.deletes_everything().await?;
    for name in NAMES {
        ensure!(!receipt.contains(name), "{receipt}");
    }
    used.notices.is_taken_back(&used.notice).await?;
    used.nothing_is_found().await?;
    let page = used.counter.page()?;
    // What is gone cannot be read any more, and that is no failure.
    ensure!(page.count(&Find::any("alert")).await? == 0, "an alert");
    // The window goes on, as on the first day.
    page.press("Start again").await?;
    page.find(&Find::named("button", "Connect my shop")).await?;
    used.nothing_is_found().await?;
    used.nothing_is_found_of(&kinds).await?;
    used.control().await
}

#[tokio::test(flavor = "multi_thread")]
async fn disconnecting_one_leaves_no_trace_of_it_at_the_whole_desk() -> Result<()> {
    let mut used = Used::shop().await?;
    let before = Opened::by(&used.counter).await?;
    let doomed = before.id_of(Channel::Instagram)?;
    let opens_it = planted::of_connection(&used.counter, doomed).await?;
    let found = used.found(&opens_it).await?;
    ensure!(
        matches!(found.as_slice(), [file] if file.ends_with("share.b")),
        "control: one half of the key lies in its own file, and nothing else of it: {found:?}"
    );
    used.planted.extend(opens_it);
    let (counter, page) = (&used.counter, used.counter.page()?);
    counter
        .world
        .phones
        .say("whatsapp", "jonas", "Kept")
        .await?;
    let owner = counter.owner()?;
    owner.sees_row("Kept").await?;
    used.is_found().await?;
    owner.wipes("Instagram").await?;
    used.notices.is_taken_back(&used.notice).await?;
    used.nothing_is_found().await?;
    before.lost_only(doomed, counter).await?;
    ensure!(
        used.notices.taken_back() == [used.notice.id],
        "another notification was taken back"
    );
    page.press("Back to the inbox").await?;
    owner.sees_row("Kept").await?;
    let said = page.now("document.body.innerText").await?;
    let said = said.as_str().context("words")?;
    for words in [SAID, TOLD, DRAFTED, NAMES[0]] {
        ensure!(!said.contains(words), "the window still shows {words:?}");
    }
    // The siblings have their keys and tokens, and can be heard and answered.
    owner.opens("Jonas").await?;
    counter
        .world
        .phones
        .say("whatsapp", "jonas", "And now?")
        .await?;
    owner.reads("And now?").await?;
    owner.answers("Still here.").await?;
    owner.reads("Sent").await?;
    used.control().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_web_view_wrote_does_not_outlive_its_window() -> Result<()> {
    let mut counter = Counter::open().await?;
    let page = counter.page()?;
    page.find(&Find::named("button", "Connect my shop")).await?;
    store(page).await?;
    let (folder, stored) = (counter.data().join("webview"), [STORED.as_bytes().to_vec()]);
    wait::until("the web view to write down what it stores", async || {
        let found = traces::files_with(&stored, std::slice::from_ref(&folder)).await?;
        Ok((!found.is_empty()).then_some(()))
    })
    .await?;
    counter.reopen().await?;
    let page = counter.page()?;
    page.find(&Find::named("button", "Connect my shop")).await?;
    ensure!(page.now("localStorage.length").await? == json!(0));
    let found = traces::files_with(&stored, &[counter.world.folder().to_path_buf()]).await?;
    ensure!(found.is_empty(), "left: {found:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_a_person_by_keyboard_leaves_no_trace_and_a_receipt() -> Result<()> {
    let used = Used::shop().await?;
    let (counter, page) = (&used.counter, used.counter.page()?);
    let (owner, phones) = (counter.owner()?, &counter.world.phones);
    phones.say("instagram", "omar", "Kept").await?;
    owner.sees_row("Kept").await?;
    used.is_found().await?;
    page.find(&Find::named("button", "Erase this person"))
        .await?;
    page.now("p.all(document, {role: 'button', is: 'Erase this person', has: null})[0].focus()")
        .await?;
    owner.presses(Key::Enter).await?;
    page.find(&Find::named("dialog", "Erase this person"))
        .await?;
    looks::check(page, "erase-person").await?;
    // Whoever only presses on erases nobody.
    owner.presses(Key::Escape).await?;
    page.gone(&Find::any("dialog")).await?;
    owner.presses(Key::Enter).await?;
    let word = Find::named("textbox", "Type the word to confirm");
    page.find(&word).await?;
    page.says(&Find::any("dialog"), "4 messages").await?;
    page.keys("erase").await?;
    // Past "Cancel", which comes first.
    for key in [Key::Tab, Key::Tab, Key::Enter] {
        owner.presses(key).await?;
    }
    let receipt = owner.reads_the_receipt().await?;
    for name in NAMES {
        ensure!(!receipt.contains(name), "{receipt}");
    }
    used.notices.is_taken_back(&used.notice).await?;
    used.nothing_is_found().await?;
    page.press("Back to the inbox").await?;
    page.gone(&Find::with("option", "Clara")).await?;
    owner.searches("Canary").await?;
    page.answer(
        "document.body.innerText.includes('Nothing found')",
        "that nothing is found",
    )
    .await?;
    owner.inbox().await?;
    owner.sees_row("Kept").await?;
    owner.settings("Privacy and account").await?;
    page.says(&Find::named("list", "Deletion receipts"), "One person")
        .await?;
    verifies(counter).await?;
    // What she writes from now on is new, and nothing of before comes with it.
    phones.say("instagram", "clara", "Hello again").await?;
    owner.inbox().await?;
    owner.opens("Hello again").await?;
    let said = page.said(&Find::named("log", "Messages")).await?;
    let said = said.context("the log")?;
    ensure!(!said.contains("Canary"), "{said}");
    used.control().await
}

/// The one receipt that lies there is good, says `shopbell verify-receipt`, also in what it counts.
async fn verifies(counter: &Counter) -> Result<()> {
    let receipts = tests::files::under(&counter.data().join("receipts"))?;
    let [receipt] = receipts.as_slice() else {
        anyhow::bail!("not one receipt: {receipts:?}");
    };
    let (good, said) = run("shopbell", &["verify-receipt", &receipt.to_string_lossy()]).await?;
    ensure!(good, "{said}");
    for words in ["scope person", "4 messages", "1 picture\n", "Relay "] {
        ensure!(said.contains(words), "{words:?} is not in {said}");
    }
    Ok(())
}
