//! The keychain against a real Secret Service, in a session bus and a home of its own.

use std::process::Command;

use domain::secrets::{Secret, Secrets as _, SecretsError};
use store::{Keychain, Vault};

use crate::support::{Desk, connection, inside, on_path, run_again, skipped};

/// Runs a test again in a session bus and a home of its own. The script before it decides what kind
/// of keychain there is.
fn again(test: &str, script: &str) {
    if !on_path("dbus-run-session") || !on_path("gnome-keyring-daemon") {
        return skipped("needs dbus-run-session and gnome-keyring-daemon");
    }
    let home = tempfile::tempdir().unwrap();
    let run = home.path().join("run");
    std::fs::create_dir(&run).unwrap();
    let mut session = Command::new("dbus-run-session");
    session
        .args(["--", "sh", "-c"])
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path().join(".local/share"))
        .env("XDG_RUNTIME_DIR", &run)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY");
    run_again(session, script, test);
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
