//! Which of the shop's accounts send webhooks, and for which fields.

use std::collections::{BTreeMap, BTreeSet};

use super::shop;

/// Every field a Page can be subscribed to.
pub(crate) const PAGE_FIELDS: [&str; 15] = [
    "messages",
    "messaging_postbacks",
    "message_deliveries",
    "message_reads",
    "message_reactions",
    "message_echoes",
    "messaging_referrals",
    "message_edits",
    "messaging_optins",
    "messaging_handovers",
    "standby",
    "feed",
    "mention",
    "leadgen",
    "messaging_policy_enforcement",
];

#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    pages: BTreeMap<String, BTreeSet<String>>,
    wabas: BTreeSet<String>,
}

impl Subscriptions {
    pub(crate) fn subscribe_page(&mut self, page: &str, fields: BTreeSet<String>) {
        self.pages.insert(page.to_owned(), fields);
    }

    pub(crate) fn subscribe_waba(&mut self, waba: &str) {
        self.wabas.insert(waba.to_owned());
    }

    /// Ends the subscription of a Page, of an Instagram account's Page, or of a WhatsApp account
    /// or number; says whether there was one.
    pub(crate) fn end(&mut self, account: &str) -> bool {
        let page = shop::instagram(account).map_or(account, |(page, _)| page.id);
        let waba = shop::phone(account).map_or(account, |waba| waba.id);
        self.pages.remove(page).is_some() | self.wabas.remove(waba)
    }

    pub(crate) fn of_page(&self, page: &str) -> Option<&BTreeSet<String>> {
        self.pages.get(page)
    }

    pub(crate) fn has_waba(&self, waba: &str) -> bool {
        self.wabas.contains(waba)
    }

    /// Whether an update of `field` from this account is sent at all.
    ///
    /// An Instagram account speaks through its Page: any field of the Page is enough.
    pub(crate) fn wants(&self, account: &str, field: &str) -> bool {
        if let Some((page, _)) = shop::instagram(account) {
            return self
                .pages
                .get(page.id)
                .is_some_and(|fields| !fields.is_empty());
        }
        if shop::page(account).is_some() {
            return self
                .pages
                .get(account)
                .is_some_and(|fields| fields.contains(field));
        }
        self.wabas
            .contains(shop::phone(account).map_or(account, |waba| waba.id))
    }

    pub(crate) fn accounts(&self) -> Vec<String> {
        self.pages.keys().chain(&self.wabas).cloned().collect()
    }
}
