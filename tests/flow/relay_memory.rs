//! What passed through the running relay is not in its memory afterwards: no words, no name and no id
//! of a customer, no token of the shop's.
//!
//! The relay is the program itself, asked over its own connections and looked into while it runs.

use std::io::Write as _;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use domain::Channel;
use domain::secrets::Secrets as _;
use serde_json::Value;
use store::MemorySecrets;
use tests::memory::{Process, held};
use tests::programs::program;
use tests::shop::Shop;
use tests::wait;
use tests::world::World;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// What it is, and its bytes.
type Canary = (String, Vec<u8>);

const CHANNELS: [(Channel, &str); 3] = [
    (Channel::Messenger, "messenger"),
    (Channel::Instagram, "instagram"),
    (Channel::Whatsapp, "whatsapp"),
];

/// A relay in a program of its own, and a shop that was connected through it and heard of customers.
struct Used {
    world: World,
    _shop: Shop,
    _program: Child,
    process: Process,
    /// What passed through it.
    passed: Vec<Canary>,
}

impl Used {
    async fn relay(name: &str) -> Result<Self> {
        let mut world = World::start().await?;
        world.stop_relay().await;
        let program = serve(&world, name)?;
        wait::until("the relay to serve", async || {
            let asked = world.relay_url().join("readyz")?;
            let answer = tests::phones::http().get(asked).send().await?;
            Ok(answer.status().is_success().then_some(()))
        })
        .await?;
        let process = Process {
            id: program.id().context("it runs")?,
            name: name.to_owned(),
        };
        let shop = Shop::open(&world, "shop").await?;
        shop.connect(&world, &CHANNELS.map(|(channel, _)| channel))
            .await?;
        let mut passed = tokens(&shop.secrets)?;
        for (nth, (_, channel)) in CHANNELS.iter().enumerate() {
            for from in ["clara", "jonas"] {
                let words = format!("Canary {nth} that {from} sends by {channel}");
                world.phones.say(channel, from, &words).await?;
                shop.hears(&words).await?;
                passed.push((words.clone(), words.into_bytes()));
            }
        }
        passed.extend(customers(&world.phones.state().await?)?);
        Ok(Self {
            world,
            _shop: shop,
            _program: program,
            process,
            passed,
        })
    }

    /// Waits until a connection that said something after all others has rested so long that the
    /// relay ends it.
    async fn rests(&self) -> Result<()> {
        let url = self.world.relay_url();
        let mut connection = TcpStream::connect(url.authority()).await?;
        let asked = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", url.authority());
        connection.write_all(asked.as_bytes()).await?;
        let mut answer = Vec::new();
        timeout(wait::LIMIT, connection.read_to_end(&mut answer))
            .await
            .context("the relay lets a connection rest for ever")??;
        ensure!(answer.starts_with(b"HTTP/1.1 200"), "it does not live");
        Ok(())
    }

    async fn held(&self) -> Result<Option<Vec<String>>> {
        held(&self.process, &self.passed).await
    }
}

fn serve(world: &World, name: &str) -> Result<Child> {
    let folder = world.relay_folder();
    let store = format!("sqlite:{}", folder.join("relay.db").display());
    let address = world.relay_url();
    let address = address.authority();
    let mut command = Command::new(program(name)?);
    command
        .arg("serve")
        .env_clear()
        .env("SHOPBELL_LISTEN", address)
        .env("SHOPBELL_STORE", store)
        .env("SHOPBELL_KEYS", folder.join("keys"))
        .env("SHOPBELL_META_APP_ID", sandbox::APP_ID)
        .env("SHOPBELL_META_APP_SECRETS", sandbox::APP_SECRET)
        .env("SHOPBELL_META_VERIFY_TOKEN", sandbox::VERIFY_TOKEN)
        .env("SHOPBELL_GRAPH_URL", world.sandbox().graph_url().as_str())
        .env(
            "SHOPBELL_FACEBOOK_URL",
            world.sandbox().facebook_url().as_str(),
        )
        .env(
            "SHOPBELL_INSTAGRAM_URL",
            world.sandbox().instagram_url().as_str(),
        )
        .env("SHOPBELL_ENROL", "open")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command.spawn().context("the relay does not start")
}

/// The tokens the shop was given, the person's and each account's, with what proves them; and how any
/// other begins where it is sent, or given out: the first one of a login, which is soon exchanged for
/// a longer one, and those of accounts that were not chosen.
fn tokens(secrets: &MemorySecrets) -> Result<Vec<Canary>> {
    let mut tokens = Vec::new();
    for name in secrets.names() {
        if !name.ends_with("/token") {
            continue;
        }
        let kept = secrets.get(&name)?.context("it is there")?;
        let kept: Value = serde_json::from_slice(kept.expose_secret_bytes())?;
        let value = kept.get("value").and_then(Value::as_str);
        let value = value.context("a token")?;
        ensure!(value.len() > 100, "{name} is no token");
        let proof = kept.get("proof").and_then(Value::as_str);
        let proof = proof.with_context(|| format!("{name} has no proof"))?;
        tokens.push((format!("{name}'s proof"), proof.as_bytes().to_vec()));
        tokens.push((name, value.as_bytes().to_vec()));
    }
    ensure!(
        tokens.len() >= 8,
        "only {} of tokens and proofs",
        tokens.len()
    );
    for beginning in ["Bearer EAA", "\"access_token\":\"EAA"] {
        tokens.push((beginning.to_owned(), beginning.as_bytes().to_vec()));
    }
    Ok(tokens)
}

/// Who wrote: names and ids.
fn customers(state: &Value) -> Result<Vec<Canary>> {
    let list = |name: &str| {
        state
            .get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let mut canaries = Vec::new();
    for thread in list("conversations") {
        let words = |field: &str| thread.get(field).and_then(Value::as_str);
        let said = thread.get("messages").and_then(Value::as_array);
        if let (Some(id), Some(person), true) = (
            words("customer_id"),
            words("person"),
            said.is_some_and(|said| !said.is_empty()),
        ) {
            canaries.push((format!("{person}'s id"), id.as_bytes().to_vec()));
        }
    }
    ensure!(canaries.len() >= 4, "only {canaries:?}");
    canaries.push(("a name".to_owned(), b"Clara Whitfield".to_vec()));
    Ok(canaries)
}

fn skipped() -> Result<()> {
    let why = "skipped: the relay's memory is read by root alone";
    Ok(writeln!(std::io::stderr(), "{why}")?)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passed_through_the_relay_is_not_in_its_memory_afterwards() -> Result<()> {
    let used = Used::relay("shopbell-relay").await?;
    let secret = sandbox::APP_SECRET.as_bytes().to_vec();
    let Some(seen) = held(&used.process, &[("secret".to_owned(), secret)]).await? else {
        return skipped();
    };
    ensure!(!seen.is_empty(), "control: what it needs is not seen");
    used.rests().await?;
    // A connection that began to rest at the same moment may end a moment later.
    wait::until("what passed to leave the memory", async || {
        let left = used.held().await?;
        ensure!(left == Some(Vec::new()), "the relay still holds {left:?}");
        Ok(Some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn control_a_relay_that_overwrites_nothing_holds_what_passed() -> Result<()> {
    let used = Used::relay("keeping-relay").await?;
    used.rests().await?;
    let Some(held) = used.held().await? else {
        return skipped();
    };
    for kind in ["/token", "Canary", "'s id"] {
        ensure!(
            held.iter()
                .any(|name| name.starts_with(kind) || name.ends_with(kind)),
            "control: no {kind} is found: {held:?}"
        );
    }
    Ok(())
}
