//! Pictures drawn here: what customers send, and how they look.
//!
//! Flat shapes with soft edges, drawn when first asked for and kept.

mod canvas;

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::{LazyLock, Mutex, PoisonError};

use bytes::Bytes;
use image::ImageReader;

use self::canvas::{Canvas, Colour, mix};
use crate::world::people::PEOPLE;

/// The pictures a customer can send by name.
pub(crate) const SAMPLES: [&str; 4] = ["bouquet", "tulips", "wreath", "shopfront"];

/// The name of the shop's own picture among the portraits.
pub(crate) const SHOP: &str = "fern-and-ribbon";

static DRAWN: LazyLock<Mutex<BTreeMap<String, Bytes>>> = LazyLock::new(Mutex::default);

/// A sample picture, as JPEG.
pub(crate) async fn sample(name: &str) -> Option<Bytes> {
    let draw: fn(&mut Canvas) = match name {
        "bouquet" => bouquet,
        "tulips" => tulips,
        "wreath" => wreath,
        "shopfront" => shopfront,
        _ => return None,
    };
    drawn(name.to_owned(), move || {
        let mut canvas = Canvas::new((640.0, 480.0), 1.0, ([246, 239, 228], [226, 236, 222]));
        draw(&mut canvas);
        canvas
    })
    .await
}

/// A customer's picture of themselves, as JPEG.
pub(crate) async fn portrait(key: &str) -> Option<Bytes> {
    if key == SHOP {
        return drawn("portrait/shop".to_owned(), paint_shop).await;
    }
    let index = PEOPLE.iter().position(|person| person.key == key)?;
    drawn(format!("portrait/{key}"), move || paint_portrait(index)).await
}

/// Draws everything there is to draw.
pub(crate) async fn draw_all() {
    portrait(SHOP).await;
    for person in PEOPLE {
        portrait(person.key).await;
    }
    for name in SAMPLES {
        sample(name).await;
    }
}

/// Width and height of a picture; zero where it is none.
pub(crate) fn size_of(bytes: &[u8]) -> (u32, u32) {
    ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .ok()
        .and_then(|reader| reader.into_dimensions().ok())
        .unwrap_or((0, 0))
}

/// Draws beside the tasks that answer, for drawing takes a moment.
async fn drawn(name: String, draw: impl FnOnce() -> Canvas + Send + 'static) -> Option<Bytes> {
    let kept = || DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(picture) = kept().get(&name) {
        return Some(picture.clone());
    }
    let picture = tokio::task::spawn_blocking(move || draw().jpeg())
        .await
        .ok()?;
    kept().insert(name, picture.clone());
    Some(picture)
}

const STEM: Colour = [86, 128, 84];
const LEAF: Colour = [120, 160, 106];

/// A blossom of petals around a heart.
fn blossom(canvas: &mut Canvas, (x, y): (f32, f32), size: f32, colour: Colour) {
    let shade = mix(colour, [120, 40, 60], 0.18);
    for petal in 0_u8..7 {
        let angle = f32::from(petal) * std::f32::consts::TAU / 7.0;
        let middle = (
            angle.cos().mul_add(size * 0.6, x),
            angle.sin().mul_add(size * 0.6, y),
        );
        canvas.circle(
            middle,
            size * 0.48,
            if petal % 2 == 0 { colour } else { shade },
        );
    }
    canvas.circle((x, y), size * 0.5, mix(colour, [255, 255, 255], 0.25));
    canvas.circle((x, y), size * 0.2, [232, 190, 90]);
}

fn bouquet(canvas: &mut Canvas) {
    const FLOWERS: [(f32, f32, f32, Colour); 7] = [
        (220.0, 190.0, 62.0, [236, 150, 168]),
        (420.0, 190.0, 60.0, [244, 222, 214]),
        (320.0, 150.0, 68.0, [226, 112, 138]),
        (260.0, 260.0, 56.0, [250, 238, 230]),
        (385.0, 260.0, 58.0, [238, 164, 150]),
        (165.0, 255.0, 40.0, [198, 168, 214]),
        (480.0, 255.0, 42.0, [240, 200, 130]),
    ];
    for (x, y, _, _) in FLOWERS {
        canvas.stroke((x, y), (320.0, 430.0), 9.0, STEM);
        canvas.oval((x - 40.0, y + 40.0), (36.0, 15.0), LEAF);
        canvas.oval((x + 44.0, y + 34.0), (34.0, 14.0), LEAF);
    }
    for (x, y, size, colour) in FLOWERS {
        blossom(canvas, (x, y), size, colour);
    }
    canvas.block((285.0, 352.0), (70.0, 26.0), [196, 84, 104]);
    canvas.oval((262.0, 366.0), (34.0, 18.0), [210, 100, 120]);
    canvas.oval((378.0, 366.0), (34.0, 18.0), [210, 100, 120]);
}

