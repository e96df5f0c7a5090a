//! The program itself.

use std::collections::BTreeMap;
use std::process::Command;

use crate::fake_meta::{APP, SECRET};
use crate::world::{MINUTE, VERIFY_TOKEN, World};

/// The settings under which the program works on a world's relay.
pub(crate) fn settings(world: &World) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        (
            "SHOPBELL_STORE",
            format!("sqlite:{}", world.store().display()),
        ),
        ("SHOPBELL_KEYS", world.config.keys.display().to_string()),
        ("SHOPBELL_PUBLIC_URL", world.config.public_url.to_string()),
        ("SHOPBELL_META_APP_ID", APP.to_owned()),
        ("SHOPBELL_META_APP_SECRETS", SECRET.to_owned()),
        ("SHOPBELL_META_VERIFY_TOKEN", VERIFY_TOKEN.to_owned()),
        (
            "SHOPBELL_GRAPH_URL",
            world.config.meta.graph_url.to_string(),
        ),
        (
            "SHOPBELL_FACEBOOK_URL",
            world.config.meta.facebook_url.to_string(),
        ),
        ("SHOPBELL_ENROL", "open".to_owned()),
    ])
}

pub(crate) fn command(settings: &BTreeMap<&'static str, String>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shopbell-relay"));
    for (name, _) in std::env::vars() {
        if name.starts_with("SHOPBELL_") {
            command.env_remove(name);
        }
    }
    command.envs(settings);
    command
}

/// Runs the program: whether it succeeded, and all it said.
pub(crate) fn run(world: &World, arguments: &[&str]) -> (bool, String) {
    run_with(&settings(world), arguments)
}

