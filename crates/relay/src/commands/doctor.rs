//! Checking a relay: one line per thing, each with what to do if it is wrong.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use rusqlite::Connection;
use wire::api::RelayAbout;
use wire::{words, write_date};

use super::say;
use crate::boot;
use crate::clock::{Clock, DAY, MINUTE};
use crate::config::Config;
use crate::keys::Keys;
use crate::platform::{Platform, PlatformError};
use crate::queue::{self, counters};
use crate::settings::Settings;

/// What one check found.
enum Verdict {
    Good(String),
    /// Worth knowing; not wrong.
    Note(String),
    Bad(String),
}

use Verdict::{Bad, Good, Note};

/// Checks everything it can and says so. Fails if anything is wrong.
pub(crate) async fn doctor(settings: &Settings) -> anyhow::Result<ExitCode> {
    let config = settings.config();
    let mut verdicts = vec![match &config {
        Ok(_) => Good("configuration: complete".into()),
        Err(why) => Bad(format!("configuration: {why}")),
    }];
    verdicts.extend(keys(settings));
    verdicts.extend(store(settings));
    verdicts.extend(room(settings));
    if let Ok(config) = &config {
        verdicts.extend(public_address(config, has_run(settings)).await);
        verdicts.extend(meta(config).await);
    }
    let mut code = ExitCode::SUCCESS;
    for verdict in verdicts {
        match verdict {
            Good(line) => say(&format!("pass  {line}"))?,
            Note(line) => say(&format!("note  {line}"))?,
            Bad(line) => {
                code = ExitCode::FAILURE;
                say(&format!("FAIL  {line}"))?;
            }
        }
    }
    Ok(code)
}

/// Asks the relay on this machine whether it lives.
pub(crate) async fn healthcheck(settings: &Settings) -> anyhow::Result<ExitCode> {
    let listen = settings.listen()?;
    let address = format!("http://{listen}/readyz");
    // This machine's own address is asked directly, whatever proxy leads to the others.
    let answer = client().no_proxy().build()?.get(address).send().await;
    let Ok(answer) = answer else {
        say(&format!("no relay answers at {listen}"))?;
        return Ok(ExitCode::FAILURE);
    };
    let code = match answer.status().is_success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    };
    let said = answer.text().await.unwrap_or_default();
    say(&format!("the relay at {listen}: {}", said.trim()))?;
    Ok(code)
}

fn client() -> reqwest::ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(Duration::from_secs(10))
}

/// Whether this relay has ever served: its first start makes the store.
fn has_run(settings: &Settings) -> bool {
    settings.store().is_ok_and(|store| store.exists())
}

fn keys(settings: &Settings) -> Vec<Verdict> {
    match Keys::open(&settings.keys()) {
        Ok(keys) => vec![
            Good(format!(
                "keys: relay {}, key {}",
                keys.relay(),
                keys.public().current
            )),
            Good(format!(
                "words of the keys, for each shop: {}",
                words::of(&keys.public()).join(" ")
            )),
        ],
        Err(why) => vec![Bad(format!("keys: {why}"))],
    }
}

fn store(settings: &Settings) -> Vec<Verdict> {
    let path = match settings.store() {
        Ok(path) => path,
        Err(why) => return vec![Bad(format!("store: {why}"))],
    };
    if !path.exists() {
        return vec![Note(
            "store: not there yet; the first start makes it".into(),
        )];
    }
    let checked = || -> anyhow::Result<Vec<Verdict>> {
        let connection = queue::reopen(&path)?;
        let sound: String = connection.query_row("PRAGMA quick_check", [], |row| row.get(0))?;
        let mut verdicts = vec![match sound.as_str() {
            "ok" => Good("store: sound".into()),
            damage => Bad(format!("store: damaged ({damage}); bring a backup back")),
        }];
        if let Ok(keys) = Keys::open(&settings.keys()) {
            verdicts.push(match boot::is_newest(&connection, &keys) {
                Ok(true) => Good("store: the one this relay last used".into()),
                Ok(false) => Bad(
                    "store: older than the one this relay last used; run `shopbell-relay restore`"
                        .into(),
                ),
                Err(why) => Bad(format!("store: {why}")),
            });
        }
        verdicts.extend(queue_age(&connection)?);
        verdicts.extend(webhooks(&connection)?);
        Ok(verdicts)
    };
    checked().unwrap_or_else(|why| vec![Bad(format!("store: {why:#}"))])
}

/// Below this a sleeping computer's messages could fill the disk.
const LITTLE_ROOM: u64 = 1024 * 1024 * 1024;

/// How much room there is for the store, where the system says so.
fn room(settings: &Settings) -> Option<Verdict> {
    let store = settings.store().ok()?;
    let folder = store.parent().filter(|folder| folder.is_dir());
    free_bytes(folder.unwrap_or(Path::new("."))).map(room_of)
}

fn room_of(free: u64) -> Verdict {
    let mebibytes = free / (1024 * 1024);
    if free >= LITTLE_ROOM {
        return Good(format!("disk: {mebibytes} MiB free"));
    }
    Bad(format!(
        "disk: only {mebibytes} MiB free; without room webhooks are refused, and Meta stops \
         delivering after an hour of that"
    ))
}

