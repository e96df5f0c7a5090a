//! A road that breaks: between a desktop and its relay, after so many bytes, again and again.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::counts::Dice;

/// The desktop's road to the relay: it breaks after so many bytes.
#[derive(Debug)]
pub(crate) struct Road {
    /// Where it begins.
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<Breaks>>,
    _end: DropGuard,
}

#[derive(Debug)]
struct Breaks {
    on: bool,
    dice: Dice,
    cuts: usize,
}

impl Road {
    /// A road to this relay.
    pub(crate) async fn before(relay: SocketAddr, dice: Dice) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let state = Arc::new(Mutex::new(Breaks {
            on: false,
            dice,
            cuts: 0,
        }));
        let (tasks, end, shared) = (TaskTracker::new(), stop.clone(), Arc::clone(&state));
        tasks.clone().spawn(async move {
            let serving = async {
                while let Ok((stream, _)) = listener.accept().await {
                    tasks.spawn(carry(stream, relay, Arc::clone(&shared)));
                }
            };
            tokio::select! {
                () = serving => {}
                () = end.cancelled() => {}
            }
        });
        Ok(Self {
            address,
            state,
            _end: stop.drop_guard(),
        })
    }

    /// Whether it breaks.
    pub(crate) fn breaks(&self, on: bool) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).on = on;
    }

    /// How often it broke.
    pub(crate) fn cuts(&self) -> usize {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .cuts
    }
}

async fn carry(device: TcpStream, relay: SocketAddr, state: Arc<Mutex<Breaks>>) {
    let Ok(relay) = TcpStream::connect(relay).await else {
        return;
    };
    let (mut from_device, mut to_device) = device.into_split();
    let (mut from_relay, mut to_relay) = relay.into_split();
    let down = async {
        let mut left = {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            20_000 + state.dice.below(200_000)
        };
        let mut buffer = vec![0; 4_096];
        while let Ok(read @ 1..) = tokio::io::AsyncReadExt::read(&mut from_relay, &mut buffer).await
        {
            let mut pass = read;
            {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                if state.on && left < read {
                    state.cuts += 1;
                    pass = left;
                }
            }
            if to_device.write_all(&buffer[..pass]).await.is_err() || pass < read {
                return;
            }
            left = left.saturating_sub(read);
        }
    };
    tokio::select! {
        () = down => {}
        _ = tokio::io::copy(&mut from_device, &mut to_relay) => {}
    }
}
