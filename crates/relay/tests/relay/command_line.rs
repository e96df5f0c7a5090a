//! The program itself.

use std::collections::BTreeMap;
use std::process::Command;

use crate::fake_meta::{APP, SECRET};
use crate::world::{VERIFY_TOKEN, World};

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
async fn an_unknown_setting_is_an_error() {
    let world = World::start().await;
    let mut settings = settings(&world);
    settings.insert("SHOPBELL_ENROLL", "open".into());
    let (started, said) = run_with(&settings, &["serve"]);
    assert!(!started && said.contains("SHOPBELL_ENROLL"), "{said}");
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
    let (again, said) = run_with(&settings, &["init"]);
    assert!(!again && said.contains("has keys already"), "{said}");
    let gathered = relay::Settings::gather(&BTreeMap::new(), [], Some(&file)).unwrap();
    assert_eq!(gathered.keys(), keys);
}
