//! Fetches what is attached, as soon as it arrives: links expire within days, some within minutes.
//! Pictures are drawn anew by [`crate::decode`] before anything shows them; other files are kept as
//! they came. Everything lies encrypted before it has its name.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use channels::meta::history::fresh_attachments;
use channels::meta::media::{Fetched, MediaError, fetch};
use channels::meta::{Error as PlatformError, Token, Verdict};
use domain::inbound::{AttachmentKind, MediaSource};
use domain::time::{HOUR, MINUTE, SECOND};
use futures_util::StreamExt;
use futures_util::stream;
use store::vault::attachments::{AttachmentState, StoredMedia, ToFetch};
use store::{MediaWriter, Vault};
use tokio_util::sync::CancellationToken;

use crate::compose;
use crate::connected::{Connected, SignIn};
use crate::decode::{Purpose, Refusal};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::news::News;
use crate::shop::Shop;

/// How many files are fetched at once.
const AT_ONCE: usize = 3;
/// How many are looked up at once.
const LOOK_UP: u32 = 16;
/// The longest sleep: the clock may be moved while we sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// After so many tries only the owner tries again.
const MOST_ATTEMPTS: u32 = 8;
/// After so many tries with one link a fresh one is asked for.
const ATTEMPTS_PER_LINK: u32 = 2;

/// Fetches what is due; then waits until something is due, someone wakes us, or we are told to stop.
pub(crate) async fn run(shop: Arc<Shop>, stop: CancellationToken) {
    loop {
        let due = due(&shop).await;
        let found = !due.is_empty();
        let fetching = stream::iter(due)
            .map(|(connected, wanted)| {
                let shop = Arc::clone(&shop);
                async move { fetch_one(&shop, &connected, &wanted).await }
            })
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<()>>();
        tokio::select! {
            () = stop.cancelled() => return,
            _ = fetching => {}
        }
        if found {
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = shop.wake.media.notified() => {}
            () = tokio::time::sleep(until_next(&shop).await) => {}
        }
    }
}

async fn due(shop: &Shop) -> Vec<(Arc<Connected>, ToFetch)> {
    let mut found = Vec::new();
    let now = shop.now();
    for connected in shop.connections() {
        let rows = connected
            .read(move |read| read.media_due(now, LOOK_UP))
            .await;
        for row in rows.unwrap_or_default() {
            found.push((Arc::clone(&connected), row));
        }
    }
    found
}

async fn until_next(shop: &Shop) -> Duration {
    let now = shop.now();
    let mut next = LONGEST_SLEEP;
    for connected in shop.connections() {
        if let Ok(Some(due)) = connected.read(|read| read.next_media_due()).await {
            let wait = u64::try_from(due.since(now)).unwrap_or(0);
            next = next.min(Duration::from_millis(wait.max(20)));
        }
    }
    next
}

/// What becomes of an attachment that was not fetched.
#[derive(Debug, Clone, PartialEq)]
enum Next {
    /// Tried again after so many milliseconds.
    Later(i64),
    /// Only the owner tries again.
    GiveUp(AttachmentState),
    /// Its link has expired: another one may be had.
    AskForLink,
}

async fn fetch_one(shop: &Shop, connected: &Arc<Connected>, wanted: &ToFetch) {
    let brought = tokio::select! {
        () = connected.gone.cancelled() => return,
        brought = bring(shop, connected, wanted) => brought,
    };
    let outcome = match brought {
        Ok(media) => keep(connected, wanted, media).await,
        Err(next) => put_off(shop, connected, wanted, next).await,
    };
    if let Err(error) = outcome {
        tracing::warn!(attachment = wanted.attachment, %error, "an attachment was not written");
    }
    let message = wanted.message;
    let found = connected.read(move |read| read.message(message)).await;
    if let Ok(Some(message)) = found {
        let conversation = message.conversation;
        shop.herald.tell(News::Messages {
            conversation,
            arrived: false,
        });
        shop.herald.tell(News::Conversations(vec![conversation]));
    }
}

