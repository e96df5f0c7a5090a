//! What running programs hold in their memory, read as the system shows it to a debugger. Only pages
//! that are there are read; a program's own code and what it maps from files is left out.

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::traces;

const PAGE: u64 = 4096;

/// A running program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub id: u32,
    /// Its name, as the system shortens it.
    pub name: String,
}

/// Every program that this one has started, and those they have.
pub fn family(of: u32) -> Result<Vec<Process>> {
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // One that ended meanwhile is none.
        let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else {
            continue;
        };
        let Some((head, tail)) = stat.rsplit_once(") ") else {
            continue;
        };
        let mut fields = tail.split(' ');
        let (state, parent) = (fields.next(), fields.next());
        let name = head.split_once('(').map_or("", |(_, name)| name).to_owned();
        if let (Some(state), Some(Ok(parent))) = (state, parent.map(str::parse::<u32>))
            && state != "Z"
        {
            all.push((parent, Process { id, name }));
        }
    }
    let mut found: Vec<Process> = Vec::new();
    let mut parents = vec![of];
    while let Some(parent) = parents.pop() {
        for (_, process) in all.iter().filter(|(of, _)| *of == parent) {
            parents.push(process.id);
            found.push(process.clone());
        }
    }
    Ok(found)
}

/// Which of these secrets stand in a program's memory, in any form. `None` if the system does not
/// let us look: the program asked it not to, and we are nobody special.
pub async fn held(process: &Process, secrets: &[(String, Vec<u8>)]) -> Result<Option<Vec<String>>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("memory");
    match dump(process.id, &file) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(None),
        other => other.with_context(|| format!("the memory of {}", process.name))?,
    }
    let places = [PathBuf::from(folder.path())];
    let mut held = Vec::new();
    for (name, secret) in secrets {
        if !traces::files_with(std::slice::from_ref(secret), &places)
            .await?
            .is_empty()
        {
            held.push(name.clone());
        }
    }
    Ok(Some(held))
}

fn dump(id: u32, into: &Path) -> std::io::Result<()> {
    let mut memory = File::open(format!("/proc/{id}/mem"))?;
    let mut pages = File::open(format!("/proc/{id}/pagemap"))?;
    let mut out = BufWriter::new(File::create(into)?);
    for (from, to) in regions(&fs::read_to_string(format!("/proc/{id}/smaps"))?) {
        let mut at = from;
        while at < to {
            let end = to.min(at + 4096 * PAGE);
            let mut map = vec![0; usize::try_from((end - at) / PAGE * 8).unwrap_or(0)];
            pages.seek(SeekFrom::Start(at / PAGE * 8))?;
            pages.read_exact(&mut map)?;
            for (n, entry) in (0..).zip(map.chunks_exact(8)) {
                // The highest bit says that the page is in memory, the next that it was moved out.
                if entry.last().is_some_and(|top| top & 0xc0 != 0) {
                    let mut page = [0; 4096];
                    memory.seek(SeekFrom::Start(at + n * PAGE))?;
                    // A page that went meanwhile holds nothing.
                    if memory.read_exact(&mut page).is_ok() {
                        out.write_all(&page)?;
                    }
                }
            }
            at = end;
        }
    }
    out.flush()
}

/// Where there is something that can be written to: from and to.
fn regions(maps: &str) -> Vec<(u64, u64)> {
    let mut found = Vec::new();
    let mut region = None;
    for line in maps.lines() {
        let mut words = line.split_ascii_whitespace();
        let (first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        if first == "Rss:" && second != "0" {
            found.extend(region.take());
        } else if let Some((from, to)) = first.split_once('-') {
            let bounds = u64::from_str_radix(from, 16).ok();
            let bounds = bounds.zip(u64::from_str_radix(to, 16).ok());
            region = bounds.filter(|_| second.starts_with("rw"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_stands_in_memory_is_found_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        // Taken from a file and put together in memory, so that the names here are not found.
        let file = folder.path().join("half");
        fs::write(&file, "7b1f0e55c2").unwrap();
        let script = format!(
            "x=$(cat {}); y=kept-$x-inside; echo; read z",
            file.display()
        );
        let mut child = tokio::process::Command::new("sh")
            .args(["-c", &script])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut line = [0; 1];
        let output = child.stdout.as_mut().unwrap();
        tokio::io::AsyncReadExt::read_exact(output, &mut line)
            .await
            .unwrap();
        let process = Process {
            id: child.id().unwrap(),
            name: "sh".to_owned(),
        };
        let secrets = ["kept-7b1f0e55c2-inside", "kept-ffffffffff-inside"];
        let secrets = secrets.map(|text| (text.to_owned(), text.as_bytes().to_vec()));
        let family = family(std::process::id()).unwrap();
        assert!(family.contains(&process), "{family:?}");
        if let Some(held) = held(&process, &secrets).await.unwrap() {
            assert_eq!(held, [secrets[0].0.clone()]);
        }
    }
}
