//! `shopbell-sandbox`: the stand-in for Meta on the command line.

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand};
use tokio::signal;
use tracing_subscriber::EnvFilter;
use url::Url;

/// A stand-in for Meta, with a page of the customers' phones. For demos and tests only.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run until interrupted.
    Serve(Serve),
}

#[derive(Debug, Args)]
struct Serve {
    /// Where to listen.
    #[arg(
        long,
        env = "SHOPBELL_SANDBOX_LISTEN",
        default_value = "127.0.0.1:8790"
    )]
    listen: SocketAddr,
    /// Where webhooks and callbacks go.
    #[arg(
        long,
        env = "SHOPBELL_SANDBOX_RELAY",
        default_value = "http://127.0.0.1:8787"
    )]
    relay: Url,
    /// The Meta app's id.
    #[arg(long, env = "SHOPBELL_SANDBOX_APP_ID", default_value = sandbox::APP_ID)]
    app_id: String,
    /// The Meta app's secret; it protects nothing here.
    #[arg(long, env = "SHOPBELL_SANDBOX_APP_SECRET", default_value = sandbox::APP_SECRET)]
    app_secret: String,
    /// The token of the webhook challenge.
    #[arg(long, env = "SHOPBELL_SANDBOX_VERIFY_TOKEN", default_value = sandbox::VERIFY_TOKEN)]
    verify_token: String,
    /// How many times faster than real webhooks are retried.
    #[arg(long, env = "SHOPBELL_SANDBOX_TIME_SCALE", default_value_t = 1.0)]
    time_scale: f64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    match Cli::parse().command {
        Command::Serve(serve) => run(serve).await,
    }
}

async fn run(serve: Serve) -> anyhow::Result<()> {
    let config = sandbox::Config {
        listen: serve.listen,
        relay: serve.relay.clone(),
        app_id: serve.app_id.clone(),
        app_secret: serve.app_secret.clone(),
        verify_token: serve.verify_token.clone(),
        time_scale: serve.time_scale,
        ..sandbox::Config::default()
    };
    let running = sandbox::start(config).await?;
    announce(&serve, &running)?;
    running.draw_ahead();
    stopped().await?;
    running.stop().await;
    Ok(())
}

fn announce(serve: &Serve, running: &sandbox::Sandbox) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "Customers' phones      {}", running.url)?;
    writeln!(out, "SHOPBELL_GRAPH_URL     {}", running.graph_url())?;
    writeln!(out, "SHOPBELL_FACEBOOK_URL  {}", running.facebook_url())?;
    writeln!(out, "SHOPBELL_INSTAGRAM_URL {}", running.instagram_url())?;
    writeln!(out, "Relay                  {}", serve.relay)?;
    writeln!(out, "App id                 {}", serve.app_id)?;
    writeln!(out, "App secret             {}", serve.app_secret)?;
    writeln!(out, "Verify token           {}", serve.verify_token)?;
    writeln!(out, "Control API            {}sandbox/help", running.url)?;
    out.flush()
}

/// Ctrl-C, or a polite end from outside.
async fn stopped() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut end = signal::unix::signal(signal::unix::SignalKind::terminate())?;
        tokio::select! {
            interrupted = signal::ctrl_c() => interrupted,
            _ = end.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    signal::ctrl_c().await
}