#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let system = rustix::fs::statvfs(folder).ok()?;
    Some(system.f_bavail.saturating_mul(system.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}

fn queue_age(connection: &Connection) -> rusqlite::Result<Vec<Verdict>> {
    let (waiting, devices): (i64, i64) = connection.query_row(
        "SELECT coalesce(sum(waiting), 0), count(*) FROM devices WHERE removed_at IS NULL",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let oldest: Option<i64> = connection.query_row(
        "SELECT min(e.minute) FROM envelopes e JOIN streams s ON s.row = e.stream
         WHERE e.passed_at IS NULL AND s.account IS NOT NULL",
        [],
        |row| row.get(0),
    )?;
    let full: i64 = connection.query_row(
        "SELECT count(*) FROM streams WHERE full_since IS NOT NULL AND ended_at IS NULL",
        [],
        |row| row.get(0),
    )?;
    let age = oldest.map(|minute| Clock::system().now() - minute * MINUTE);
    let mut verdicts = vec![match age {
        Some(age) if age > 25 * DAY => Bad(format!(
            "queue: {waiting} envelopes for {devices} computers, the oldest {} days old; those \
             older than 30 days are lost",
            age / DAY
        )),
        _ => Good(format!(
            "queue: {waiting} envelopes wait for {devices} computers"
        )),
    }];
    if full > 0 {
        verdicts.push(Bad(format!(
            "queue: {full} streams are full; their computers are away"
        )));
    }
    Ok(verdicts)
}

fn webhooks(connection: &Connection) -> rusqlite::Result<Vec<Verdict>> {
    let counts = counters::all(connection)?;
    let count = |name: &str| counts.get(name).copied();
    let accepted = count(counters::ACCEPTED);
    let mut verdicts = vec![match accepted {
        Some(accepted) => Good(format!(
            "webhooks: {} accepted, the last {}",
            accepted.value,
            write_date(accepted.at)
        )),
        None => Note("webhooks: none yet".into()),
    }];
    if let Some(bad) = count(counters::NOT_JSON).filter(|bad| bad.value > 0) {
        let said = format!(
            "webhooks: {} with a good signature were no JSON and were dropped, the last {}. Whoever \
             sent them knows the app secret: if it was not Meta, change the secret",
            bad.value,
            write_date(bad.at)
        );
        // What is long past is no reason to fail for ever.
        let recent = Clock::system().now() - bad.at < DAY;
        verdicts.push(if recent { Bad(said) } else { Note(said) });
    }
    for (name, meaning) in [
        (counters::SLOT_1, "signed with app secret 1"),
        (counters::SLOT_2, "signed with app secret 2"),
        (
            counters::FORGED,
            "refused: not signed with the app's secret",
        ),
        (
            counters::UNKNOWN_ACCOUNT,
            "parts dropped: for accounts nobody here has connected",
        ),
        (
            counters::NAMELESS,
            "parts dropped: they do not say whose they are, in the form this version knows",
        ),
        (counters::REPEATED, "repeated by Meta, and taken once"),
    ] {
        if let Some(known) = count(name).filter(|known| known.value > 0) {
            let (value, at) = (known.value, write_date(known.at));
            // Forged ones are counted in memory, and written down now and then.
            let when = match name {
                counters::FORGED => "counted until",
                _ => "the last",
            };
            verdicts.push(Note(format!("webhooks: {value} {meaning}; {when} {at}")));
        }
    }
    Ok(verdicts)
}

async fn public_address(config: &Config, has_run: bool) -> Vec<Verdict> {
    let Ok(client) = client().build() else {
        return Vec::new();
    };
    let answer = client.get(config.public("/keys")).send().await;
    let answered = answer.is_ok();
    let about = match answer {
        Ok(answer) => answer.json::<RelayAbout>().await.ok(),
        Err(_) => None,
    };
    let address = &config.public_url;
    let Some(about) = about else {
        return vec![match (has_run, answered) {
            (false, _) => Note(format!(
                "public address: {address} does not lead to a relay, and this one has not started \
                 yet; start it and ask again"
            )),
            (true, true) => Bad(format!("public address: {address} is not this relay")),
            (true, false) => Bad(format!(
                "public address: {address} does not answer; Meta and computers cannot reach it"
            )),
        }];
    };
    let ours = Keys::open(&config.keys).is_ok_and(|keys| keys.relay() == about.keys.relay);
    let apart = (about.now - Clock::system().now()).abs();
    let mut verdicts = vec![if ours {
        Good(format!("public address: {address} leads here"))
    } else {
        Bad(format!("public address: {address} leads to another relay"))
    }];
    if apart > MINUTE {
        verdicts.push(Bad(
            "clock: the serving relay's clock differs from this machine's".into(),
        ));
    }
    verdicts
}

async fn meta(config: &Config) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for (slot, secret) in config.meta.secrets.iter().enumerate() {
        let number = slot + 1;
        let mut app = config.meta.clone();
        app.secrets = vec![secret.clone()];
        match Platform::new(app).check_secret().await {
            Ok(date) => {
                verdicts.push(Good(format!("app secret {number}: Meta takes it")));
                verdicts.extend(date.map(clock));
            }
            Err(PlatformError::Refused { code, .. }) => {
                verdicts.push(Bad(format!(
                    "app secret {number}: Meta refuses it (code {code}); copy it once more from the \
                     dashboard, App settings, Basic"
                )));
            }
            Err(why) => verdicts.push(Bad(format!(
                "app secret {number}: {why}, asked at {}; is SHOPBELL_GRAPH_URL right, and does this \
                 machine reach the internet?",
                config.meta.graph_url
            ))),
        }
    }
    verdicts
}

/// Meta's clock is right; a relay's that is off refuses good callbacks and signs wrong moments.
fn clock(meta_now: i64) -> Verdict {
    let apart = (Clock::system().now() - meta_now).abs();
    if apart > MINUTE {
        return Bad(format!("clock: {} seconds off Meta's", apart / 1000));
    }
    Good("clock: as Meta's".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_almost_full_is_wrong() {
        assert!(matches!(room_of(LITTLE_ROOM), Good(_)));
        let Bad(said) = room_of(LITTLE_ROOM - 1) else {
            panic!("it passes")
        };
        assert!(said.contains("only 1023 MiB free"), "{said}");
    }
}
