//! From the command line to a running window.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use domain::Timestamp;
use engine::{Clock, Config, Engine, Opener, SecretsSource};
use tauri::{AppHandle, Manager, RunEvent, WindowEvent};
use tauri_plugin_deep_link::DeepLinkExt;
use tauri_plugin_opener::OpenerExt;
use tauri_specta::Event;
use tokio::sync::broadcast::error::RecvError;

use crate::appearance::Appearance;
use crate::cli::Arguments;
use crate::shell::Shell;
use crate::view::app::News;
use crate::{awake, harden, log, media, notify, surface, window};

/// Runs the window until it is closed.
pub fn run(arguments: &Arguments) -> ExitCode {
    log::start();
    harden::harden();
    // The window's toolkit would break off.
    #[cfg(target_os = "linux")]
    if gtk::init().is_err() {
        let named = std::env::var("DISPLAY").unwrap_or_default();
        let named = (!named.is_empty()).then(|| format!(" ({named} does not answer)"));
        let said = writeln!(
            std::io::stderr(),
            "Shopbell: there is no display to show the window on{}. Start it from a desktop, not from a bare terminal.",
            named.unwrap_or_default()
        );
        drop(said);
        return ExitCode::FAILURE;
    }
    match build(arguments) {
        Ok(app) => {
            app.run(|app, event| match event {
                RunEvent::Exit => {
                    let shell = app.state::<Shell>();
                    shell.stop().cancel();
                    // What is half done may finish; the engine bounds how long that takes.
                    tauri::async_runtime::block_on(shell.engine().stop());
                }
                RunEvent::WindowEvent {
                    event: WindowEvent::Focused(true),
                    ..
                } => is_back(app),
                _ => {}
            });
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(%error, "the window could not be opened");
            ExitCode::FAILURE
        }
    }
}

fn build(arguments: &Arguments) -> anyhow::Result<tauri::App> {
    let surface = surface();
    let context = tauri::generate_context!();
    let version = context.package_info().version.to_string();
    let config = config(arguments, &context.config().identifier, &version)?;
    let instance = instance_name(&context.config().identifier, &config);
    let first_link = arguments.link.clone();
    let commands = surface.invoke_handler();
    let app = tauri::Builder::default()
        // First, so that a second start hands its link over before anything is opened.
        .plugin(
            tauri_plugin_single_instance::Builder::new()
                .dbus_id(instance)
                .callback(|app, arguments, _| {
                    window::raise(app);
                    arguments
                        .iter()
                        .for_each(|argument| take_link(app, argument));
                })
                .build(),
        )
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_notification::init())
        .plugin(tauri_plugin_opener::init())
        .register_asynchronous_uri_scheme_protocol(media::SCHEME, media::answer)
        .invoke_handler(commands)
        .setup(move |app| {
            surface.mount_events(app);
            let handle = app.handle();
            // Both take long, so they begin beside each other. Nothing the page asks for arrives
            // before this has returned.
            let page = Appearance::of(&config.data_dir).page();
            let (beside, with) = (handle.clone(), config.clone());
            let engine = std::thread::spawn(move || start_engine(&beside, with));
            let opened = window::open(handle, &page, &config.data_dir);
            let engine = engine
                .join()
                .map_err(|_| anyhow::anyhow!("the engine could not be started"))?;
            if let Err(error) = opened {
                tauri::async_runtime::block_on(engine.stop());
                return Err(error.into());
            }
            let shell = Shell::new(engine.clone(), &config);
            tauri::async_runtime::spawn(awake::watch(engine.clone(), shell.stop().clone()));
            app.manage(shell);
            forward(handle, &engine);
            notify::listen(handle)?;
            listen_for_links(handle);
            if let Some(link) = first_link {
                take_link(handle, &link);
            }
            Ok(())
        })
        .build(context)?;
    Ok(app)
}

fn config(arguments: &Arguments, identifier: &str, version: &str) -> anyhow::Result<Config> {
    // A folder below the program's own: nothing in the shop's folder is another's.
    let home = dirs::data_local_dir()
        .ok_or_else(|| anyhow::anyhow!("this account has no folder for data"))?
        .join(identifier)
        .join("shop");
    let mut config = Config::from_env(home, version)?;
    if let Some(data_dir) = &arguments.data_dir {
        config.data_dir.clone_from(data_dir);
    }
    Ok(config)
}

/// One name for each data folder, so that two shops on one computer do not take each other for a
/// second start.
fn instance_name(identifier: &str, config: &Config) -> String {
    format!("{identifier}.p{}", engine::instance_name(&config.data_dir))
}

fn start_engine(app: &AppHandle, config: Config) -> Engine {
    let clock: Clock = Arc::new(now);
    let handle = app.clone();
    let opener: Opener =
        Arc::new(move |url| handle.opener().open_url(url.as_str(), None::<&str>).is_ok());
    tauri::async_runtime::block_on(async {
        Engine::start(config, SecretsSource::Keychain, clock, opener)
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one clock of the program is made here"
)]
fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Hands the engine's news to the window and its arrivals to the system, until the engine ends.
fn forward(app: &AppHandle, engine: &Engine) {
    let (mut news, mut arrivals) = (engine.news(), engine.arrivals());
    let handle = app.clone();
    tauri::async_runtime::spawn(async move {
        loop {
            let told = match news.recv().await {
                Ok(item) => {
                    let_go(&handle, &item);
                    News::from(item).emit(&handle)
                }
                // Fallen behind: nothing is lost, but everything shown is to be read again.
                Err(RecvError::Lagged(_)) => News::App
                    .emit(&handle)
                    .and(News::Conversations { ids: Vec::new() }.emit(&handle)),
                Err(RecvError::Closed) => return,
            };
            if let Err(error) = told {
                tracing::warn!(%error, "the window was not told");
            }
        }
    });
    let handle = app.clone();
    tauri::async_runtime::spawn(async move {
        loop {
            match arrivals.recv().await {
                Ok(arrival) if !is_looked_at(&handle) => notify::show(&handle, &arrival),
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    });
}

/// What was forgotten leaves the desktop and the web view as well.
fn let_go(app: &AppHandle, item: &engine::News) {
    match item {
        engine::News::Forgotten(connection) => {
            notify::take_back(app, |conversation| conversation.connection == *connection);
        }
        engine::News::Erased(erased) => notify::take_back(app, |one| one == *erased),
        _ => return,
    }
    window::forget(app);
}

/// The owner is in front of the window again: what is due is looked at before it is missed.
fn is_back(app: &AppHandle) {
    let shell = app.state::<Shell>();
    if shell.presence().is_back(shell.engine().now()) {
        shell.engine().wake();
    }
}

/// Whoever looks at the window needs no notification.
fn is_looked_at(app: &AppHandle) -> bool {
    app.get_webview_window(window::LABEL)
        .is_some_and(|window| window.is_focused().unwrap_or(false))
}

fn listen_for_links(app: &AppHandle) {
    let handle = app.clone();
    app.deep_link().on_open_url(move |event| {
        event
            .urls()
            .iter()
            .for_each(|url| take_link(&handle, url.as_str()));
    });
}

/// A `shopbell://relay?…` link from outside. It is only shown; the owner decides.
fn take_link(app: &AppHandle, text: &str) {
    if !text.starts_with("shopbell://relay?") {
        return;
    }
    window::raise(app);
    if let Err(error) = (News::RelayLink {
        url: text.to_owned(),
    })
    .emit(app)
    {
        tracing::warn!(%error, "the window was not told of a link");
    }
}