async fn bring(
    shop: &Shop,
    connected: &Arc<Connected>,
    wanted: &ToFetch,
) -> std::result::Result<StoredMedia, Next> {
    let token = shop.token_of(connected.id).await.ok().flatten();
    let token = token.ok_or(Next::Later(HOUR))?;
    match wanted.kind {
        AttachmentKind::Picture | AttachmentKind::Sticker => {
            let mut bytes = Vec::new();
            download(shop, connected, (&token, wanted), &mut bytes).await?;
            let decoded = shop
                .decoder
                .decode(bytes, Purpose::Show)
                .await
                .map_err(undecodable)?;
            let kept = connected
                .work(move |vault| compose::keep(vault, &decoded))
                .await;
            kept.map_err(|error| cannot_write(&error))
        }
        AttachmentKind::Video | AttachmentKind::Audio | AttachmentKind::File => {
            let writer = connected.work(|vault| vault.media().writer()).await;
            let mut sealed = Sealing(writer.map_err(|error| cannot_write(&error))?);
            let fetched = download(shop, connected, (&token, wanted), &mut sealed).await?;
            let mime = fetched.mime.or_else(|| wanted.mime.clone());
            let kept = connected.work(move |_| sealed.0.finish()).await;
            Ok(StoredMedia {
                file: kept.map_err(|error| cannot_write(&error))?,
                mime: mime.unwrap_or_else(|| "application/octet-stream".to_owned()),
                thumb: None,
                size: None,
                file_name: None,
            })
        }
    }
}

/// Seals what is poured into it, piece by piece.
struct Sealing(MediaWriter);