fn tulips(canvas: &mut Canvas) {
    const TULIPS: [(f32, f32, Colour); 5] = [
        (150.0, 200.0, [228, 96, 84]),
        (240.0, 160.0, [240, 182, 72]),
        (330.0, 190.0, [214, 110, 168]),
        (420.0, 150.0, [232, 120, 96]),
        (500.0, 205.0, [246, 214, 120]),
    ];
    for (x, y, colour) in TULIPS {
        canvas.stroke((x, y), (320.0 + (x - 320.0) * 0.4, 470.0), 10.0, STEM);
        canvas.stroke((x, y + 190.0), (x - 46.0, y + 90.0), 16.0, LEAF);
        canvas.oval((x, y), (34.0, 50.0), colour);
        canvas.oval(
            (x - 18.0, y - 18.0),
            (16.0, 36.0),
            mix(colour, [255, 255, 255], 0.18),
        );
        canvas.oval(
            (x + 18.0, y - 18.0),
            (16.0, 36.0),
            mix(colour, [90, 20, 30], 0.14),
        );
    }
}

fn wreath(canvas: &mut Canvas) {
    for leaf in 0_u8..48 {
        let angle = f32::from(leaf) * std::f32::consts::TAU / 48.0;
        let reach = if leaf % 2 == 0 { 150.0 } else { 128.0 };
        let middle = (
            angle.cos().mul_add(reach, 320.0),
            angle.sin().mul_add(reach, 235.0),
        );
        let colour = if leaf % 3 == 0 { LEAF } else { STEM };
        canvas.oval(middle, (28.0, 20.0), colour);
    }
    for flower in 0_u8..8 {
        let angle = f32::from(flower) * std::f32::consts::TAU / 8.0;
        let middle = (
            angle.cos().mul_add(140.0, 320.0),
            angle.sin().mul_add(140.0, 235.0),
        );
        let colour = if flower % 2 == 0 {
            [236, 150, 168]
        } else {
            [250, 240, 232]
        };
        blossom(canvas, middle, 28.0, colour);
    }
    canvas.stroke((320.0, 380.0), (285.0, 460.0), 20.0, [180, 66, 84]);
    canvas.stroke((320.0, 380.0), (355.0, 460.0), 20.0, [196, 84, 104]);
}

fn shopfront(canvas: &mut Canvas) {
    canvas.block((90.0, 90.0), (460.0, 390.0), [92, 122, 104]);
    canvas.block((120.0, 200.0), (240.0, 220.0), [222, 236, 232]);
    canvas.block((400.0, 200.0), (110.0, 280.0), [70, 92, 80]);
    canvas.circle((492.0, 350.0), 7.0, [232, 190, 90]);
    for stripe in 0_u8..10 {
        let x = 46.0_f32.mul_add(f32::from(stripe), 90.0);
        let colour = if stripe % 2 == 0 {
            [240, 226, 214]
        } else {
            [204, 100, 112]
        };
        canvas.block((x, 120.0), (46.0, 50.0), colour);
        canvas.circle((x + 23.0, 170.0), 23.0, colour);
    }
    for pot in 0_u8..4 {
        let x = 58.0_f32.mul_add(f32::from(pot), 155.0);
        blossom(canvas, (x, 350.0), 24.0, [236, 150, 168]);
        canvas.block((x - 18.0, 376.0), (36.0, 44.0), [190, 112, 82]);
    }
}

