//! The keychain against a real Secret Service, in a session bus and a home of its own.

use std::process::Command;

use domain::secrets::{Secret, Secrets as _, SecretsError};
use store::{Keychain, Vault};

use crate::support::{Desk, connection};

/// Tells the test started again inside the private session that it is.
const INSIDE: &str = "SHOPBELL_TEST_KEYCHAIN";

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Runs one test of this binary again, with a private bus and home. The script before it decides
/// what kind of keychain there is.
fn again(test: &str, script: &str) {
    if !cfg!(target_os = "linux")
        || !on_path("dbus-run-session")
        || !on_path("gnome-keyring-daemon")
    {
        use std::io::Write as _;
        let line = "skipped: needs dbus-run-session and gnome-keyring-daemon\n";
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let run = home.path().join("run");
    std::fs::create_dir(&run).unwrap();
    let output = Command::new("dbus-run-session")
        .args(["--", "sh", "-c"])
        .arg(format!("{script}\nexec \"$0\" \"$1\" --exact --nocapture"))
        .arg(std::env::current_exe().unwrap())
        .arg(test)
        .env(INSIDE, "1")
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path().join(".local/share"))
        .env("XDG_RUNTIME_DIR", &run)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

fn inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

const UNLOCKED: &str =
    "eval \"$(printf test | gnome-keyring-daemon --unlock --components=secrets --daemonize)\"";

#[test]
fn a_vault_opens_with_the_real_secret_service() {
    if !inside() {
        return again(
            "keychain::a_vault_opens_with_the_real_secret_service",
            UNLOCKED,
        );
    }
    let desk = Desk::new();
    let keychain = Keychain::new();
    assert!(keychain.answers());
    let secret = Secret::new((0..=255).collect());
    keychain.set("v1/test/a", &secret).unwrap();
    assert_eq!(keychain.get("v1/test/a"), Ok(Some(secret)));
    let other = Secret::new(vec![9; 1_900]);
    keychain.set("v1/test/a", &other).unwrap();
    assert_eq!(Keychain::new().get("v1/test/a"), Ok(Some(other)));
    keychain.remove("v1/test/a").unwrap();
    keychain.remove("v1/test/a").unwrap();
    assert_eq!(keychain.get("v1/test/a"), Ok(None));
    drop(Vault::create(&desk.paths, &desk.profile, &keychain, connection(1)).unwrap());
    Vault::open(&desk.paths, &desk.profile, &Keychain::new(), connection(1)).unwrap();
}

#[test]
fn without_a_session_bus_the_keychain_is_absent() {
    let nowhere = "export DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent/bus";
    if !inside() {
        return again(
            "keychain::without_a_session_bus_the_keychain_is_absent",
            nowhere,
        );
    }
    let keychain = Keychain::new();
    assert!(!keychain.answers());
    assert_eq!(keychain.get("v1/test/a"), Err(SecretsError::Absent));
    assert_eq!(
        keychain.set("v1/test/a", &Secret::new(vec![1])),
        Err(SecretsError::Absent)
    );
}

/// A login keyring is made, its daemon ended, and the bus left to start another one, which knows no
/// password and has no display to ask for it.
const LOCKED: &str = r#"
printf test | gnome-keyring-daemon --unlock --components=secrets --foreground >/dev/null 2>&1 &
until [ -f "$XDG_DATA_HOME/keyrings/login.keyring" ]; do sleep 0.02; done
kill $!
wait $! || true
"#;

#[test]
fn a_locked_keychain_is_locked_and_not_absent() {
    if !inside() {
        return again(
            "keychain::a_locked_keychain_is_locked_and_not_absent",
            LOCKED,
        );
    }
    let keychain = Keychain::new();
    assert!(keychain.answers());
    assert_eq!(
        keychain.set("v1/test/a", &Secret::new(vec![1])),
        Err(SecretsError::Locked)
    );
}
