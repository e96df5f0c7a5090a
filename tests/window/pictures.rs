//! Pictures, in and out: by button, by paste and by drop.

use anyhow::Result;
use fantoccini::Locator;
use fantoccini::key::Key;
use serde_json::json;
use tests::counter::Counter;
use tests::page::{Find, Page};

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_comes_in_opens_large_and_one_goes_out() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page, phones) = (counter.owner()?, counter.page()?, &counter.world.phones);
    phones.send_picture("instagram", "clara", "bouquet").await?;
    owner.opens("Clara").await?;
    owner.sees_a_picture().await?;
    owner.opens_the_picture().await?;
    owner.presses(Key::Escape).await?;
    page.gone(&Find::any("dialog")).await?;
    paste(page, &tests::pictures::with_camera_data()).await?;
    page.find(&Find::named("img", "Attached picture")).await?;
    page.press("Send").await?;
    arrives(&counter, 1).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_chosen_from_a_folder_or_dropped() -> Result<()> {
    let counter = Counter::connected().await?;
    let (owner, page, phones) = (counter.owner()?, counter.page()?, &counter.world.phones);
    phones.say("whatsapp", "jonas", "Wie sieht er aus?").await?;
    owner.opens("Jonas").await?;
    let file = counter.world.folder().join("wreath.png");
    std::fs::write(&file, tests::pictures::with_camera_data())?;
    let chooser = page.client().find(Locator::Css("input[type=file]")).await?;
    chooser.send_keys(&file.display().to_string()).await?;
    let attached = Find::named("img", "Attached picture");
    page.find(&attached).await?;
    page.press("Take the picture off").await?;
    page.gone(&attached).await?;
    drop_onto(page, &tests::pictures::with_camera_data()).await?;
    page.find(&attached).await?;
    page.press("Send").await?;
    arrives(&counter, 1).await?;
    // What is no picture says so, and nothing is attached.
    drop_onto(page, b"#!/bin/sh").await?;
    page.says(&Find::any("alert"), "picture").await?;
    assert_eq!(page.count(&attached).await?, 0);
    Ok(())
}

async fn arrives(counter: &Counter, many: usize) -> Result<()> {
    let phones = &counter.world.phones;
    phones
        .until("the picture on the phone", |state| {
            let sent = state["sent"].as_array()?;
            let pictures = sent.iter().filter(|sent| sent["picture"].is_string());
            (pictures.count() == many).then_some(())
        })
        .await
}

/// Pastes a picture into the composer, as the clipboard does.
async fn paste(page: &Page, picture: &[u8]) -> Result<()> {
    let event = "field.focus();\n\
        field.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, \
        cancelable: true}));";
    bring(page, picture, event).await
}

/// Drops one onto it, as a file manager does.
async fn drop_onto(page: &Page, picture: &[u8]) -> Result<()> {
    let event = "for (const kind of ['dragenter', 'dragover', 'drop'])\n\
        field.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, \
        cancelable: true}));";
    bring(page, picture, event).await
}

async fn bring(page: &Page, picture: &[u8], event: &str) -> Result<()> {
    let script = format!(
        "const [bytes] = arguments;\n\
         const file = new File([new Uint8Array(bytes)], 'picture.png', {{type: 'image/png'}});\n\
         const data = new DataTransfer();\n\
         data.items.add(file);\n\
         const field = document.querySelector('textarea');\n{event}"
    );
    page.client().execute(&script, vec![json!(picture)]).await?;
    Ok(())
}
