//! The shell around the engine: it translates between window and engine and never decides.

pub mod appearance;
pub mod awake;
pub mod cli;
pub mod commands;
pub mod harden;
pub mod log;
pub mod media;
pub mod notify;
pub mod save;
pub mod shell;
pub mod start;
pub mod translate;
pub mod view;
pub mod window;

use tauri_specta::{Builder, collect_commands, collect_events};

pub use start::run;

/// Every command and event of the window, for the window and for its generated bindings.
pub fn surface() -> Builder<tauri::Wry> {
    use commands::{app, compose, connect, connections, inbox, links};
    Builder::<tauri::Wry>::new()
        .commands(collect_commands![
            app::app,
            app::open_again,
            app::enter_passphrase,
            app::set_settings,
            inbox::conversations,
            inbox::conversation,
            inbox::counts,
            inbox::thread,
            inbox::mark_read,
            inbox::person,
            inbox::search,
            inbox::fetch_again,
            compose::save_draft,
            compose::attach_picture,
            compose::remove_picture,
            compose::send,
            compose::undo_send,
            compose::try_again,
            compose::check_unconfirmed,
            compose::send_again,
            compose::back_to_draft,
            connect::meet_relay,
            connect::trust_relay,
            connect::start_login,
            connect::cancel_login,
            connect::login,
            connect::connect_accounts,
            connections::connections,
            connections::check_connections,
            connections::disconnect,
            connections::erase_person,
            connections::delete_everything,
            connections::wipe_progress,
            connections::answer_deletion,
            connections::receipts,
            connections::save_receipt,
            links::inspect_link,
            links::open_link,
            links::open_in_app,
        ])
        .events(collect_events![view::app::News])
        .disable_serde_phases()
        .dangerously_cast_bigints_to_number()
}
