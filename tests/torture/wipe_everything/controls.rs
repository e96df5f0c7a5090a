//! The judges of "Delete everything", given what they must find.

use anyhow::{Context, Result, ensure};

use super::Before;
use crate::victims::kill;
use crate::wipe::Shop;
use crate::wipe::controls::{complaint, lose_secret, second_receipt};

#[tokio::test(flavor = "multi_thread")]
async fn control_deleting_everything_in_the_wrong_order_or_not_all_of_it_is_found() -> Result<()> {
    let shop = Shop::make().await?;
    let before = Before::of(&shop)?;
    let data = shop.ground.data();
    let keys_went_first = async || before.keys_went_first(&shop.ground);
    for database in &before.databases {
        let lose = || Ok(std::fs::remove_file(data.join(database))?);
        let said = complaint(&shop, lose, keys_went_first).await?;
        ensure!(said.contains("before the last key share"), "{said}");
    }
    let lose = || lose_secret(&shop, |_| true);
    let said = complaint(&shop, lose, keys_went_first).await?;
    ensure!(said.contains("the keychain's half went"), "{said}");

    let mut relay = shop.put_back().await?;
    let mut desk = shop.ground.open_desk().await?;
    desk.must(&["forget", "Shopbell"]).await?;
    desk.must(&["wiped"]).await?;
    desk.stop().await?;
    kill(&mut relay).await?;
    let is_gone = async || before.is_gone(&shop.ground).await;
    let said = complaint(&shop, || second_receipt(&shop), is_gone).await?;
    ensure!(said.contains("not one receipt"), "{said}");
    let keychain = shop.ground.keychain_folder();
    let left = || {
        let secret = before.secrets.first().context("there was a secret")?;
        Ok(std::fs::write(keychain.join("left"), secret)?)
    };
    let said = complaint(&shop, left, is_gone).await?;
    ensure!(said.contains("left: "), "{said}");
    let (share, bytes) = before.shares.first_key_value().context("a share")?;
    let share = data.join(share);
    let stands = || {
        std::fs::create_dir_all(share.parent().context("a folder")?)?;
        Ok(std::fs::write(&share, bytes)?)
    };
    let said = complaint(&shop, stands, is_gone).await?;
    ensure!(said.contains("a key share stands"), "{said}");
    Ok(())
}
