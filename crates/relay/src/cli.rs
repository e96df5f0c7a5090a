//! The command line: one flag per setting, one word per command.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Arg, ArgMatches, Command};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::harden::harden;
use crate::log::{self, Lines};
use crate::settings::{CONFIG_FILE, SETTINGS, Settings};
use crate::supervisor::{self, Supervisor};
use crate::{commands, serve};

/// Runs the program with these arguments and this environment.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> ExitCode {
    log::hide_panics();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let matches = match command().try_get_matches_from(&arguments) {
        Ok(matches) => matches,
        Err(told) => {
            // Help and version are told on the standard output, mistakes on the other.
            drop(told.print());
            return ExitCode::from(u8::try_from(told.exit_code()).unwrap_or(2));
        }
    };
    harden(&arguments);
    match carry_out(&matches, environment) {
        Ok(code) => code,
        Err(why) => {
            drop(writeln!(std::io::stderr(), "shopbell-relay: {why:#}"));
            ExitCode::FAILURE
        }
    }
}

fn carry_out(
    matches: &ArgMatches,
    environment: impl IntoIterator<Item = (String, String)>,
) -> anyhow::Result<ExitCode> {
    let (name, matches) = matches.subcommand().context("a command is needed")?;
    let environment: BTreeMap<String, String> = environment.into_iter().collect();
    let supervisor = Supervisor::at(environment.get(supervisor::SOCKET).map(String::as_str));
    let settings = settings(matches, environment)?;
    start_log(&settings)?;
    let given = |name: &str| matches.get_one::<PathBuf>(name).cloned();
    match name {
        "serve" => serve_until_told(&settings, &supervisor)?,
        "init" => commands::init(&settings, given("write"))?,
        "enrol-code" => {
            let hours = matches.get_one::<u16>("hours").copied().unwrap_or(24);
            commands::enrol_code(&settings, i64::from(hours))?;
        }
        "backup" => commands::backup(&settings, &given("to").context("name a file")?)?,
        "restore" => commands::restore(&settings, given("from"))?,
        "doctor" => return runtime()?.block_on(commands::doctor(&settings)),
        "healthcheck" => return runtime()?.block_on(commands::healthcheck(&settings)),
        _ => anyhow::bail!("there is no command {name}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn settings(
    matches: &ArgMatches,
    environment: impl IntoIterator<Item = (String, String)>,
) -> anyhow::Result<Settings> {
    let mut flags = BTreeMap::new();
    for setting in &SETTINGS {
        if let Some(value) = matches.get_one::<String>(setting.flag) {
            flags.insert(setting.flag, value.clone());
        }
    }
    let file = matches.get_one::<PathBuf>("config");
    Ok(Settings::gather(
        &flags,
        environment,
        file.map(PathBuf::as_path),
    )?)
}

fn command() -> Command {
    let hours = Arg::new("hours")
        .long("hours")
        .value_parser(clap::value_parser!(u16).range(1..=720))
        .help("How many hours the code is good [default: 24]");
    let write = file("write", "Also write a commented configuration").long("write");
    let to = file("to", "Where to; must not be there yet").required(true);
    let from = file(
        "from",
        "The backup, copied to SHOPBELL_STORE; without it, the store there",
    );
    Command::new("shopbell-relay")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Takes Meta's webhooks, seals them to the shop owners' computers, and forgets.")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(one("serve", "Serve until told to stop"))
        .subcommand(one("init", "Make the keys of a new relay").arg(write))
        .subcommand(one("doctor", "Check this relay, line by line"))
        .subcommand(one("enrol-code", "Make a code that lets one computer in").arg(hours))
        .subcommand(one("backup", "Copy the store, also while the relay serves").arg(to))
        .subcommand(
            one(
                "restore",
                "Take a store over that was brought back from a backup",
            )
            .arg(from),
        )
        .subcommand(one(
            "healthcheck",
            "Ask the relay on this machine whether it lives",
        ))
}

/// A command, with a flag for every setting.
fn one(name: &'static str, about: &'static str) -> Command {
    let config = format!(
        "File of NAME=value lines, the names being those of the environment [env: {CONFIG_FILE}]"
    );
    let command = Command::new(name)
        .about(about)
        .arg(file("config", config).long("config"));
    SETTINGS.iter().fold(command, |command, setting| {
        let secret = if setting.secret {
            format!(" or {}_FILE", setting.name)
        } else {
            String::new()
        };
        let help = format!("{} [env: {}{secret}]", setting.help, setting.name);
        command.arg(
            Arg::new(setting.flag)
                .long(setting.flag)
                .value_name("VALUE")
                .help(help),
        )
    })
}

fn file(name: &'static str, help: impl Into<clap::builder::StyledStr>) -> Arg {
    Arg::new(name)
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .help(help.into())
}

fn start_log(settings: &Settings) -> anyhow::Result<()> {
    let filter = settings.get("SHOPBELL_LOG").unwrap_or("info");
    let filter = tracing_subscriber::EnvFilter::try_new(filter)
        .map_err(|why| anyhow::anyhow!("SHOPBELL_LOG: {why}"))?;
    let lines = match std::io::stderr().is_terminal() {
        true => Lines::Plain,
        false => Lines::Json,
    };
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .event_format(lines)
        .with_writer(std::io::stderr);
    // A second start in one process keeps the first log.
    drop(log.try_init());
    Ok(())
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}

fn serve_until_told(settings: &Settings, supervisor: &Supervisor) -> anyhow::Result<()> {
    let config = settings.config()?;
    let listen = settings.listen()?;
    runtime()?.block_on(async move {
        // Before anything answers, so that whoever sees it answer may tell it to stop.
        let mut told = Told::listen()?;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("the relay cannot listen on {listen}"))?;
        let stop = CancellationToken::new();
        let running = serve::start(listener, config, Clock::system(), stop).await?;
        supervisor.ready();
        told.stop().await;
        supervisor.stopping();
        tracing::info!("the relay stops");
        tokio::select! {
            () = running.stop() => Ok(()),
            () = told.stop() => {
                anyhow::bail!("told twice to stop: requests under way are cut off")
            }
        }
    })
}

/// What the system tells the program.
#[cfg(unix)]
struct Told {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Told {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self {
            terminate,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// What the system tells the program.
#[cfg(not(unix))]
struct Told(tokio::signal::windows::CtrlC);

#[cfg(not(unix))]
impl Told {
    fn listen() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn stop(&mut self) {
        self.0.recv().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn every_command_knows_every_setting() {
        for one in command().get_subcommands() {
            for setting in &SETTINGS {
                let known = one
                    .get_arguments()
                    .any(|argument| argument.get_id() == setting.flag);
                assert!(known, "{} --{}", one.get_name(), setting.flag);
            }
        }
    }
}
