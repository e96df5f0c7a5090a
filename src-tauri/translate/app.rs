//! The phase, the link, settings and news.

use std::path::Path;

use engine::{LinkState, News, Phase, Settings};

use crate::shell::Shell;
use crate::translate::moment;
use crate::view::app::{self as view, AppView, LinkView, PhaseView, SettingsView};

/// The window as a whole, read from the engine.
pub async fn app_view(shell: &Shell) -> AppView {
    let engine = shell.engine();
    AppView {
        phase: phase_view(engine.phase(), &engine.config().data_dir),
        sandbox: shell.is_sandbox(),
        settings: engine.settings().await.into(),
        link: match engine.link() {
            LinkState::None => LinkView::None,
            LinkState::Connecting => LinkView::Connecting,
            LinkState::Online => LinkView::Online,
            LinkState::Offline { since } => LinkView::Offline {
                since: moment(since),
                waiting: engine.waiting().await,
            },
        },
        version: shell.version().to_owned(),
        relay_suggested: shell.relay_suggested().map(ToOwned::to_owned),
        now: moment(engine.now()),
    }
}

fn phase_view(phase: Phase, folder: &Path) -> PhaseView {
    match phase {
        Phase::Opening => PhaseView::Opening,
        Phase::KeychainLocked => PhaseView::KeychainLocked,
        Phase::KeychainDenied => PhaseView::KeychainDenied,
        Phase::Passphrase { first, wrong } => PhaseView::Passphrase { first, wrong },
        Phase::KeyMissing => PhaseView::KeyMissing,
        Phase::WrongKey => PhaseView::WrongKey,
        Phase::Damaged => PhaseView::Damaged,
        Phase::Newer => PhaseView::Newer,
        Phase::DiskFull => PhaseView::DiskFull,
        Phase::InUse => PhaseView::InUse,
        Phase::FolderRefused => PhaseView::FolderRefused {
            folder: folder.display().to_string(),
        },
        Phase::Erasing => PhaseView::Erasing,
        Phase::DeletionAsked { asked_at, wipes_at } => PhaseView::DeletionAsked {
            asked_at: moment(asked_at),
            wipes_at: moment(wipes_at),
        },
        Phase::FirstRun => PhaseView::FirstRun,
        Phase::Ready => PhaseView::Ready,
    }
}

impl From<Settings> for SettingsView {
    fn from(settings: Settings) -> Self {
        Self {
            language: match settings.language {
                engine::Language::System => view::Language::System,
                engine::Language::English => view::Language::English,
                engine::Language::Arabic => view::Language::Arabic,
            },
            theme: match settings.theme {
                engine::Theme::System => view::Theme::System,
                engine::Theme::Light => view::Theme::Light,
                engine::Theme::Dark => view::Theme::Dark,
            },
            notifications: settings.notifications,
            hold_seconds: settings.hold_seconds,
            text_size: settings.text_size,
            shop_name: settings.shop_name,
        }
    }
}

impl From<SettingsView> for Settings {
    fn from(settings: SettingsView) -> Self {
        Self {
            language: match settings.language {
                view::Language::System => engine::Language::System,
                view::Language::English => engine::Language::English,
                view::Language::Arabic => engine::Language::Arabic,
            },
            theme: match settings.theme {
                view::Theme::System => engine::Theme::System,
                view::Theme::Light => engine::Theme::Light,
                view::Theme::Dark => engine::Theme::Dark,
            },
            notifications: settings.notifications,
            hold_seconds: settings.hold_seconds,
            text_size: settings.text_size,
            shop_name: settings.shop_name,
        }
    }
}

impl From<News> for view::News {
    fn from(news: News) -> Self {
        match news {
            News::App => Self::App,
            News::Conversations(ids) => Self::Conversations {
                ids: ids.iter().map(ToString::to_string).collect(),
            },
            News::Messages {
                conversation,
                arrived,
            } => Self::Messages {
                conversation_id: conversation.to_string(),
                arrived,
            },
            News::Connections => Self::Connections,
            News::Login => Self::Login,
            News::Wipe => Self::Wipe,
            News::Forgotten(connection) => Self::Forgotten {
                connection_id: connection.to_string(),
            },
            News::Erased(conversation) => Self::Erased {
                conversation_id: conversation.to_string(),
            },
        }
    }
}