/// Background, skin, hair and shirt of each customer, in the order of `PEOPLE`.
const LOOKS: [(Colour, Colour, Colour, Colour); 10] = [
    (
        [233, 205, 205],
        [240, 205, 180],
        [150, 86, 46],
        [92, 122, 104],
    ),
    (
        [214, 226, 238],
        [243, 214, 184],
        [38, 32, 34],
        [236, 150, 168],
    ),
    (
        [226, 214, 236],
        [224, 178, 140],
        [96, 74, 128],
        [74, 92, 140],
    ),
    (
        [244, 226, 190],
        [230, 184, 146],
        [74, 46, 32],
        [204, 90, 74],
    ),
    (
        [208, 226, 216],
        [242, 208, 182],
        [206, 168, 98],
        [60, 84, 110],
    ),
    (
        [250, 228, 200],
        [204, 152, 112],
        [46, 32, 28],
        [238, 190, 80],
    ),
    (
        [238, 222, 204],
        [238, 222, 204],
        [130, 88, 58],
        [250, 244, 236],
    ),
    (
        [206, 220, 232],
        [196, 144, 106],
        [30, 26, 26],
        [46, 110, 104],
    ),
    (
        [250, 214, 224],
        [244, 210, 190],
        [222, 130, 84],
        [214, 110, 150],
    ),
    ([218, 222, 214], [240, 206, 172], [44, 40, 42], [86, 98, 92]),
];

fn paint_portrait(index: usize) -> Canvas {
    let (background, skin, hair, shirt) = LOOKS.get(index).copied().unwrap_or(LOOKS[0]);
    let top = mix(background, [255, 255, 255], 0.25);
    let mut canvas = Canvas::new((320.0, 320.0), 0.5, (top, background));
    if PEOPLE
        .get(index)
        .is_some_and(|person| person.key == "almendra")
    {
        cup(&mut canvas, hair, shirt);
        return canvas;
    }
    let long = index % 2 == 1 || index == 0 || index == 2 || index == 8;
    let long = long && !matches!(index, 7 | 9);
    if long {
        canvas.oval((160.0, 172.0), (88.0, 118.0), hair);
    }
    canvas.oval((160.0, 330.0), (122.0, 92.0), shirt);
    canvas.block((138.0, 196.0), (44.0, 58.0), mix(skin, [120, 70, 50], 0.14));
    canvas.oval((160.0, 150.0), (62.0, 76.0), skin);
    canvas.oval((160.0, 96.0), (70.0, 40.0), hair);
    canvas.oval((110.0, 122.0), (18.0, 42.0), hair);
    canvas.oval((210.0, 122.0), (18.0, 42.0), hair);
    for x in [136.0, 184.0] {
        canvas.oval((x, 152.0), (7.0, 8.0), [52, 40, 38]);
        canvas.oval((x, 178.0), (14.0, 8.0), mix(skin, [226, 110, 110], 0.28));
    }
    canvas.oval((160.0, 196.0), (20.0, 9.0), [176, 84, 84]);
    canvas.oval((160.0, 191.0), (21.0, 7.0), skin);
    canvas
}

/// The sign of the shop: a flower with two leaves.
fn paint_shop() -> Canvas {
    let mut canvas = Canvas::new((320.0, 320.0), 0.5, ([92, 122, 104], [70, 98, 82]));
    canvas.stroke((160.0, 150.0), (160.0, 280.0), 12.0, LEAF);
    canvas.oval((110.0, 232.0), (50.0, 18.0), LEAF);
    canvas.oval((210.0, 232.0), (50.0, 18.0), LEAF);
    blossom(&mut canvas, (160.0, 130.0), 72.0, [244, 196, 204]);
    canvas
}

fn cup(canvas: &mut Canvas, coffee: Colour, china: Colour) {
    canvas.oval(
        (160.0, 250.0),
        (120.0, 26.0),
        mix(china, [150, 130, 110], 0.3),
    );
    canvas.circle((236.0, 180.0), 40.0, china);
    canvas.circle((236.0, 180.0), 24.0, [238, 222, 204]);
    canvas.oval((160.0, 180.0), (84.0, 72.0), china);
    canvas.oval((160.0, 136.0), (84.0, 26.0), china);
    canvas.oval((160.0, 138.0), (70.0, 19.0), coffee);
    for x in [130.0, 160.0, 190.0] {
        canvas.stroke((x, 100.0), (x + 10.0, 62.0), 8.0, [255, 250, 244]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_customer_and_sample_has_a_picture_of_its_own() {
        let mut seen: Vec<Bytes> = Vec::new();
        for person in &PEOPLE {
            seen.push(portrait(person.key).await.unwrap());
            assert_eq!(size_of(seen.last().unwrap()), (160, 160));
        }
        seen.push(portrait(SHOP).await.unwrap());
        for name in SAMPLES {
            seen.push(sample(name).await.unwrap());
            assert_eq!(size_of(seen.last().unwrap()), (640, 480));
        }
        assert_eq!(sample("nothing").await, None);
        let pictures = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), pictures);
    }
}
