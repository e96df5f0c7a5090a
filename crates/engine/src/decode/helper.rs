//! The helper process: both ends of the pipe. One line of JSON says what for and is answered by one
//! line of JSON that says how long the pictures behind it are.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::{Decoded, MOST_BYTES, Picture, Purpose, Refusal, picture};

/// How long one picture may take.
const LONGEST: Duration = Duration::from_secs(5);
/// The most address space the helper may have; the program's own libraries count.
#[cfg(unix)]
const MOST_ADDRESS_SPACE: u64 = 2 * 1024 * 1024 * 1024;
/// The most memory it may take beside what the program and its libraries have at its start, where
/// the system counts it (Linux does). With what is touched of those the helper stays below 512 MiB.
#[cfg(target_os = "linux")]
const MOST_MEMORY: u64 = 440 * 1024 * 1024;
/// What may come back: two pictures and a line.
const MOST_ANSWER: u64 = 256 * 1024 * 1024;

#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    refusal: Option<Refusal>,
    pictures: Vec<Frame>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Frame {
    mime: String,
    width: u32,
    height: u32,
    bytes: usize,
}

/// `shopbell decode`: reads one picture from standard input, writes what it drew to standard
/// output. Started before any window, file or keychain is touched.
pub fn run() -> ExitCode {
    limit_memory();
    match serve(&mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

#[cfg(unix)]
fn limit_memory() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limit = |most| Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    // Failing to limit is not fatal: size and time are limited elsewhere as well.
    let _ = setrlimit(Resource::As, limit(MOST_ADDRESS_SPACE));
    let _ = setrlimit(Resource::Core, limit(0));
    #[cfg(target_os = "linux")]
    {
        if let Some(had) = data_at_start() {
            let _ = setrlimit(Resource::Data, limit(had + MOST_MEMORY));
        }
        let not = rustix::process::DumpableBehavior::NotDumpable;
        let _ = rustix::process::set_dumpable_behavior(not);
    }
}

/// What the system counts as data of this process, in bytes: mostly the libraries' own, which is
/// reserved rather than used.
#[cfg(target_os = "linux")]
fn data_at_start() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let data = status
        .lines()
        .find_map(|line| line.strip_prefix("VmData:"))?;
    let kilobytes: u64 = data.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(not(unix))]
fn limit_memory() {}

fn serve(input: &mut dyn Read, output: &mut dyn Write) -> io::Result<()> {
    // Room for the largest at once: growing by doubling takes half as much again.
    let mut all = Vec::with_capacity(MOST_BYTES + 2_048);
    input
        .take(u64::try_from(MOST_BYTES).unwrap_or(u64::MAX) + 1_024)
        .read_to_end(&mut all)?;
    let line_end = all
        .iter()
        .position(|byte| *byte == b'\n')
        .ok_or(io::ErrorKind::InvalidData)?;
    let (line, rest) = all.split_at(line_end);
    let purpose: Purpose = serde_json::from_slice(line)?;
    let bytes = rest.get(1..).unwrap_or_default();
    let (answer, pictures) = match picture::redraw(bytes, purpose) {
        Err(refusal) => (
            Answer {
                refusal: Some(refusal),
                pictures: Vec::new(),
            },
            Vec::new(),
        ),
        Ok(decoded) => {
            let pictures: Vec<Picture> =
                std::iter::once(decoded.full).chain(decoded.thumb).collect();
            let frames = pictures.iter().map(Frame::of).collect();
            (
                Answer {
                    refusal: None,
                    pictures: frames,
                },
                pictures,
            )
        }
    };
    serde_json::to_writer(&mut *output, &answer)?;
    output.write_all(b"\n")?;
    for picture in pictures {
        output.write_all(&picture.bytes)?;
    }
    output.flush()
}

impl Frame {
    fn of(picture: &Picture) -> Self {
        Self {
            mime: picture.mime.clone(),
            width: picture.width,
            height: picture.height,
            bytes: picture.bytes.len(),
        }
    }
}

