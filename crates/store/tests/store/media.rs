//! Attachments from "to be fetched" to "gone with their message".

use std::path::{Path, PathBuf};

use domain::inbound::{InboundAttachment, MediaSource};
use domain::{MessageId, Timestamp};
use store::vault::attachments::{AttachmentState, StoredMedia};
use store::{Error, Vault};

use crate::support::{Desk, arrives, connection, files, message, picture, said};

fn stored(vault: &Vault, bytes: &[u8]) -> StoredMedia {
    StoredMedia {
        file: vault.media().write(bytes).unwrap(),
        mime: "image/png".to_owned(),
        thumb: Some(vault.media().write(b"small").unwrap()),
        size: Some((640, 480)),
        file_name: None,
    }
}

fn with_picture(vault: &Vault) -> (MessageId, i64) {
    let mut message = said("17", "m_1", "look");
    message.attachments.push(picture());
    let id = arrives(vault, &message, 1_000).message;
    let attachment = vault.read(|read| read.attachments(id)).unwrap()[0].id;
    (id, attachment)
}

#[test]
fn a_picture_is_fetched_kept_and_shown() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let (id, attachment) = with_picture(&vault);
    let due = vault.read(|read| read.media_due(Timestamp(5), 10)).unwrap();
    assert_eq!(
        (due.len(), due[0].attachment, due[0].message),
        (1, attachment, id)
    );
    let media = stored(&vault, b"bytes of a picture");
    vault
        .write(|tx| tx.media_is_here(attachment, &media))
        .unwrap();
    assert_eq!(
        vault.read(|read| read.media_due(Timestamp(5), 10)).unwrap(),
        []
    );
    let shown = message(&vault, id).attachments.remove(0);
    assert_eq!(
        (shown.state, shown.size),
        (AttachmentState::Ready, Some((640, 480)))
    );
    let named = vault
        .read(|read| read.media_named(&media.file.name()))
        .unwrap()
        .unwrap();
    assert_eq!(named.mime.as_deref(), Some("image/png"));
    assert_eq!(
        vault.media().read(&named.file).unwrap(),
        b"bytes of a picture"
    );
    let thumb = media.thumb.unwrap();
    assert!(
        vault
            .read(|read| read.media_named(&thumb.name()))
            .unwrap()
            .is_some()
    );
    for nobody in ["", "../share.b", &"00".repeat(16)] {
        assert!(
            vault
                .read(|read| read.media_named(nobody))
                .unwrap()
                .is_none(),
            "{nobody}"
        );
    }
}

#[test]
fn what_cannot_be_fetched_waits_or_says_why() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let (id, attachment) = with_picture(&vault);
    vault
        .write(|tx| tx.fetch_later(attachment, Timestamp(9_000)))
        .unwrap();
    assert_eq!(
        vault
            .read(|read| read.media_due(Timestamp(8_999), 10))
            .unwrap(),
        []
    );
    assert_eq!(
        vault.read(|read| read.next_media_due()).unwrap(),
        Some(Timestamp(9_000))
    );
    assert_eq!(
        vault
            .read(|read| read.media_due(Timestamp(9_000), 10))
            .unwrap()[0]
            .attempts,
        1
    );
    vault
        .write(|tx| tx.give_up_media(attachment, AttachmentState::Expired))
        .unwrap();
    assert_eq!(
        message(&vault, id).attachments[0].state,
        AttachmentState::Expired
    );
    let fresh = MediaSource::Link("https://example.invalid/fresh".to_owned());
    assert!(
        vault
            .write(|tx| tx.fetch_again(attachment, Some(&fresh)))
            .unwrap()
    );
    assert_eq!(
        vault.read(|read| read.media_due(Timestamp(0), 10)).unwrap()[0].source,
        fresh
    );
}

#[test]
fn a_picture_goes_with_its_message() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let (_, attachment) = with_picture(&vault);
    let media = stored(&vault, b"bytes of a picture");
    vault
        .write(|tx| tx.media_is_here(attachment, &media))
        .unwrap();
    let folder = desk.paths.media(connection(1));
    assert_eq!(files(&folder).len(), 2);
    vault
        .write(|tx| tx.unsend("m_1", Timestamp(2_000)))
        .unwrap();
    assert_eq!(files(&folder).len(), 0);
    let late = stored(&vault, b"fetched while it was taken back");
    let refused = vault.write(|tx| tx.media_is_here(attachment, &late));
    assert!(matches!(refused, Err(Error::NotThere)));
}

#[test]
fn files_left_over_from_a_crash_are_swept_and_new_ones_are_not() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let (_, attachment) = with_picture(&vault);
    let media = stored(&vault, b"kept");
    vault
        .write(|tx| tx.media_is_here(attachment, &media))
        .unwrap();
    // The file is there, the row was never committed; another one was never finished.
    vault.media().write(b"nobody knows my key").unwrap();
    let mut unfinished = vault.media().writer().unwrap();
    unfinished.push(b"half of").unwrap();
    std::mem::forget(unfinished);
    let folder = desk.paths.media(connection(1));
    assert_eq!(files(&folder).len(), 4);
    assert_eq!(vault.sweep_media().unwrap(), 0, "rows may be on the way");
    drop(vault);
    let vault = desk.open(1).unwrap();
    let since = vault.media().write(b"its row is on the way").unwrap();
    assert_eq!(vault.sweep_media().unwrap(), 1);
    assert_eq!(files(&folder).len(), 3);
    assert_eq!(vault.media().read(&media.file).unwrap(), b"kept");
    assert_eq!(
        vault.media().read(&since).unwrap(),
        b"its row is on the way"
    );
}

