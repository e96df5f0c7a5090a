//! The page a browser ends on after a login: in the owner's language, and no more than is known.

use anyhow::{Context, Result, ensure};
use engine::Language;
use engine::read::{Login, LoginFailure};
use reqwest::header::{ACCEPT_LANGUAGE, LOCATION};
use tests::phones::http;
use tests::shop::Shop;
use tests::world::World;
use url::Url;

/// A shop whose owner has just granted everything, and where her browser is sent then.
async fn granted(world: &World, language: Language) -> Result<(Shop, Url)> {
    let shop = Shop::open(world, "shop").await?;
    let mut settings = shop.engine.settings().await;
    settings.language = language;
    shop.engine.set_settings(settings).await?;
    shop.meet(world).await?;
    let opened = shop.browser.keep();
    shop.engine.start_login(None).await?;
    let callback = shop.browser.answered(&opened.await?).await?;
    let answer = http().get(callback).send().await?;
    let onward = answer.headers().get(LOCATION).context("a way on")?;
    let onward = onward.to_str()?.parse()?;
    Ok((shop, onward))
}

/// The page at an address, for a browser that would rather read Arabic.
async fn page(address: Url) -> Result<(u16, String)> {
    let asked = http()
        .get(address)
        .header(ACCEPT_LANGUAGE, "ar-EG, en;q=0.5");
    let answer = asked.send().await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_login_the_browser_sends_its_owner_back_in_her_language() -> Result<()> {
    for (language, tag, sentence) in [
        (
            Language::English,
            "<html lang=\"en\" dir=\"ltr\">",
            "Go on in Shopbell.",
        ),
        (
            Language::Arabic,
            "<html lang=\"ar\" dir=\"rtl\">",
            "تابع في Shopbell.",
        ),
        (
            Language::System,
            "<html lang=\"ar\" dir=\"rtl\">",
            "تابع في Shopbell.",
        ),
    ] {
        let world = World::start().await?;
        let (shop, onward) = granted(&world, language).await?;
        let (status, html) = page(onward).await?;
        ensure!(status == 200 && html.contains(tag), "{language:?}: {html}");
        ensure!(html.contains(sentence), "{language:?}: {html}");
        shop.until("the choice", async |engine| {
            Ok(matches!(engine.login(), Login::Choose { .. }).then_some(()))
        })
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_somebody_else_s_login_is_said_to_be_unknown() -> Result<()> {
    for (language, sentence) in [
        (Language::English, "This sign-in is not known here."),
        (Language::Arabic, "تسجيل الدخول هذا غير معروف هنا."),
    ] {
        let world = World::start().await?;
        let (shop, mut onward) = granted(&world, language).await?;
        onward.set_query(Some("c=a-code-of-somebody-else-s-login"));
        let (status, html) = page(onward).await?;
        ensure!(status == 403 && html.contains(sentence), "{html}");
        shop.until("the refusal", async |engine| {
            Ok(matches!(engine.login(), Login::Failed(LoginFailure::Refused)).then_some(()))
        })
        .await?;
        assert!(shop.engine.connections().await?.is_empty());
    }
    Ok(())
}
