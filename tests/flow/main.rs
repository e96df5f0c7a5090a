//! The whole without a window: the real relay, the real engine, a stand-in for Meta.

mod bombs;
mod callbacks;
mod duplicates;
mod erasure;
mod evil_relay;
#[cfg(target_os = "linux")]
mod exposed;
mod inbound;
mod kinds;
mod last_page;
mod lasting;
mod login;
mod naughty;
mod offline;
mod recorded;
#[cfg(target_os = "linux")]
mod relay_memory;
mod reply;
mod restart;
mod secret_rotation;
mod webhooks;
