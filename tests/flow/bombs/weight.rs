//! What drawing a picture takes: below 512 MiB whatever the picture is, and fifty honest
//! megapixels are drawn all the same.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use image::{ColorType, ImageEncoder as _, codecs};
use serde_json::Value;
use tests::bombs;
use tests::programs::program;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// In kilobytes of 1,024 bytes, as the system counts.
const MOST: u64 = 512 * 1024;
/// Nearly fifty million pixels, as the largest cameras of telephones take them.
const SIDES: (u32, u32) = (8_160, 6_120);

/// What came of a picture.
struct Drawn {
    /// The helper's first line; absent for whoever gives none.
    answer: Option<Value>,
    /// The most memory it had.
    peak: u64,
}

/// Has a picture drawn `how`: by the desktop's helper (`decode`), or by whoever reads all of it.
async fn draw(how: &str, picture: &[u8]) -> Result<Drawn> {
    let mut child = Command::new(program("decoder")?)
        .arg(how)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut input = child.stdin.take().context("a way in")?;
    let question = [b"\"show\"\n", picture].concat();
    let send = async move {
        input.write_all(&question).await?;
        input.shutdown().await
    };
    let (sent, output) = tokio::join!(send, child.wait_with_output());
    let output = output?;
    sent.context("it listens to the end")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let peak = said.trim().parse();
    let peak = peak.with_context(|| format!("{how} broke off: {said}"))?;
    let line = output.stdout.split(|byte| *byte == b'\n').next();
    Ok(Drawn {
        answer: line.and_then(|line| serde_json::from_slice(line).ok()),
        peak,
    })
}

#[tokio::test]
async fn no_picture_takes_the_helper_past_512_mib() -> Result<()> {
    for bomb in bombs::all() {
        let drawn = draw("decode", &bomb.bytes).await.context(bomb.name)?;
        let answer = drawn.answer.with_context(|| bomb.name)?;
        ensure!(drawn.peak < MOST, "{}: {} KiB", bomb.name, drawn.peak);
        let shown = answer["refusal"].is_null();
        ensure!(!shown || bomb.harmless_part, "{}: {answer}", bomb.name);
        ensure!(
            shown || bomb.name != bombs::COLOURS,
            "its pixels are harmless: {answer}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn control_whoever_reads_a_packed_colour_profile_passes_512_mib() -> Result<()> {
    let all = bombs::all();
    let bomb = all.iter().find(|bomb| bomb.name == bombs::COLOURS);
    let drawn = draw("careless", &bomb.context("it is among them")?.bytes).await?;
    ensure!(drawn.peak > MOST, "only {} KiB", drawn.peak);
    Ok(())
}

/// Slow changes of colour with a little noise, as in a photograph; eight rows of it.
fn strip() -> Vec<u8> {
    let mut seed = 7_u32;
    let mut pixels = Vec::new();
    for x in (0..8).flat_map(|_| 0..SIDES.0) {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (seed >> 5).to_le_bytes()[0];
        let shade = (x / 40).to_le_bytes()[0];
        pixels.extend([shade, shade / 2 + noise / 32, 255 - shade]);
    }
    pixels
}

/// The strip again and again, each time from a fresh start of the decoder.
fn photograph() -> Result<Vec<u8>> {
    let (width, height) = SIDES;
    let mut strip_file = Vec::new();
    codecs::jpeg::JpegEncoder::new_with_quality(&mut strip_file, 90).write_image(
        &strip(),
        width,
        8,
        ColorType::Rgb8.into(),
    )?;
    let at = |marker: u8| {
        let place = strip_file.windows(2).position(|two| two == [0xff, marker]);
        place.with_context(|| format!("marker {marker:x}"))
    };
    let (frame, scan) = (at(0xc0)?, at(0xda)?);
    let (head, rest) = strip_file.split_at(scan);
    let mut file = head.to_vec();
    let rows = u16::try_from(height)?.to_be_bytes();
    let said = file.get_mut(frame + 5..frame + 7).context("a height")?;
    said.copy_from_slice(&rows);
    // So many blocks lie between two fresh starts.
    file.extend([0xff, 0xdd, 0, 4]);
    file.extend(u16::try_from(width / 8)?.to_be_bytes());
    let (scan_head, pixels) = rest.split_at(2 + 12);
    let pixels = pixels.strip_suffix(&[0xff, 0xd9]).context("an end")?;
    file.extend(scan_head);
    for (row, start) in (0..height / 8).zip((0xd0..=0xd7_u8).cycle()) {
        file.extend(pixels);
        if row + 1 < height / 8 {
            file.extend([0xff, start]);
        }
    }
    file.extend([0xff, 0xd9]);
    // Taken with the telephone upright: it is to be turned, which takes it twice.
    let turn =
        b"\xff\xe1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    file.splice(2..2, turn.iter().copied());
    Ok(file)
}

async fn is_drawn(file: &[u8], kind: &str, (width, height): (u32, u32)) -> Result<()> {
    let drawn = draw("decode", file).await.context(kind.to_owned())?;
    let answer = drawn.answer.context("an answer")?;
    let side = |name: &str| answer.pointer(&format!("/pictures/0/{name}"));
    let drawn_whole = side("width").and_then(Value::as_u64) == Some(width.into())
        && side("height").and_then(Value::as_u64) == Some(height.into());
    ensure!(drawn_whole, "{kind} of {} bytes: {answer}", file.len());
    ensure!(drawn.peak < MOST, "{kind}: {} KiB", drawn.peak);
    Ok(())
}

#[tokio::test]
async fn a_photograph_of_fifty_megapixels_is_drawn_below_512_mib() -> Result<()> {
    let (width, height) = SIDES;
    is_drawn(&photograph()?, "jpeg", (height, width)).await
}

#[tokio::test]
async fn a_drawing_of_fifty_megapixels_is_drawn_below_512_mib() -> Result<()> {
    let (width, height) = SIDES;
    let pixels = strip().repeat(usize::try_from(height / 8)?);
    let mut png = Vec::new();
    let encoder = codecs::png::PngEncoder::new(&mut png);
    encoder.write_image(&pixels, width, height, ColorType::Rgb8.into())?;
    is_drawn(&png, "png", SIDES).await
}
