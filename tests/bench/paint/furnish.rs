//! Makes the shop that is opened: connected as an owner connects it, through the engine, against
//! the relay and the stand-in for Meta that go on while it is measured; then its vaults are filled.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use domain::{Channel, Timestamp};
use engine::{Config, Engine, Phase, SecretsSource};
use store::vault::conversations::Filter;
use store::vault::messages::Road;
use store::{Keychain, MemorySecrets, Paths, Profile, Vault};
use tests::browser::Browser;
use tests::clock::Clock;
use tests::phones::Phones;
use tests::shop::Shop;

use crate::generator::{Made, Talk};
use crate::insert::write_all;

/// The word that starts this program for this.
pub(crate) const FURNISH: &str = "furnish";
/// Where the stand-in's own doors are, besides those the program knows.
pub(super) const SANDBOX: &str = "BENCH_SANDBOX_URL";

/// Conversations, over three vaults.
const CONVERSATIONS: u64 = 10_000;
/// Messages for each.
const EACH: u64 = 3;
/// Nobody's profile is asked for again before this.
const NEVER: Timestamp = Timestamp(4_102_444_800_000);

/// Makes a shop with its secrets in the keychain of this desk.
pub(crate) fn furnish(data: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(connect(data))?;
    let (paths, keychain) = (Paths::create(data)?, Keychain::new());
    let profile = Profile::open_or_create(&paths)?;
    let vaults = paths.vaults_on_disk()?;
    for (seed, connection) in (1_u64..).zip(&vaults) {
        let vault = Vault::open(&paths, &profile, &keychain, *connection)?;
        let share = CONVERSATIONS.div_ceil(vaults.len() as u64);
        let talk = Talk {
            seed,
            people: share,
        };
        fill(&vault, talk)?;
        vault.checkpoint()?;
        vault.close();
    }
    Ok(())
}

async fn connect(data: &Path) -> Result<()> {
    let config = Config::from_env(data.to_path_buf(), "bench")?;
    let relay = config.relay_url.clone().context("a relay is named")?;
    let sandbox = std::env::var(SANDBOX)?.parse()?;
    let browser = Browser::new(Phones::new(sandbox));
    let clock = Clock::default().reader();
    let engine = Engine::start(
        config,
        SecretsSource::Keychain,
        Arc::new(move || Timestamp(clock())),
        browser.opener(),
    );
    let shop = Shop {
        engine,
        secrets: Arc::new(MemorySecrets::new()),
        browser,
        data: data.to_path_buf(),
    };
    shop.until("the shop to open", async |engine| {
        Ok((engine.phase() != Phase::Opening).then_some(()))
    })
    .await?;
    let met = shop.engine.meet_relay(relay.to_string()).await?;
    shop.engine.trust_relay(met.url, None).await?;
    shop.log_in().await?;
    let channels = [Channel::Instagram, Channel::Messenger, Channel::Whatsapp];
    shop.choose(&channels).await?;
    shop.listens().await?;
    shop.close().await;
    Ok(())
}

/// Words only, and everybody's profile is known: nothing is to be fetched when the shop opens.
fn fill(vault: &Vault, talk: Talk) -> Result<()> {
    let words = |number| {
        let mut made = talk.message(number);
        made.message.attachments.clear();
        made.message.text.get_or_insert_with(|| "👍".to_owned());
        made
    };
    let made: Vec<Made> = (0..talk.people * EACH).map(words).collect();
    write_all(vault, &made, Road::History)?;
    let rows = vault.read(|read| read.conversations(Filter::All, None, u32::MAX))?;
    vault.write(|write| {
        for row in &rows {
            write.postpone_profile(row.id, NEVER)?;
        }
        Ok(())
    })?;
    Ok(())
}
