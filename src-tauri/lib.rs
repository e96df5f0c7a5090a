//! The shell around the engine: it translates between window and engine and never decides.

pub mod commands;
pub mod shell;
pub mod view;

use tauri_specta::{Builder, collect_commands, collect_events};

/// Every command and event of the window, for the window and for its generated bindings.
pub fn surface() -> Builder<tauri::Wry> {
    Builder::<tauri::Wry>::new()
        .commands(collect_commands![
            commands::app::app,
            commands::app::open_again,
            commands::app::enter_passphrase,
            commands::app::set_settings,
            commands::inbox::conversations,
            commands::inbox::conversation,
            commands::inbox::counts,
            commands::inbox::thread,
            commands::inbox::mark_read,
            commands::inbox::person,
            commands::inbox::search,
            commands::inbox::fetch_again,
            commands::compose::save_draft,
            commands::compose::attach_picture,
            commands::compose::remove_picture,
            commands::compose::send,
            commands::compose::undo_send,
            commands::compose::try_again,
            commands::compose::check_unconfirmed,
            commands::compose::send_again,
            commands::compose::back_to_draft,
            commands::connect::meet_relay,
            commands::connect::trust_relay,
            commands::connect::start_login,
            commands::connect::cancel_login,
            commands::connect::login,
            commands::connect::connect_accounts,
            commands::connections::connections,
            commands::connections::check_connections,
            commands::connections::disconnect,
            commands::connections::delete_everything,
            commands::connections::wipe_progress,
            commands::connections::answer_deletion,
            commands::connections::receipts,
            commands::connections::save_receipt,
            commands::links::inspect_link,
            commands::links::open_link,
            commands::links::open_in_app
        ])
        .events(collect_events![view::News])
        .disable_serde_phases()
        .dangerously_cast_bigints_to_number()
}
