//! What other programs and other people see of the whole program while it runs: no key, no token and
//! no customer's words in the list of programs, and no memory on the disk when it breaks off.

use anyhow::{Context, Result, ensure};
use tests::counter::Counter;
use tests::exposed::{broken_off, core_limit, is_root, machine_leaves_cores, shown};
use tests::memory::family;

use crate::memory::secrets;

/// What a customer wrote and is called, beside keys and tokens.
const WORDS: [&str; 4] = [
    "Do you have peonies?",
    "Yes, pink ones.",
    "Clara Whitfield",
    "fern.and.ribbon",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_running_programs_show_no_secret_and_leave_none_when_they_break_off() -> Result<()> {
    let leaves = machine_leaves_cores().await?;
    let counter = Counter::connected().await?;
    let (owner, phones) = (counter.owner()?, &counter.world.phones);
    phones.say("instagram", "clara", WORDS[0]).await?;
    owner.opens("Clara").await?;
    owner.answers(WORDS[1]).await?;
    owner.reads("Sent").await?;
    let mut secrets = secrets(&counter).await?;
    secrets.extend(WORDS.map(|words| (words.to_owned(), words.as_bytes().to_vec())));
    let driver = counter.driver().context("a driver")?;
    let family = family(driver)?;
    let ours = |name: &str| name == "shopbell" || name.starts_with("WebKit");
    let running: Vec<_> = family.into_iter().filter(|one| ours(&one.name)).collect();
    ensure!(running.len() >= 3, "only {running:?}");
    for process in &running {
        let seen = shown(process.id, &secrets)?;
        ensure!(seen.is_empty(), "{process:?} shows {seen:?}");
        let limit = core_limit(process.id)?;
        ensure!(
            limit == ("0".to_owned(), "0".to_owned()),
            "{process:?} may leave {limit:?}"
        );
    }
    let own = running.iter().find(|one| one.name == "shopbell");
    let own = own.context("the program runs")?.id;
    // It stays in the folder it was started in, and shows that to nobody like us.
    let folder = std::fs::read_link(format!("/proc/{driver}/cwd"))?;
    if is_root() {
        let its = std::fs::read_link(format!("/proc/{own}/cwd"))?;
        ensure!(its == folder, "it runs in {}", its.display());
    }
    let cores = broken_off(own, &folder).await?;
    // Left lying they would be found by the next run.
    for core in &cores {
        std::fs::remove_file(core)?;
    }
    ensure!(cores.is_empty(), "leaves cores: {leaves}: {cores:?}");
    Ok(())
}
