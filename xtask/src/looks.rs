//! `cargo xtask looks`: lays what the real window looks like beside the design's renders. It runs the
//! window tests that take pictures, and writes a sheet for each screen and a page with all of them
//! into `target/looks`. It judges nothing: somebody has to look.

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::workspace::Workspace;
use crate::{say, setup, step};

/// The tests that take the pictures.
const TESTS: &str = "binary(window) and (test(access::) or test(doors::) or test(forgetting::) \
                     or test(outside::the_first))";

/// A screen of the window and the render it was made after.
const TWINS: [(&str, &str); 22] = [
    ("first-run-light", "connect"),
    ("first-run-dark", "connect-dark"),
    ("sign-in-light", "connect-instagram"),
    ("account-choice-light", "connect-instagram"),
    ("inbox-empty-light", "empty"),
    ("inbox-empty-dark", "empty-dark"),
    ("inbox-full-light", "inbox"),
    ("thread-trouble-light", "inbox"),
    ("thread-trouble-dark", "inbox-dark"),
    ("thread-trouble-arabic", "inbox-arabic"),
    ("thread-picture-light", "inbox"),
    ("thread-window-closed-light", "inbox"),
    ("relay-away-light", "offline"),
    ("search-light", "search-results"),
    ("settings-connections-light", "settings"),
    ("settings-connections-dark", "settings-dark"),
    ("wipe-light", "wipe-1"),
    ("wipe-dark", "wipe-1-dark"),
    ("receipt-light", "wipe-3"),
    ("keychain-locked-light", "keychain"),
    ("erase-person-light", "wipe-1"),
    ("passphrase-first-light", "locked"),
];

/// What is wished.
#[derive(Debug, Default)]
struct Wish {
    /// The pictures of the last time are good enough.
    keep: bool,
    /// Where the renders lie.
    renders: Option<PathBuf>,
}

impl Wish {
    fn read(words: &[&str]) -> Result<Self> {
        let mut wish = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--keep" => wish.keep = true,
                "--renders" => {
                    let folder = words.next().context("--renders needs a folder")?;
                    wish.renders = Some(PathBuf::from(folder));
                }
                other => bail!("nobody knows {other}"),
            }
        }
        Ok(wish)
    }
}

/// Takes the pictures and lays them out.
pub(crate) fn run(workspace: &Workspace, words: &[&str]) -> Result<ExitCode> {
    let wish = Wish::read(words)?;
    let folder = workspace.target.join("looks");
    let pictures = folder.join("pictures");
    let mut passed = true;
    if !wish.keep {
        setup::everything(workspace)?;
        setup::nextest(workspace)?;
        setup::build(workspace)?;
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        let mut command = workspace.cargo(&["nextest", "run", "--workspace", "--locked"]);
        command
            .args(["--no-fail-fast", "--profile", "all", "-E", TESTS])
            .env("SHOPBELL_PICTURES", &pictures);
        let limit = Duration::from_secs(3_600);
        let name = "pictures of the window";
        let outcome = step::run(name, command, workspace.log("looks"), limit)?;
        passed = outcome.passed;
        if !passed {
            say::line(&outcome.tail(60));
        }
    }
    let renders = wish.renders.or_else(|| beside(workspace));
    if renders.is_none() {
        say::line("– no renders here (--renders FOLDER): the window's own pictures only");
    }
    let shown = lay_out(&folder, &pictures, renders.as_deref())?;
    say::line(&format!(
        "{shown} pictures: {}",
        folder.join("index.html").display()
    ));
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The design lies beside the repository, where it is there at all.
fn beside(workspace: &Workspace) -> Option<PathBuf> {
    let shared = std::env::var_os("SHOPBELL_SHARED").map_or_else(
        || workspace.root.parent().map(|parent| parent.join("shared")),
        |folder| Some(PathBuf::from(folder)),
    )?;
    Some(shared.join("design/renders")).filter(|folder| folder.is_dir())
}

/// Writes sheets and page. The screens that have a twin come first, with the render on the left.
fn lay_out(folder: &Path, pictures: &Path, renders: Option<&Path>) -> Result<usize> {
    let mut taken: Vec<String> = std::fs::read_dir(pictures)
        .with_context(|| format!("there are no pictures in {}", pictures.display()))?
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_str()?.to_owned()))
        .collect();
    taken.sort();
    let mut page = String::from(HEAD);
    let mut paired = Vec::new();
    for (screen, render) in TWINS {
        let twin = renders.map(|renders| renders.join(format!("{render}.png")));
        let Some(twin) = twin.filter(|twin| twin.is_file()) else {
            continue;
        };
        if !taken.iter().any(|name| name == screen) {
            continue;
        }
        let sheet = format!("{screen}.png");
        let real = pictures.join(&sheet);
        side_by_side(&twin, &real, &folder.join(&sheet))?;
        write!(
            page,
            "<h2>{render} | {screen}</h2><img src=\"{sheet}\" alt=\"\">"
        )?;
        paired.push(screen);
    }
    for screen in taken.iter().filter(|name| !paired.contains(&name.as_str())) {
        write!(
            page,
            "<h2>{screen}</h2><img src=\"pictures/{screen}.png\" alt=\"\">"
        )?;
    }
    std::fs::write(folder.join("index.html"), page)?;
    Ok(taken.len())
}