/// Asks a helper of its own for one picture. The helper does not outlive the question.
pub(super) async fn ask(
    program: &Path,
    bytes: &[u8],
    purpose: Purpose,
) -> Result<Decoded, Refusal> {
    let mut child = Command::new(program)
        .arg("decode")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|_| Refusal::GaveUp)?;
    let answer = tokio::time::timeout(LONGEST, converse(&mut child, bytes, purpose)).await;
    match answer {
        Ok(Ok(answer)) => read_answer(&answer),
        Ok(Err(_)) | Err(_) => Err(Refusal::GaveUp),
    }
}

async fn converse(child: &mut Child, bytes: &[u8], purpose: Purpose) -> io::Result<Vec<u8>> {
    let mut input = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let mut question = serde_json::to_vec(&purpose)?;
    question.push(b'\n');
    let send = async move {
        input.write_all(&question).await?;
        input.write_all(bytes).await?;
        input.shutdown().await
    };
    let mut answer = Vec::new();
    let mut output = output.take(MOST_ANSWER);
    let receive = output.read_to_end(&mut answer);
    tokio::try_join!(send, receive)?;
    Ok(answer)
}

pub(crate) fn read_answer(answer: &[u8]) -> Result<Decoded, Refusal> {
    let line_end = answer
        .iter()
        .position(|byte| *byte == b'\n')
        .ok_or(Refusal::GaveUp)?;
    let (line, rest) = answer.split_at(line_end);
    let head: Answer = serde_json::from_slice(line).map_err(|_| Refusal::GaveUp)?;
    if let Some(refusal) = head.refusal {
        return Err(refusal);
    }
    let mut rest = rest.get(1..).unwrap_or_default();
    let mut pictures = Vec::new();
    for frame in head.pictures {
        let (bytes, after) = rest.split_at_checked(frame.bytes).ok_or(Refusal::GaveUp)?;
        rest = after;
        pictures.push(Picture {
            bytes: bytes.to_vec(),
            mime: frame.mime,
            width: frame.width,
            height: frame.height,
        });
    }
    let mut pictures = pictures.into_iter();
    let full = pictures.next().ok_or(Refusal::GaveUp)?;
    Ok(Decoded {
        full,
        thumb: pictures.next(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through_the_pipe(bytes: &[u8], purpose: Purpose) -> Result<Decoded, Refusal> {
        let mut question = serde_json::to_vec(&purpose).unwrap();
        question.push(b'\n');
        question.extend_from_slice(bytes);
        let mut answer = Vec::new();
        serve(&mut question.as_slice(), &mut answer).unwrap();
        read_answer(&answer)
    }

    #[test]
    fn what_comes_through_the_pipe_is_what_was_drawn() {
        let file = picture::tests::photo_with_place(1_000, 10);
        let piped = through_the_pipe(&file, Purpose::Show).unwrap();
        assert_eq!(piped, picture::redraw(&file, Purpose::Show).unwrap());
        assert!(piped.thumb.is_some());
    }

    #[test]
    fn a_refusal_comes_through_the_pipe() {
        assert_eq!(
            through_the_pipe(b"no", Purpose::Show),
            Err(Refusal::NotAPicture)
        );
    }

    #[test]
    fn an_answer_cut_short_is_no_picture() {
        let file = picture::tests::photo_with_place(8, 8);
        let mut question = b"\"show\"\n".to_vec();
        question.extend_from_slice(&file);
        let mut answer = Vec::new();
        serve(&mut question.as_slice(), &mut answer).unwrap();
        answer.pop();
        assert_eq!(read_answer(&answer), Err(Refusal::GaveUp));
    }

    #[tokio::test]
    async fn a_helper_that_is_none_gives_up() {
        let decoder = super::super::Decoder::Helper("/nonexistent/shopbell".into());
        assert_eq!(
            decoder.decode(vec![1], Purpose::Show).await,
            Err(Refusal::GaveUp)
        );
    }
}
