//! A display in memory whose pixels lie in a file (an XWD image that Xvfb keeps up to date): it can
//! be looked at without asking anybody.

use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Width and height.
const SIZE: (u64, u64) = (1_440, 900);
/// Bytes of a pixel: blue, green, red, nothing.
const PIXEL: u64 = 4;

/// A part of the screen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) left: u64,
    pub(super) top: u64,
    pub(super) width: u64,
    pub(super) height: u64,
}

/// The display. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Screen {
    number: String,
    pixels: File,
    /// Where the pixels begin, and how long a line is.
    begin: u64,
    line: u64,
    _server: Child,
}

impl Screen {
    pub(super) async fn start(folder: &Path) -> Result<Self> {
        let size = format!("{}x{}x24", SIZE.0, SIZE.1);
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &size, "-nolisten", "tcp"])
            .args(["-noreset", "-fbdir"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("Xvfb does not start: `cargo xtask setup` installs it")?;
        let output = server.stdout.take().context("its output is ours")?;
        let number = BufReader::new(output).lines().next_line().await?;
        let number = number.context("Xvfb ended at once")?;
        let pixels = File::open(folder.join("Xvfb_screen0"))?;
        let (head, line, colours) = (word(&pixels, 0)?, word(&pixels, 12)?, word(&pixels, 19)?);
        Ok(Self {
            number: format!(":{number}"),
            pixels,
            begin: head + colours * 12,
            line,
            _server: server,
        })
    }

    /// Its name, for `DISPLAY`.
    pub(super) fn display(&self) -> &str {
        &self.number
    }

    /// What a place looks like now, in short.
    pub(super) fn look(&self, place: Place) -> Result<u64> {
        let mut hasher = DefaultHasher::new();
        let mut line = vec![0; usize::try_from(place.width * PIXEL)?];
        for row in place.top..place.top + place.height {
            let at = self.begin + row * self.line + place.left * PIXEL;
            self.pixels.read_exact_at(&mut line, at)?;
            line.hash(&mut hasher);
        }
        Ok(hasher.finish())
    }

    /// Writes the whole screen to a picture (PPM), for whoever wants to see what was measured.
    pub(super) fn save(&self, path: &Path) -> Result<()> {
        let mut out = BufWriter::new(File::create(path)?);
        write!(out, "P6\n{} {}\n255\n", SIZE.0, SIZE.1)?;
        let mut line = vec![0; usize::try_from(SIZE.0 * PIXEL)?];
        for row in 0..SIZE.1 {
            self.pixels
                .read_exact_at(&mut line, self.begin + row * self.line)?;
            for pixel in line.chunks_exact(4) {
                if let [blue, green, red, _] = pixel {
                    out.write_all(&[*red, *green, *blue])?;
                }
            }
        }
        Ok(out.flush()?)
    }
}

/// A number of the image's head.
fn word(file: &File, at: u64) -> Result<u64> {
    let mut bytes = [0; 4];
    file.read_exact_at(&mut bytes, at * 4)?;
    Ok(u64::from(u32::from_be_bytes(bytes)))
}
