//! What a person does in the window, by role and name as a screen reader says them.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use fantoccini::Client;
use fantoccini::elements::{Element, ElementRef};
use fantoccini::key::Key;
use fantoccini::wd::TimeoutConfiguration;
use serde_json::{Value, json};

use crate::wait::LIMIT;

const SCRIPT: &str = include_str!("page.js");

/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// More stops than any page of ours has.
const STOPS: usize = 80;

/// A role and a name.
#[derive(Debug, Clone)]
pub struct Find {
    role: String,
    is: Option<String>,
    has: Option<String>,
}

impl Find {
    /// The one with exactly this name.
    pub fn named(role: &str, name: &str) -> Self {
        Self {
            role: role.to_owned(),
            is: Some(name.to_owned()),
            has: None,
        }
    }

    /// One whose name has these words.
    pub fn with(role: &str, words: &str) -> Self {
        Self {
            role: role.to_owned(),
            is: None,
            has: Some(words.to_owned()),
        }
    }

    /// Any of this role.
    pub fn any(role: &str) -> Self {
        Self {
            role: role.to_owned(),
            is: None,
            has: None,
        }
    }

    fn json(&self) -> Value {
        json!({"role": self.role, "is": self.is, "has": self.has})
    }

    fn words(&self) -> String {
        match (&self.is, &self.has) {
            (Some(name), _) => format!("{} “{name}”", self.role),
            (None, Some(words)) => format!("{} with “{words}”", self.role),
            (None, None) => self.role.clone(),
        }
    }
}

/// The page in the window.
#[derive(Debug, Clone)]
pub struct Page {
    client: Client,
}

impl Page {
    /// Takes over a fresh session.
    pub async fn new(client: Client) -> Result<Self> {
        let limits = TimeoutConfiguration::new(
            Some(LIMIT + Duration::from_secs(15)),
            Some(LIMIT),
            Some(Duration::ZERO),
        );
        client.update_timeouts(limits).await?;
        Ok(Self { client })
    }

    /// The driver's own handle, for what only one test needs.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Waits until there is such an element.
    pub async fn find(&self, wanted: &Find) -> Result<Element> {
        self.find_in("document", wanted).await
    }

    /// Waits for one inside a landmark or another thing.
    pub async fn find_inside(&self, around: &Find, wanted: &Find) -> Result<Element> {
        let root = format!(
            "(p.all(document, {})[0] || document.createElement('p'))",
            around.json()
        );
        self.find_in(&root, wanted).await
    }

    /// Presses the button of this name.
    pub async fn press(&self, name: &str) -> Result<()> {
        self.click(&Find::named("button", name)).await
    }

    /// Clicks something.
    pub async fn click(&self, wanted: &Find) -> Result<()> {
        let element = self.find(wanted).await?;
        element
            .click()
            .await
            .with_context(|| format!("{} cannot be clicked", wanted.words()))
    }

    /// Presses a thing that may move, such as a row of a list in which something arrives, in one
    /// stroke: what lies under the pointer at its middle is it, and nothing else is pressed.
    pub async fn click_at_once(&self, wanted: &Find) -> Result<()> {
        let press = format!(
            "(() => {{ const el = p.all(document, {})[0]; if (!el) return false; \
             el.scrollIntoView({{block: 'nearest'}}); const at = el.getBoundingClientRect(); \
             const under = document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2); \
             if (!under || !el.contains(under)) return false; under.click(); return true; }})()",
            wanted.json()
        );
        let what = format!("{} to lie under the pointer", wanted.words());
        self.answer(&press, &what).await.map(drop)
    }

    /// Goes on with the Tab key until this has the focus, as somebody does who has no mouse.
    pub async fn tabs_to(&self, wanted: &Find) -> Result<()> {
        self.find(wanted).await?;
        let here = format!(
            "p.all(document, {}).includes(document.activeElement)",
            wanted.json()
        );
        for _ in 0..STOPS {
            if self.now(&here).await? == Value::Bool(true) {
                return Ok(());
            }
            self.keys(&char::from(Key::Tab).to_string()).await?;
        }
        bail!("{} cannot be reached with the Tab key", wanted.words());
    }

    /// Reaches a button with the Tab key and presses it with Enter.
    pub async fn enters(&self, name: &str) -> Result<()> {
        self.tabs_to(&Find::named("button", name)).await?;
        self.keys(&char::from(Key::Enter).to_string()).await
    }

    /// Clicks into a field and types.
    pub async fn write(&self, wanted: &Find, text: &str) -> Result<()> {
        let element = self.find(wanted).await?;
        element.click().await?;
        self.type_into(&element, text)
            .await
            .with_context(|| format!("{} takes no keys", wanted.words()))
    }

