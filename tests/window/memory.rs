//! No key and no token where none belongs: not in the memory of the web view, not in that of the
//! program once what they open is gone, and nowhere after the program ended.

use std::io::Write as _;

use anyhow::{Context, Result, ensure};
use store::VaultName;
use tests::counter::Counter;
use tests::kinds::database_key;
use tests::memory::{Process, family, held};
use tests::{keyring, wait};

/// Everything in the keychain: tokens, key shares, private keys; and the keys of the databases that
/// come of the shares.
pub(crate) async fn secrets(counter: &Counter) -> Result<Vec<(String, Vec<u8>)>> {
    let kept = keyring::secrets(&counter.seat).await?;
    let mut secrets = Vec::new();
    for (name, value) in &kept {
        let short = name.splitn(3, '/').nth(2).unwrap_or(name).to_owned();
        if name.ends_with("/token") {
            let token: serde_json::Value = serde_json::from_slice(value)?;
            let token = token.get("value").and_then(serde_json::Value::as_str);
            let token = token.context("a token")?;
            secrets.push((short, token.as_bytes().to_vec()));
        } else if let Some(vault) = short.strip_suffix("/db-share") {
            let share = match vault.parse() {
                Ok(id) => (
                    VaultName::Connection(id),
                    counter.data().join("vaults").join(vault).join("share.b"),
                ),
                Err(_) => (VaultName::Shop, counter.data().join("shop.share.b")),
            };
            let key = database_key(value, &std::fs::read(&share.1)?, &share.0);
            secrets.push((format!("{short} made a key"), key));
            secrets.push((short, value.clone()));
        } else {
            secrets.push((short, value.clone()));
        }
    }
    let of_kind = |end: &str| {
        secrets
            .iter()
            .filter(|(name, _)| name.ends_with(end))
            .count()
    };
    // Three connections, each with its own, and the shop.
    for (end, least) in [
        ("/token", 3),
        ("/db-share", 4),
        (" made a key", 4),
        ("/seal", 4),
        ("device/identity", 1),
    ] {
        let count = of_kind(end);
        ensure!(count >= least, "only {count} of {end}");
    }
    Ok(secrets)
}

/// The program itself, and the web view's programs.
fn programs(counter: &Counter) -> Result<(Process, Vec<Process>)> {
    let family = family(counter.driver().context("a driver")?)?;
    let (own, web): (Vec<_>, Vec<_>) = family.into_iter().partition(|one| one.name == "shopbell");
    let own = own.into_iter().next().context("the program runs")?;
    let web: Vec<_> = web
        .into_iter()
        .filter(|one| one.name.starts_with("WebKit"))
        .collect();
    ensure!(web.len() >= 2, "only {web:?} of the web view");
    Ok((own, web))
}

async fn holds_nothing(web: &[Process], secrets: &[(String, Vec<u8>)]) -> Result<()> {
    for process in web {
        let found = held(process, secrets).await?;
        ensure!(found == Some(Vec::new()), "{process:?} holds {found:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_and_no_token_is_in_the_web_view_or_left_once_all_is_deleted() -> Result<()> {
    let mut counter = Counter::connected().await?;
    let (owner, phones) = (counter.owner()?, &counter.world.phones);
    phones
        .say("instagram", "clara", "Do you have peonies?")
        .await?;
    owner.opens("Clara").await?;
    owner.answers("Yes, pink ones.").await?;
    owner.reads("Sent").await?;
    let secrets = secrets(&counter).await?;
    let (own, web) = programs(&counter)?;
    let Some(open) = held(&own, &secrets).await? else {
        // The program keeps others of the same user out; only root's rights would let us in.
        writeln!(
            std::io::stderr(),
            "skipped: the program's own memory is read by root alone"
        )?;
        return holds_nothing(&web, &secrets).await;
    };
    for kind in ["/token", " made a key"] {
        ensure!(
            open.iter().any(|name| name.ends_with(kind)),
            "control: no {kind:?} is found where there is one: {open:?}"
        );
    }
    holds_nothing(&web, &secrets).await?;
    counter.owner()?.deletes_everything().await?;
    // The connections to Meta that are kept for a while hold what they sent last.
    wait::until("the last token to leave the memory", async || {
        let left = held(&own, &secrets).await?;
        ensure!(left == Some(Vec::new()), "{own:?} still holds {left:?}");
        Ok(Some(()))
    })
    .await?;
    counter.close().await?;
    for process in [vec![own], web].concat() {
        wait::until("every program to be gone", async || {
            let there = std::fs::read_to_string(format!("/proc/{}/comm", process.id));
            Ok(there.is_err().then_some(()))
        })
        .await?;
    }
    Ok(())
}