fn run_with(settings: &BTreeMap<&'static str, String>, arguments: &[&str]) -> (bool, String) {
    let output = tokio::task::block_in_place(|| command(settings).args(arguments).output());
    let output = output.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// A code from the operator.
pub(crate) fn enrol_code(world: &World) -> String {
    let output = command(&settings(world))
        .arg("enrol-code")
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_passes_a_healthy_relay_and_names_what_is_wrong() {
    let world = World::start().await;
    world.pass(relay::Clock::system().now() - world.now());
    let (healthy, said) = run(&world, &["doctor"]);
    assert!(healthy, "{said}");
    for line in [
        "pass  configuration",
        "pass  keys",
        "pass  store: sound",
        "pass  store: the one this relay last used",
        #[cfg(unix)]
        "pass  disk: ",
        "pass  public address",
        "pass  app secret 1: Meta takes it",
        "note  webhooks: none yet",
    ] {
        assert!(said.contains(line), "{line} is not in {said}");
    }
    world.webhook_bytes(b"no json".to_vec()).await;
    world.webhook_bytes(b"no json either".to_vec()).await;
    "changed".clone_into(&mut world.meta.known.lock().unwrap().secret);
    let (healthy, said) = run(&world, &["doctor"]);
    assert!(!healthy);
    assert!(
        said.contains("FAIL  webhooks: 2 with a good signature were no JSON"),
        "{said}"
    );
    assert!(
        said.contains("FAIL  app secret 1: Meta refuses it"),
        "{said}"
    );
    assert!(!said.contains(SECRET), "no secret is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_nothing_wrong_with_a_relay_that_was_only_made() {
    let world = World::start().await;
    let mut settings = settings(&world);
    let (keys, store) = (
        world.folder.path().join("fresh"),
        world.folder.path().join("fresh.db"),
    );
    settings.insert("SHOPBELL_KEYS", keys.display().to_string());
    settings.insert("SHOPBELL_STORE", format!("sqlite:{}", store.display()));
    settings.insert(
        "SHOPBELL_PUBLIC_URL",
        format!("http://{}", crate::kill::free_address()),
    );
    let (made, said) = run_with(&settings, &["init"]);
    assert!(made, "{said}");
    let (healthy, said) = run_with(&settings, &["doctor"]);
    assert!(healthy, "{said}");
    assert!(said.contains("note  store: not there yet"), "{said}");
    assert!(said.contains("has not started yet"), "{said}");
    assert!(!store.exists(), "looking makes nothing");
    // The control: with a store behind it, an address that does not answer is wrong.
    settings.insert(
        "SHOPBELL_STORE",
        format!("sqlite:{}", world.store().display()),
    );
    let (healthy, said) = run_with(&settings, &["doctor"]);
    assert!(!healthy, "{said}");
    assert!(said.contains("FAIL  public address: "), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn healthcheck_tells_a_relay_that_serves_from_one_that_does_not() {
    let mut world = World::start().await;
    let mut settings = settings(&world);
    let address = world.running().address().to_string();
    settings.insert("SHOPBELL_LISTEN", address.clone());
    // What a proxy would answer is not asked for.
    settings.insert("HTTP_PROXY", "http://127.0.0.1:1".to_owned());
    let ask = || run_with(&settings, &["healthcheck"]);
    let (healthy, said) = ask();
    assert!(healthy, "{said}");
    assert_eq!(said.trim(), format!("the relay at {address}: ready"));
    world.pass(MINUTE);
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    let other = rusqlite::Connection::open_with_flags(world.store(), flags).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (healthy, said) = ask();
    assert!(!healthy && said.contains("cannot be written"), "{said}");
    other.execute_batch("ROLLBACK").unwrap();
    world.pass(MINUTE);
    let (healthy, said) = ask();
    assert!(healthy, "{said}");
    world.stop_relay().await;
    let (healthy, said) = ask();
    assert!(!healthy, "{said}");
    assert_eq!(said.trim(), format!("no relay answers at {address}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_finds_no_store_makes_none_and_says_what_to_do() {
    let world = World::start().await;
    let nowhere = world.folder.path().join("nowhere");
    std::fs::create_dir(&nowhere).unwrap();
    let empty = BTreeMap::new();
    for arguments in [
        ["enrol-code"].as_slice(),
        &["backup", "copy.db"],
        &["restore"],
    ] {
        let mut command = command(&empty);
        let command = command.args(arguments).current_dir(&nowhere);
        let output = tokio::task::block_in_place(|| command.output()).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty());
        let store = nowhere.join("relay.db");
        assert!(said.contains(&store.display().to_string()), "{said}");
        assert!(said.contains("--config FILE"), "{said}");
        assert_eq!(std::fs::read_dir(&nowhere).unwrap().count(), 0);
    }
    // The control: where the settings lead to the store, there is a code.
    assert_eq!(enrol_code(&world).len(), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_setting_is_an_error() {
    let world = World::start().await;
    let mut settings = settings(&world);
    settings.insert("SHOPBELL_ENROLL", "open".into());
    let (started, said) = run_with(&settings, &["serve"]);
    assert!(!started && said.contains("SHOPBELL_ENROLL"), "{said}");
    assert!(said.contains("`shopbell-relay serve --help`"), "{said}");
    let (started, _) = run(&world, &["serve", "--enroll", "open"]);
    assert!(!started);
}

#[tokio::test(flavor = "multi_thread")]
async fn help_names_every_setting() {
    let world = World::start().await;
    let (helped, said) = run(&world, &["--help"]);
    assert!(helped);
    for command in [
        "serve",
        "init",
        "doctor",
        "enrol-code",
        "backup",
        "restore",
        "healthcheck",
    ] {
        assert!(said.contains(command), "{command}");
        let (helped, said) = run(&world, &[command, "--help"]);
        assert!(helped);
        for setting in &relay::SETTINGS {
            assert!(said.contains(setting.name), "{command}: {}", setting.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn init_makes_keys_once_and_a_configuration_that_reads() {
    let world = World::start().await;
    let keys = world.folder.path().join("fresh keys");
    let file = world.folder.path().join("relay.conf");
    let mut settings = settings(&world);
    settings.insert("SHOPBELL_KEYS", keys.display().to_string());
    let arguments = ["init", "--write", file.to_str().unwrap()];
    let (made, said) = run_with(&settings, &arguments);
    assert!(made && said.contains("Its words are:"), "{said}");
    let key = |said: &str| {
        said.split("Its key, for receipts, is: ")
            .nth(1)
            .map(str::to_owned)
    };
    assert!(key(&said).is_some_and(|key| key.trim_start().split('\n').next().unwrap().len() == 64));
    let (again, said) = run_with(&settings, &["init"]);
    assert!(!again && said.contains("has keys already"), "{said}");
    // Whoever made the keys first has the settings written for them.
    let other = world.folder.path().join("later.conf");
    let (written, later) = run_with(&settings, &["init", "--write", other.to_str().unwrap()]);
    assert!(written && later.contains("The keys of relay"), "{later}");
    assert_eq!(
        std::fs::read(&other).unwrap(),
        std::fs::read(&file).unwrap()
    );
    let gathered = relay::Settings::gather(&BTreeMap::new(), [], Some(&file)).unwrap();
    assert_eq!(gathered.keys(), keys);
}