    /// Types into the element that has the focus. What no key of the driver's keyboard can type (it
    /// loses characters beyond the basic plane) comes in as an input method would bring it.
    pub async fn type_into(&self, element: &Element, text: &str) -> Result<()> {
        if text.chars().all(|c| u32::from(c) <= 0xffff) {
            return Ok(element.send_keys(text).await?);
        }
        let script = "return document.execCommand('insertText', false, arguments[0]);";
        let taken = self.client.execute(script, vec![json!(text)]).await?;
        if taken != Value::Bool(true) {
            bail!("the field took no text");
        }
        Ok(())
    }

    /// Presses keys where the focus is.
    pub async fn keys(&self, text: &str) -> Result<()> {
        Ok(self.client.active_element().await?.send_keys(text).await?)
    }

    /// Waits until no such element is shown any more.
    pub async fn gone(&self, wanted: &Find) -> Result<()> {
        let look = format!("p.all(document, {}).length === 0", wanted.json());
        self.answer(&look, &format!("{} to go", wanted.words()))
            .await
            .map(drop)
    }

    /// How many there are now.
    pub async fn count(&self, wanted: &Find) -> Result<u64> {
        let count = self
            .now(&format!("p.all(document, {}).length", wanted.json()))
            .await?;
        count.as_u64().context("a number")
    }

    /// Waits until a thing says these words, and returns all that it says. A sign of no width is no
    /// word: the window puts one behind a final vowel sign, for the looks.
    pub async fn says(&self, wanted: &Find, words: &str) -> Result<String> {
        let look = format!(
            "p.all(document, {}).map((el) => p.text(el).replaceAll('\\u200c', ''))
              .find((all) => all.includes({}))",
            wanted.json(),
            json!(words.replace('\u{200c}', ""))
        );
        let what = format!("{} to say “{words}”", wanted.words());
        let said = self.answer(&look, &what).await?;
        Ok(said.as_str().unwrap_or_default().to_owned())
    }

    /// What a thing says now; nothing if it is not there.
    pub async fn said(&self, wanted: &Find) -> Result<Option<String>> {
        let look = format!(
            "p.all(document, {}).map((el) => p.text(el))[0] ?? null",
            wanted.json()
        );
        Ok(self.now(&look).await?.as_str().map(str::to_owned))
    }

    /// Waits until a script in the page has an answer. `p` is `page.js`.
    pub async fn answer(&self, look: &str, what: &str) -> Result<Value> {
        let script = format!(
            "{SCRIPT}\nconst done = arguments[arguments.length - 1];\nconst p = window.__page;\n\
             p.whenever(() => ({look}), {}, done);",
            LIMIT.as_millis()
        );
        let answer = self.client.execute_async(&script, Vec::new()).await;
        let answer = answer.with_context(|| format!("the window was asked for {what}"))?;
        if answer.is_null() {
            let seconds = LIMIT.as_secs();
            bail!(
                "waited {seconds} s for {what}. The window shows:\n{}",
                self.outline().await?
            );
        }
        Ok(answer)
    }

    /// What a script in the page says now.
    pub async fn now(&self, look: &str) -> Result<Value> {
        let script = format!("{SCRIPT}\nconst p = window.__page;\nreturn ({look});");
        Ok(self.client.execute(&script, Vec::new()).await?)
    }

    /// Everything shown, by role and name.
    pub async fn outline(&self) -> Result<String> {
        Ok(self
            .now("p.outline()")
            .await?
            .as_str()
            .unwrap_or_default()
            .to_owned())
    }

    /// A picture of the window, taken when all was drawn.
    pub async fn picture(&self) -> Result<Vec<u8>> {
        let drawn = "const done = arguments[arguments.length - 1];\n\
                     document.fonts.ready.then(() => requestAnimationFrame(() => \
                     requestAnimationFrame(() => requestAnimationFrame(() => done(true)))));";
        self.client.execute_async(drawn, Vec::new()).await?;
        Ok(self.client.screenshot().await?)
    }

    async fn find_in(&self, root: &str, wanted: &Find) -> Result<Element> {
        let look = format!("p.all({root}, {})[0]", wanted.json());
        let answer = self.answer(&look, &wanted.words()).await?;
        let id = answer
            .get(ELEMENT)
            .and_then(Value::as_str)
            .context("an element has an id")?;
        Ok(Element::from_element_id(
            self.client.clone(),
            ElementRef::from(id.to_owned()),
        ))
    }
}