#[test]
fn a_draft_picture_goes_out_with_its_file_or_is_removed() {
    let desk = Desk::new();
    let vault = desk.create(1);
    let conversation = arrives(&vault, &said("17", "m_1", "hi"), 1_000).conversation;
    let media = stored(&vault, b"bytes");
    let id = vault
        .write(|tx| tx.add_draft_picture(conversation, &media))
        .unwrap();
    let taken = vault
        .write(|tx| tx.take_draft_picture(id))
        .unwrap()
        .unwrap();
    assert_eq!(taken, media);
    assert_eq!(vault.media().read(&taken.file).unwrap(), b"bytes");
    assert!(
        vault
            .write(|tx| tx.take_draft_picture(id))
            .unwrap()
            .is_none()
    );
    let id = vault
        .write(|tx| tx.add_draft_picture(conversation, &media))
        .unwrap();
    vault.write(|tx| tx.remove_draft_picture(id)).unwrap();
    assert!(matches!(
        vault.media().read(&media.file),
        Err(Error::NotThere)
    ));
}

/// What a customer, or somebody between us, may call a file: roads out of a folder, devices, ends
/// that Windows drops, streams, other scripts and lengths no disk takes.
fn evil_names() -> Vec<String> {
    let stems = [
        "..",
        "../../etc/passwd",
        "..\\..\\windows\\system32\\cmd",
        "/etc/cron.d/x",
        "C:\\boot",
        "\\\\server\\share\\x",
        "CON",
        "nul",
        "COM1",
        "LPT9.txt",
        "aux.h",
        "a:b",
        "file:stream:$DATA",
        "-rf",
        "~root",
        "$HOME",
        "%APPDATA%",
        "a\0b",
        "two\nlines",
        "tab\tbell\u{7}",
        "invoice\u{202e}fdp",
        "\u{2066}x\u{2069}",
        "a\u{200b}b",
        "é",
        "e\u{301}",
        "ﬁ",
        "花束",
        "مرحبا",
        "🌷",
        "a*?\"<>|b",
        ";rm -rf x;",
        "`id`",
        "$(id)",
        "vault.db",
        "shop.share.b",
        "wipe.a",
        ".hidden",
        "",
    ];
    let ends = [
        "", ".", "...", " ", ".jpg", ".exe", ".jpg.exe", ".lnk", ".desktop", "/", "\\",
    ];
    let mut names: Vec<String> = stems
        .iter()
        .flat_map(|stem| ends.iter().map(move |end| format!("{stem}{end}")))
        .collect();
    names.push("x".repeat(5_000));
    names.push("../".repeat(500));
    names.push("花".repeat(255));
    names
}

/// Whether all three systems can make a file of this name, and mean the same by it.
fn is_plain(name: &str) -> bool {
    let sign = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    let stem = name.split('.').next().unwrap_or_default();
    let device = matches!(stem, "con" | "prn" | "aux" | "nul")
        || (stem.len() == 4 && (stem.starts_with("com") || stem.starts_with("lpt")));
    let ends_well = !name.ends_with('.') && !name.starts_with('.');
    (1..=64).contains(&name.len()) && name.chars().all(sign) && ends_well && !device
}

#[test]
fn whatever_a_file_is_called_outside_its_name_on_the_disk_is_ours() {
    let names = evil_names();
    assert!(names.len() >= 400, "{}", names.len());
    assert!(
        names.iter().filter(|name| is_plain(name)).count() < names.len() / 4,
        "the judge lets nearly everything pass"
    );
    let desk = Desk::new();
    let around = desk.paths.root().parent().unwrap();
    let beside = files(around).len() - files(desk.paths.root()).len();
    let vault = desk.create(1);
    for (at, names) in names.chunks(50).enumerate() {
        let mut said = said("17", &format!("m_{at}"), "look");
        said.attachments = names
            .iter()
            .map(|name| InboundAttachment {
                file_name: Some(name.clone()),
                ..picture()
            })
            .collect();
        let id = arrives(&vault, &said, 1_000).message;
        let kept = message(&vault, id).attachments;
        vault
            .write(|tx| {
                for (one, name) in kept.iter().zip(names) {
                    let file_name = Some(name.clone());
                    let media = StoredMedia {
                        file: vault.media().write(b"bytes")?,
                        mime: "image/png".to_owned(),
                        thumb: None,
                        size: None,
                        file_name,
                    };
                    tx.media_is_here(one.id, &media)?;
                }
                Ok(())
            })
            .unwrap();
        let kept = message(&vault, id).attachments;
        let called: Vec<_> = kept
            .iter()
            .filter_map(|one| one.file_name.clone())
            .collect();
        assert_eq!(called, names, "what it was called is kept beside it");
    }
    let below = files(desk.paths.root());
    assert!(below.len() > names.len());
    assert_plain(desk.paths.root(), below.keys());
    assert_eq!(
        files(around).len() - below.len(),
        beside,
        "something lies outside"
    );
}

fn assert_plain<'a>(root: &Path, below: impl Iterator<Item = &'a PathBuf>) {
    for path in below {
        for part in path.strip_prefix(root).unwrap().components() {
            let name = part.as_os_str().to_str().unwrap();
            assert!(
                is_plain(name) || name == "CACHEDIR.TAG",
                "{}",
                path.display()
            );
        }
    }
}
