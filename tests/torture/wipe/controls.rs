//! The judges of a wipe, given what they must find: each time one thing is spoiled, they are asked,
//! and it is put back.

use anyhow::{Context, Result, bail, ensure};
use domain::Channel;
use store::vault::conversations::Filter;
use store::{Paths, Profile, Vault};

use super::Shop;
use crate::judge;
use crate::victims::kill;

#[tokio::test(flavor = "multi_thread")]
async fn control_a_wipe_in_the_wrong_order_or_of_too_much_is_found() -> Result<()> {
    let shop = Shop::make().await?;
    let key_went_first = async || shop.key_went_first();
    let lose_vault = || Ok(std::fs::remove_file(shop.vault_folder().join("vault.db"))?);
    let said = complaint(&shop, lose_vault, key_went_first).await?;
    ensure!(said.contains("the vault went before"), "{said}");
    let doomed = shop.doomed.to_string();
    let lose_its_secret = || lose_secret(&shop, |name| name.contains(&doomed));
    let said = complaint(&shop, lose_its_secret, key_went_first).await?;
    ensure!(said.contains("before the key share"), "{said}");

    let mut relay = shop.put_back().await?;
    let mut desk = shop.ground.open_desk().await?;
    desk.must(&["disconnect", "instagram"]).await?;
    desk.must(&["wiped"]).await?;
    desk.stop().await?;
    kill(&mut relay).await?;
    let is_done = async || shop.is_done();
    for name in shop.ground.secret_names()? {
        let lose_another = || lose_secret(&shop, |of| of == name);
        let said = complaint(&shop, lose_another, is_done).await?;
        ensure!(said.contains("gone from the keychain"), "{name}: {said}");
    }
    let add_receipt = || second_receipt(&shop);
    let said = complaint(&shop, add_receipt, is_done).await?;
    ensure!(said.contains("not one receipt"), "{said}");
    let said = complaint(&shop, || lose_rows(&shop), is_done).await?;
    ensure!(said.contains("another connection"), "{said}");
    let leave_file = || {
        std::fs::create_dir_all(shop.vault_folder())?;
        Ok(std::fs::write(shop.vault_folder().join("left"), [])?)
    };
    let said = complaint(&shop, leave_file, is_done).await?;
    ensure!(said.contains("left: "), "{said}");
    Ok(())
}

/// Spoils something, asks a judge and puts everything back: what the judge says. It must have
/// nothing to say before.
pub(crate) async fn complaint(
    shop: &Shop,
    spoil: impl FnOnce() -> Result<()>,
    judge: impl AsyncFn() -> Result<()>,
) -> Result<String> {
    let folders = [shop.ground.data(), shop.ground.keychain_folder()];
    let good = tempfile::tempdir_in(shop.ground.folder())?;
    for (place, folder) in folders.iter().enumerate() {
        judge::copy(folder, &good.path().join(place.to_string()))?;
    }
    judge().await.context("nothing is spoiled yet")?;
    spoil()?;
    let said = judge().await;
    for (place, folder) in folders.iter().enumerate() {
        std::fs::remove_dir_all(folder)?;
        judge::copy(&good.path().join(place.to_string()), folder)?;
    }
    match said {
        Ok(()) => bail!("control: the judge has nothing to say"),
        Err(said) => Ok(format!("{said:#}")),
    }
}

/// One secret of the keychain goes.
pub(crate) fn lose_secret(shop: &Shop, which: impl Fn(&str) -> bool) -> Result<()> {
    let names = shop.ground.secret_names()?;
    let name = names.iter().find(|name| which(name));
    let name = name.context("there is such a secret")?;
    let file = shop.ground.keychain_folder().join(hex::encode(name));
    Ok(std::fs::remove_file(file)?)
}

/// The receipt is there twice.
pub(crate) fn second_receipt(shop: &Shop) -> Result<()> {
    let receipts = shop.ground.data().join("receipts");
    let first = tests::files::under(&receipts)?;
    let first = first.first().context("there is a receipt")?;
    std::fs::copy(first, receipts.join("second.txt"))?;
    Ok(())
}

/// What one person of another connection wrote goes.
fn lose_rows(shop: &Shop) -> Result<()> {
    let paths = Paths::create(shop.ground.data())?;
    let profile = Profile::open_or_create(&paths)?;
    let mut others = shop.had.iter();
    let other = others.find(|(_, (channel, _))| *channel == Channel::Messenger);
    let (id, _) = other.context("Messenger is connected")?;
    let vault = Vault::open(&paths, &profile, &shop.ground.keychain()?, *id)?;
    vault.write(|write| {
        let all = write.conversations(Filter::All, None, 1)?;
        all.iter().try_for_each(|one| write.erase_contact(one.id))
    })?;
    vault.close();
    Ok(())
}
