//! Reads a stopped shop's vaults, by the store alone, and says what of the messages that were
//! acknowledged is missing, there twice, or out of order.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, ensure};
use domain::secrets::Secrets;
use store::vault::conversations::Filter;
use store::vault::thread::{Message, Page, ThreadPosition};
use store::{Paths, Profile, Vault, VaultRead};

use crate::load::{number_in, words};

/// The words of every conversation of a shop, oldest first.
pub(crate) fn read(data: &Path, secrets: &dyn Secrets) -> Result<Vec<Vec<String>>> {
    Ok(words_of(messages(data, secrets)?))
}

/// The messages of every conversation of a shop, oldest first.
pub(crate) fn messages(data: &Path, secrets: &dyn Secrets) -> Result<Vec<Vec<Message>>> {
    let paths = Paths::create(data)?;
    let profile = Profile::open_or_create(&paths)?;
    let mut threads = Vec::new();
    for id in paths.vaults_on_disk()? {
        let vault = Vault::open(&paths, &profile, secrets, id)?;
        threads.extend(vault.read(all_messages)?);
        vault.close();
    }
    Ok(threads)
}

/// The drafts of a shop.
pub(crate) fn drafts(data: &Path, secrets: &dyn Secrets) -> Result<Vec<String>> {
    let paths = Paths::create(data)?;
    let profile = Profile::open_or_create(&paths)?;
    let mut drafts = Vec::new();
    for id in paths.vaults_on_disk()? {
        let vault = Vault::open(&paths, &profile, secrets, id)?;
        drafts.extend(vault.read(|read| {
            let all = read.conversations(Filter::All, None, 100_000)?;
            let draft = |of: &store::vault::conversations::Conversation| read.draft(of.id);
            all.iter()
                .map(|of| Ok(draft(of)?.text))
                .collect::<store::Result<Vec<_>>>()
        })?);
        vault.close();
    }
    Ok(drafts)
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), &to)?;
        }
    }
    Ok(())
}

/// The words of every conversation of one vault, oldest first.
pub(crate) fn all_threads(read: &VaultRead<'_>) -> store::Result<Vec<Vec<String>>> {
    Ok(words_of(all_messages(read)?))
}

/// Their words.
pub(crate) fn words_of(threads: Vec<Vec<Message>>) -> Vec<Vec<String>> {
    let words = |thread: Vec<Message>| thread.into_iter().filter_map(|one| one.text).collect();
    threads.into_iter().map(words).collect()
}

fn all_messages(read: &VaultRead<'_>) -> store::Result<Vec<Vec<Message>>> {
    let all = read.conversations(Filter::All, None, 100_000)?;
    all.iter()
        .map(|conversation| {
            let mut messages = Vec::new();
            let mut from = ThreadPosition {
                sent_at: domain::Timestamp(i64::MIN),
                row: i64::MIN,
            };
            loop {
                let page = read.thread(conversation.id, Page::After(from), 1_000)?;
                let Some(last) = page.messages.last() else {
                    return Ok(messages);
                };
                from = last.position();
                messages.extend(page.messages);
            }
        })
        .collect()
}

/// What is wrong with what a shop has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Acknowledged and not there.
    pub(crate) missing: Vec<usize>,
    /// There more than once.
    pub(crate) doubled: Vec<usize>,
    /// There with other words than were sent, or never sent.
    pub(crate) strange: Vec<String>,
    /// Conversations that are out of order.
    pub(crate) disordered: usize,
}

impl Verdict {
    /// Judges whether messages `0..count` are there, each once, in order.
    pub(crate) fn of(threads: &[Vec<String>], count: usize) -> Self {
        let mut verdict = Self::default();
        let mut found: BTreeMap<usize, usize> = BTreeMap::new();
        for thread in threads {
            let numbers: Vec<usize> = thread.iter().filter_map(|text| number_in(text)).collect();
            verdict.disordered += usize::from(!numbers.is_sorted());
            for text in thread {
                match number_in(text).filter(|number| *number < count) {
                    Some(number) if words(number) == *text => {
                        *found.entry(number).or_default() += 1;
                    }
                    _ => verdict.strange.push(text.clone()),
                }
            }
        }
        verdict.missing = (0..count)
            .filter(|number| !found.contains_key(number))
            .collect();
        let twice = found.into_iter().filter(|(_, times)| *times > 1);
        verdict.doubled = twice.map(|(number, _)| number).collect();
        verdict
    }

    /// Everything once, in order.
    pub(crate) fn must_be_clean(&self) -> Result<()> {
        let first = |list: &[usize]| format!("{} {:?}", list.len(), list.get(..list.len().min(9)));
        ensure!(
            *self == Self::default(),
            "missing {}; doubled {}; strange {:?}; threads out of order {}",
            first(&self.missing),
            first(&self.doubled),
            self.strange.get(..self.strange.len().min(9)),
            self.disordered
        );
        Ok(())
    }
}

#[test]
fn control_the_judge_finds_what_is_missing_doubled_strange_and_out_of_order() {
    let good = vec![vec![words(0), words(2)], vec![words(1)]];
    assert_eq!(Verdict::of(&good, 3), Verdict::default());
    let bad = vec![
        vec![words(2), words(0), words(2)],
        vec!["Event 00000001 other words".to_owned()],
    ];
    let verdict = Verdict::of(&bad, 3);
    assert_eq!(verdict.missing, [1]);
    assert_eq!(verdict.doubled, [2]);
    assert_eq!(verdict.strange.len(), 1);
    assert_eq!(verdict.disordered, 1);
    assert!(verdict.must_be_clean().is_err());
}
