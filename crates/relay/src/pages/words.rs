//! The sentences of the pages, in each language. `{…}` are filled in where they are used.

mod arabic;
mod english;
mod german;
mod spanish;

use super::language::Language;

/// The words of all pages in one language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    pub(super) tag: &'static str,
    pub(super) dir: &'static str,
    pub(super) run_by: &'static str,
    pub(super) run_here: &'static str,
    pub(super) privacy: &'static str,
    pub(super) under_way: &'static str,
    pub(super) completed: &'static str,
    pub(super) refused: &'static str,
    pub(super) unknown: &'static str,
    pub(super) unknown_text: &'static [&'static str],
    pub(super) request: &'static str,
    pub(super) no_name: &'static str,
    pub(super) done: &'static str,
    pub(super) received: &'static str,
    pub(super) relay_erased: &'static str,
    pub(super) sealed_none: &'static str,
    pub(super) sealed: &'static str,
    pub(super) computers: &'static str,
    pub(super) none_held: &'static str,
    pub(super) all_confirmed: &'static str,
    pub(super) some_confirmed: &'static str,
    pub(super) none_confirmed: &'static str,
    pub(super) last_seen: &'static str,
    pub(super) as_soon_as_on: &'static str,
    pub(super) not_reached: &'static str,
    pub(super) why_refused: &'static str,
    pub(super) kept_question: &'static str,
    pub(super) kept_answer: &'static str,
    pub(super) meta_question: &'static str,
    pub(super) meta_answer: &'static str,
    pub(super) proof_question: &'static str,
    pub(super) proof_ready: &'static str,
    pub(super) proof_later: &'static str,
    pub(super) over_title: &'static str,
    pub(super) over_text: &'static [&'static str],
    pub(super) busy_title: &'static str,
    pub(super) busy_text: &'static [&'static str],
    pub(super) down_title: &'static str,
    pub(super) down_text: &'static [&'static str],
    pub(super) home_title: &'static str,
    pub(super) home_text: &'static [&'static str],
    pub(super) home_links: &'static str,
    pub(super) privacy_title: &'static str,
    pub(super) privacy_text: &'static [&'static str],
    pub(super) privacy_answers: &'static [(&'static str, &'static str)],
    pub(super) deletion_title: &'static str,
    pub(super) deletion_text: &'static [&'static str],
    pub(super) deletion_answers: &'static [(&'static str, &'static str)],
}

impl Words {
    pub(super) fn of(language: Language) -> &'static Self {
        match language.tag {
            "es" => &spanish::WORDS,
            "ar" => &arabic::WORDS,
            "de" => &german::WORDS,
            _ => &english::WORDS,
        }
    }
}
