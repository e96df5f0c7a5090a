//! `forget-profile DIR`: removes the secrets of one data folder from this computer's keychain, by
//! the folder's own profile, and no others. The demo calls it before it throws its old data away.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use domain::secrets::Secrets;
use store::{Keychain, Paths, Profile, ShopDb};

fn main() -> ExitCode {
    match forget() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The one who called shows it.
            drop(std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("{error:#}\n").as_bytes(),
            ));
            ExitCode::FAILURE
        }
    }
}

fn forget() -> Result<()> {
    let folder = std::env::args_os()
        .nth(1)
        .context("usage: forget-profile DIR")?;
    let paths = Paths::create(PathBuf::from(folder))?;
    if !paths.profile().exists() {
        return Ok(());
    }
    let profile = Profile::open_or_create(&paths)?;
    let keychain = Keychain::new();
    if !keychain.answers() {
        // Then nothing was put there either.
        return Ok(());
    }
    let names = names(&paths, &profile, &keychain)?;
    let failed = names
        .iter()
        .filter(|name| keychain.remove(name).is_err())
        .count();
    if failed > 0 {
        bail!("{failed} of {} secrets could not be removed", names.len());
    }
    Ok(())
}

/// The names of all secrets of the folder. Those of logins stand in `shop.db`, if that still opens.
fn names(paths: &Paths, profile: &Profile, keychain: &Keychain) -> Result<Vec<String>> {
    let mut names = Vec::new();
    if let Ok(shop) = ShopDb::open(paths, profile, keychain) {
        let logins = shop.read(|shop| shop.logins())?;
        names.extend(
            logins
                .iter()
                .map(|login| profile.login_token_name(&login.id)),
        );
    }
    for connection in paths.vaults_on_disk()? {
        names.extend(profile.secrets_of(connection));
    }
    names.extend(profile.secrets_of_shop());
    Ok(names)
}