const HEAD: &str = "<!doctype html><meta charset=\"utf-8\"><title>Looks</title>\
    <style>body{font:14px system-ui;margin:2rem;background:#777}\
    img{max-width:100%;display:block}h2{color:#fff}</style>\n";

/// A picture: its rows of red, green and blue.
#[derive(Debug)]
struct Picture {
    width: usize,
    rows: Vec<Vec<u8>>,
}

impl Picture {
    fn read(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("no {}", path.display()))?;
        let mut decoder = png::Decoder::new(std::io::BufReader::new(file));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info()?;
        let size = reader.output_buffer_size().context("it is too large")?;
        let mut bytes = vec![0; size];
        let info = reader.next_frame(&mut bytes)?;
        let samples = info.color_type.samples();
        ensure!(
            samples >= 3,
            "{} has no colours in its pixels",
            path.display()
        );
        let rows = bytes
            .chunks_exact(info.line_size)
            .take(usize::try_from(info.height)?)
            .map(|row| {
                row.chunks_exact(samples)
                    .flat_map(|pixel| pixel.iter().take(3).copied())
                    .collect()
            })
            .collect();
        Ok(Self {
            width: usize::try_from(info.width)?,
            rows,
        })
    }

    /// A row with its right end filled, also below the last one.
    fn row(&self, y: usize) -> Vec<u8> {
        let mut row = self.rows.get(y).cloned().unwrap_or_default();
        row.resize(self.width * 3, GREY);
        row
    }
}

const GREY: u8 = 0x77;
const GAP: usize = 16;

fn side_by_side(left: &Path, right: &Path, sheet: &Path) -> Result<()> {
    let (left, right) = (Picture::read(left)?, Picture::read(right)?);
    let width = left.width + GAP + right.width;
    let height = left.rows.len().max(right.rows.len());
    let mut bytes = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        bytes.extend(left.row(y));
        bytes.extend([GREY; GAP * 3]);
        bytes.extend(right.row(y));
    }
    let file = BufWriter::new(File::create(sheet)?);
    let mut encoder = png::Encoder::new(file, u32::try_from(width)?, u32::try_from(height)?);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Fast);
    encoder.write_header()?.write_image_data(&bytes)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, (width, height): (u32, u32), pixel: &[u8], color: png::ColorType) {
        let mut encoder = png::Encoder::new(File::create(path).unwrap(), width, height);
        encoder.set_color(color);
        let count = usize::try_from(width * height).unwrap();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&pixel.repeat(count)).unwrap();
    }

    #[test]
    fn a_render_and_a_picture_of_another_size_stand_side_by_side() {
        let folder = std::env::temp_dir().join(format!("looks-{}", std::process::id()));
        let (pictures, renders) = (folder.join("pictures"), folder.join("renders"));
        std::fs::create_dir_all(&pictures).unwrap();
        std::fs::create_dir_all(&renders).unwrap();
        let red = [200, 0, 0];
        write(
            &renders.join("connect.png"),
            (4, 2),
            &red,
            png::ColorType::Rgb,
        );
        let green = [0, 200, 0, 255];
        for name in ["first-run-light.png", "something-else.png"] {
            write(&pictures.join(name), (3, 5), &green, png::ColorType::Rgba);
        }
        assert_eq!(lay_out(&folder, &pictures, Some(&renders)).unwrap(), 2);
        let sheet = Picture::read(&folder.join("first-run-light.png")).unwrap();
        assert_eq!((sheet.width, sheet.rows.len()), (4 + GAP + 3, 5));
        assert_eq!(sheet.rows[0][..3], red);
        assert_eq!(sheet.rows[4][..3], [GREY; 3]);
        assert_eq!(sheet.rows[4][(4 + GAP) * 3..][..3], green[..3]);
        let page = std::fs::read_to_string(folder.join("index.html")).unwrap();
        assert!(page.contains("connect | first-run-light"));
        assert!(page.contains("pictures/something-else.png"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
