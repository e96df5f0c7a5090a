//! The relay guide's own commands, run as they stand there: in a folder in the place of `/etc` and
//! `/var/lib`, with stand-ins for what only root or systemd may do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command_line::command;
use crate::fake_meta::{APP, SECRET};
use crate::kill::{Process, free_address};
use crate::world::World;

/// What the guide asks of the system, done by whoever runs the test.
const STAND_INS: [(&str, &str); 5] = [
    ("useradd", "exit 0"),
    ("chown", "exit 0"),
    ("systemctl", "exit 0"),
    ("runuser", "shift 3; exec \"$@\""),
    (
        "install",
        "exec /usr/bin/install $(printf '%s ' \"$@\" | sed 's/-o shopbell-relay//')",
    ),
];

/// An empty server.
struct Server {
    folder: PathBuf,
    address: String,
}

impl Server {
    fn new(folder: &Path) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let bin = folder.join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::create_dir_all(folder.join("etc/systemd/system")).unwrap();
        std::fs::create_dir_all(folder.join("var/lib")).unwrap();
        for (name, does) in STAND_INS {
            let path = bin.join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{does}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let program = Path::new(env!("CARGO_BIN_EXE_shopbell-relay"));
        std::os::unix::fs::symlink(program, bin.join("shopbell-relay")).unwrap();
        Self {
            folder: folder.to_owned(),
            address: free_address(),
        }
    }

    /// What the guide says, for this server.
    fn here(&self, text: &str) -> String {
        let folder = self.folder.display();
        text.replace("/etc/", &format!("{folder}/etc/"))
            .replace("/var/lib/", &format!("{folder}/var/lib/"))
            .replace("the app secret", SECRET)
    }

    fn shell(&self, script: &str) -> Command {
        let path = std::env::var("PATH").unwrap();
        let mut sh = Command::new("/bin/sh");
        // Nothing of the test's own environment reaches the program.
        for (name, _) in command(&BTreeMap::new()).get_envs() {
            sh.env_remove(name);
        }
        sh.args(["-euc", &self.here(script)])
            .env(
                "PATH",
                format!("{}:{path}", self.folder.join("bin").display()),
            )
            .current_dir(repository());
        sh
    }

    /// Runs one of the guide's blocks; all it said.
    fn run(&self, script: &str) -> String {
        let output = tokio::task::block_in_place(|| self.shell(script).output()).unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(output.status.success(), "{script}\n{said}");
        said
    }
}

fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap().to_owned()
}

fn paper(name: &str) -> String {
    std::fs::read_to_string(repository().join("docs/relay").join(name)).unwrap()
}

/// The guide's fenced block that has these words.
fn block<'a>(paper: &'a str, words: &str) -> &'a str {
    let blocks = paper.split("```").skip(1).step_by(2);
    let mut fitting = blocks.filter(|block| block.contains(words));
    let block = fitting
        .next()
        .unwrap_or_else(|| panic!("no block with {words}"));
    block.split_once('\n').unwrap().1
}

/// What every relay of these tests has to be told beside the guide's own settings.
fn for_the_stand_in(world: &World, address: &str) -> String {
    let meta = &world.config.meta;
    format!(
        "\nSHOPBELL_LISTEN={address}\nSHOPBELL_PUBLIC_URL=http://{address}\n\
         SHOPBELL_META_APP_ID={APP}\nSHOPBELL_GRAPH_URL={}\nSHOPBELL_FACEBOOK_URL={}\n",
        meta.graph_url, meta.facebook_url
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_steps_from_an_empty_server_to_a_copy_brought_back_work_as_written() {
    let world = World::start().await;
    let server = Server::new(&world.folder.path().join("server"));
    let (steps, running) = (paper("server.md"), paper("operations.md"));
    let said = server.run(block(&steps, "shopbell-relay init"));
    assert!(said.contains("Its words are:"), "{said}");
    let settings = server.here(block(&steps, "SHOPBELL_OPERATOR="))
        + &for_the_stand_in(&world, &server.address);
    let config = server.folder.join("etc/shopbell-relay/relay.conf");
    std::fs::write(&config, settings).unwrap();
    let said = server.run(block(&steps, "shopbell-relay doctor"));
    assert!(said.contains("has not started yet"), "{said}");
    assert!(!said.contains("FAIL"), "{said}");

    let unit =
        std::fs::read_to_string(repository().join("docs/relay/examples/shopbell-relay.service"));
    let unit = unit.unwrap();
    let serve = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/"));
    let start = || {
        Process::ready(
            server.shell(&format!("exec {}", serve.unwrap())),
            &server.address,
        )
    };
    let process = start();
    let said = server.run(block(&steps, "shopbell-relay healthcheck"));
    assert!(said.contains(": ready"), "{said}");
    let code = server.run(block(&steps, "shopbell-relay enrol-code"));
    assert_eq!(code.trim().len(), 11, "{code}");
    let said = server.run(block(&running, "shopbell-relay backup"));
    assert!(said.contains("is copied to"), "{said}");
    process.kill();

    let copies = server.folder.join("var/lib/shopbell-relay/copies");
    let copy = std::fs::read_dir(copies).unwrap().next().unwrap().unwrap();
    let copy = copy.file_name().into_string().unwrap();
    let restore = running
        .split('`')
        .find(|code| code.contains("shopbell-relay restore"));
    let restore = restore.unwrap().replace("relay-2026-11-22.db", &copy);
    for tail in ["", "-wal", "-shm"] {
        let store = format!("var/lib/shopbell-relay/relay.db{tail}");
        let _ = std::fs::remove_file(server.folder.join(store));
    }
    let said = server.run(&restore);
    assert!(said.contains("is this relay's again"), "{said}");
    let process = start();
    server.run(block(&steps, "shopbell-relay healthcheck"));
    process.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_three_commands_of_the_first_page_work_as_written() {
    let world = World::start().await;
    let server = Server::new(&world.folder.path().join("server"));
    let paper = paper("README.md");
    let mut lines = block(&paper, "shopbell-relay init").lines();
    let mut next = || format!("cd {}; {}", server.folder.display(), lines.next().unwrap());
    server.run(&next());
    let config = server.folder.join("relay.conf");
    let settings = std::fs::read_to_string(&config).unwrap()
        + &for_the_stand_in(&world, &server.address)
        + &format!("SHOPBELL_META_APP_SECRETS={SECRET}\nSHOPBELL_META_VERIFY_TOKEN=our-own-word\n");
    std::fs::write(&config, settings).unwrap();
    let serve = next().replace("; shop", "; exec shop");
    let process = Process::ready(server.shell(&serve), &server.address);
    let code = server.run(&next());
    assert_eq!(code.trim().len(), 11, "{code}");
    process.kill();
}