impl Write for Sealing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.push(bytes).map_err(std::io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn download(
    shop: &Shop,
    connected: &Arc<Connected>,
    (token, wanted): (&Token, &ToFetch),
    sink: &mut (dyn Write + Send),
) -> std::result::Result<Fetched, Next> {
    let account = &connected.account;
    let fetched = fetch(&shop.graph, account, token, &wanted.source, sink).await;
    if let Err(MediaError::Platform(error)) = &fetched
        && error.verdict() == Some(Verdict::SignInEnded)
    {
        shop.learn(connected, |health| health.sign_in = SignIn::Ended)
            .await;
    }
    fetched.map_err(|error| next(&error, wanted))
}

/// What a failed download comes to.
fn next(error: &MediaError, wanted: &ToFetch) -> Next {
    let attempts = wanted.attempts + 1;
    match error {
        MediaError::Expired => match wanted.source {
            MediaSource::Link(_) if attempts <= ATTEMPTS_PER_LINK => Next::AskForLink,
            MediaSource::Link(_) | MediaSource::Id { .. } => Next::GiveUp(AttachmentState::Expired),
        },
        MediaError::TooLarge => Next::GiveUp(AttachmentState::TooLarge),
        MediaError::NotAllowed | MediaError::TooManyRedirects => {
            Next::GiveUp(AttachmentState::Failed)
        }
        MediaError::Sink(_) => Next::Later(MINUTE),
        MediaError::Platform(PlatformError::Refused(refusal))
            if refusal.verdict == Verdict::SignInEnded =>
        {
            Next::Later(HOUR)
        }
        MediaError::Corrupt | MediaError::Status(_) | MediaError::Platform(_) => {
            if attempts >= MOST_ATTEMPTS {
                Next::GiveUp(AttachmentState::Failed)
            } else {
                Next::Later(pause(attempts))
            }
        }
    }
}

/// 5 s, 10 s, 20 s and so on, to half an hour.
fn pause(attempts: u32) -> i64 {
    (5 * SECOND)
        .saturating_mul(1_i64 << attempts.saturating_sub(1).min(16))
        .min(30 * MINUTE)
}

fn undecodable(refusal: Refusal) -> Next {
    Next::GiveUp(match refusal {
        Refusal::NotAPicture => AttachmentState::Unreadable,
        Refusal::TooLarge => AttachmentState::TooLarge,
        Refusal::GaveUp => AttachmentState::Failed,
    })
}

fn cannot_write(error: &Error) -> Next {
    tracing::warn!(%error, "no room for an attachment");
    Next::Later(MINUTE)
}

async fn keep(connected: &Arc<Connected>, wanted: &ToFetch, media: StoredMedia) -> Result<()> {
    let attachment = wanted.attachment;
    connected
        .work(
            move |vault| match vault.write(|write| write.media_is_here(attachment, &media)) {
                // The message was taken back meanwhile: so is its picture.
                Err(store::Error::NotThere) => erase(vault, &media),
                other => other,
            },
        )
        .await
}

fn erase(vault: &Vault, media: &StoredMedia) -> store::Result<()> {
    vault.media().erase(&media.file)?;
    media
        .thumb
        .as_ref()
        .map_or(Ok(()), |thumb| vault.media().erase(thumb))
}

async fn put_off(
    shop: &Shop,
    connected: &Arc<Connected>,
    wanted: &ToFetch,
    next: Next,
) -> Result<()> {
    let attachment = wanted.attachment;
    match next {
        Next::Later(pause) => {
            let at = shop.now().plus(pause);
            connected
                .write(move |write| write.fetch_later(attachment, at))
                .await
        }
        Next::GiveUp(state) => {
            connected
                .write(move |write| write.give_up_media(attachment, state))
                .await
        }
        Next::AskForLink => {
            let source = fresh_link(shop, connected, wanted).await;
            let at = shop.now().plus(pause(wanted.attempts + 1));
            connected
                .write(move |write| {
                    write.give_up_media(attachment, AttachmentState::Expired)?;
                    if let Some(source) = &source {
                        write.fetch_again(attachment, Some(source))?;
                        write.fetch_later(attachment, at)?;
                    }
                    Ok(())
                })
                .await
        }
    }
}

/// Another link to the same thing, from the message it belongs to.
async fn fresh_link(
    shop: &Shop,
    connected: &Arc<Connected>,
    wanted: &ToFetch,
) -> Option<MediaSource> {
    let message = wanted.message;
    let (platform_id, place) = connected
        .read(move |read| {
            let found = read.message(message)?;
            let place = read.attachments(message)?;
            Ok((found.and_then(|found| found.platform_id), place))
        })
        .await
        .ok()?;
    let place = place.iter().position(|one| one.id == wanted.attachment)?;
    let token = shop.token_of(connected.id).await.ok()??;
    let fresh = fresh_attachments(&shop.graph, &token, &platform_id?)
        .await
        .ok()?;
    fresh
        .into_iter()
        .nth(place)
        .filter(|one| one.kind == wanted.kind)
        .map(|one| one.source)
}

impl Engine {
    /// Fetches an attachment again.
    pub async fn fetch_again(&self, attachment: String) -> Result<()> {
        let shop = self.shop()?;
        let (connection, row) = attachment.split_once('.').ok_or(Error::Gone)?;
        let connected = shop.connection(connection.parse().map_err(|_| Error::Gone)?)?;
        let row: i64 = row.parse().map_err(|_| Error::Gone)?;
        let again = connected
            .write(move |write| write.fetch_again(row, None))
            .await?;
        if !again {
            return Err(Error::Gone);
        }
        shop.wake.media.notify_one();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::inbound::{Author, InboundAttachment};
    use domain::{ConnectionId, MessageId};
    use serde_json::json;
    use store::vault::messages::{Arrival, Road};

    use super::*;
    use crate::decode::tests_support::photo;
    use crate::testing::{Answer, TestShop, inbound, ok};

    fn wanted(source: MediaSource, attempts: u32) -> ToFetch {
        ToFetch {
            attachment: 1,
            message: MessageId {
                connection: ConnectionId::from_bytes([1; 16]),
                row: 1,
            },
            kind: AttachmentKind::Picture,
            mime: None,
            source,
            attempts,
        }
    }

    fn link(attempts: u32) -> ToFetch {
        wanted(
            MediaSource::Link("https://x.fbcdn.net/a".to_owned()),
            attempts,
        )
    }

    #[test]
    fn an_expired_link_is_replaced_and_an_expired_id_is_gone() {
        assert_eq!(next(&MediaError::Expired, &link(0)), Next::AskForLink);
        let gone = Next::GiveUp(AttachmentState::Expired);
        assert_eq!(next(&MediaError::Expired, &link(2)), gone);
        let id = MediaSource::Id {
            id: "1".to_owned(),
            sha256: None,
        };
        assert_eq!(next(&MediaError::Expired, &wanted(id, 0)), gone);
    }

    #[test]
    fn a_host_that_fails_is_tried_eight_times_ever_more_slowly() {
        let pauses: Vec<_> = (0..8)
            .map(
                |attempts| match next(&MediaError::Status(503), &link(attempts)) {
                    Next::Later(pause) => Some(pause / SECOND),
                    _ => None,
                },
            )
            .collect();
        let expected = [5, 10, 20, 40, 80, 160, 320].map(Some);
        assert_eq!(pauses, [expected.as_slice(), &[None]].concat());
    }

    #[test]
    fn a_link_that_leads_elsewhere_is_not_tried_again() {
        let failed = Next::GiveUp(AttachmentState::Failed);
        assert_eq!(next(&MediaError::NotAllowed, &link(0)), failed);
    }

    /// A message with one attachment at this link.
    fn arrives(of: &TestShop, kind: AttachmentKind, link: &str) -> MessageId {
        let mut message = inbound("m_1", "look", Author::Person);
        let source = MediaSource::Link(of.shop.origin.join(link).unwrap().to_string());
        message.attachments = vec![InboundAttachment {
            kind,
            source,
            mime: None,
            file_name: None,
        }];
        let now = of.clock.now();
        let arrival = Arrival {
            message: &message,
            at: now,
            arrived_at: now,
            road: Road::Live,
            quarantine: None,
        };
        of.vault()
            .write(|write| write.add_message(&arrival))
            .unwrap()
            .message
    }

    async fn fetch_due(of: &TestShop) {
        for (connected, wanted) in due(&of.shop).await {
            fetch_one(&of.shop, &connected, &wanted).await;
        }
    }

    fn attachment(of: &TestShop, message: MessageId) -> store::vault::attachments::Attachment {
        of.vault()
            .read(|read| read.attachments(message))
            .unwrap()
            .remove(0)
    }

    #[tokio::test]
    async fn a_picture_is_drawn_anew_and_lies_encrypted() {
        let of = TestShop::messenger().await;
        let original = photo(40, 20);
        of.platform.answers(
            "GET",
            "/pic.jpg",
            &[Answer::Bytes("image/jpeg", original.clone())],
        );
        let message = arrives(&of, AttachmentKind::Picture, "/pic.jpg");
        fetch_due(&of).await;
        let here = attachment(&of, message);
        assert_eq!(
            (here.state, here.size),
            (AttachmentState::Ready, Some((20, 40)))
        );
        let shown = of.vault().media().read(&here.file.unwrap()).unwrap();
        assert_ne!(shown, original, "the original is not kept");
        let canary = b"GPS-CANARY";
        assert!(
            original.windows(10).any(|part| part == canary),
            "the check can see it"
        );
        assert!(!shown.windows(10).any(|part| part == canary));
    }

    #[tokio::test]
    async fn what_claims_to_be_a_picture_and_is_none_is_not_shown() {
        let of = TestShop::messenger().await;
        let script = b"<svg onload=alert(1)>".to_vec();
        of.platform
            .answers("GET", "/pic.jpg", &[Answer::Bytes("image/jpeg", script)]);
        let message = arrives(&of, AttachmentKind::Picture, "/pic.jpg");
        fetch_due(&of).await;
        assert_eq!(attachment(&of, message).state, AttachmentState::Unreadable);
    }

    #[tokio::test]
    async fn an_expired_link_is_replaced_by_a_fresh_one() {
        let of = TestShop::messenger().await;
        of.platform
            .answers("GET", "/old.jpg", &[Answer::Json(404, json!({}))]);
        of.platform.answers(
            "GET",
            "/new.jpg",
            &[Answer::Bytes("image/jpeg", photo(8, 8))],
        );
        let fresh = of.shop.origin.join("/new.jpg").unwrap().to_string();
        let node = json!({"id": "m_1", "attachments": {"data": [
            {"id": "a", "mime_type": "image/jpeg", "image_data": {"url": fresh}}
        ]}});
        of.platform.answers("GET", "/m_1", &[ok(node)]);
        let message = arrives(&of, AttachmentKind::Picture, "/old.jpg");
        fetch_due(&of).await;
        assert_eq!(attachment(&of, message).state, AttachmentState::Waiting);
        of.clock.pass(HOUR);
        fetch_due(&of).await;
        assert_eq!(attachment(&of, message).state, AttachmentState::Ready);
    }

    #[tokio::test]
    async fn a_link_that_stays_expired_is_said_to_be_gone() {
        let of = TestShop::messenger().await;
        of.platform
            .answers("GET", "/old.jpg", &[Answer::Json(404, json!({}))]);
        let message = arrives(&of, AttachmentKind::Picture, "/old.jpg");
        fetch_due(&of).await;
        assert_eq!(attachment(&of, message).state, AttachmentState::Expired);
    }

    #[tokio::test]
    async fn another_file_is_kept_as_it_came() {
        let of = TestShop::messenger().await;
        let film = [b"\0\0\0\x18ftypmp42".as_slice(), &[7; 200_000]].concat();
        of.platform.answers(
            "GET",
            "/film.mp4",
            &[Answer::Bytes("video/mp4", film.clone())],
        );
        let message = arrives(&of, AttachmentKind::Video, "/film.mp4");
        fetch_due(&of).await;
        let here = attachment(&of, message);
        assert_eq!(here.state, AttachmentState::Ready);
        assert_eq!(of.vault().media().read(&here.file.unwrap()).unwrap(), film);
    }

    #[tokio::test]
    async fn a_link_into_the_shop_s_own_network_is_never_called() {
        let of = TestShop::messenger().await;
        let message = arrives(
            &of,
            AttachmentKind::Picture,
            "http://169.254.169.254/latest",
        );
        fetch_due(&of).await;
        assert_eq!(attachment(&of, message).state, AttachmentState::Failed);
    }
}
