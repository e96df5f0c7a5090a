//! The program on the command line: what it prints, and that it ends politely.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::world::{LIMIT, client, read};

/// Ends the program even when a test fails before it did.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(unix)]
#[tokio::test]
async fn it_prints_its_addresses_and_ends_when_told() {
    let child = Command::new(env!("CARGO_BIN_EXE_shopbell-sandbox"))
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--relay",
            "http://127.0.0.1:9",
        ])
        .env("SHOPBELL_SANDBOX_VERIFY_TOKEN", "from the environment")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut running = Running(child);
    let lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let said: Vec<String> = lines.take(9).map(Result::unwrap).collect();
    let value = |name: &str| {
        let line = said.iter().find(|line| line.starts_with(name)).unwrap();
        line.split_once("  ").unwrap().1.trim().to_owned()
    };
    assert_eq!(value("App id"), sandbox::APP_ID);
    assert_eq!(value("App secret"), sandbox::APP_SECRET);
    assert_eq!(value("Verify token"), "from the environment");
    assert_eq!(value("Relay"), "http://127.0.0.1:9/");
    let phones = value("Customers' phones");
    let state = client()
        .get(format!("{phones}sandbox/state"))
        .send()
        .await
        .unwrap();
    assert_eq!(read(state).await.1["app"]["id"], sandbox::APP_ID);
    let id = running.0.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    let waiting = tokio::task::spawn_blocking(move || running.0.wait());
    let ended = tokio::time::timeout(LIMIT, waiting)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(ended.success(), "{ended}");
}

#[test]
fn help_names_the_options_and_their_defaults() {
    let said = Command::new(env!("CARGO_BIN_EXE_shopbell-sandbox"))
        .args(["serve", "--help"])
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    for option in [
        "--listen",
        "--relay",
        "--app-id",
        "--app-secret",
        "--verify-token",
    ] {
        assert!(said.contains(option), "{option}");
    }
    assert!(said.contains("127.0.0.1:8790") && said.contains("http://127.0.0.1:8787"));
}
