//! Whether Meta sends the connection's webhooks to the app, and asking it to. Meta ends a
//! subscription after an hour of failures, so it is asked again and again.

use reqwest::Method;
use serde_json::Value;

use super::graph::{Body, confirmed};
use super::{Account, Error, Graph, Token};
use crate::json::{as_word, list, word};

/// What a Page is asked to send; Instagram's messages come through its Page's subscription.
const PAGE_FIELDS: &str = "messages,messaging_postbacks,message_deliveries,message_reads,\
message_reactions,message_echoes,messaging_referrals,message_edits,messaging_handovers,standby";

/// Without these the inbox would miss messages.
const NEEDED: [&str; 4] = [
    "messages",
    "message_deliveries",
    "message_reads",
    "message_echoes",
];

/// An app that receives the account's webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscribedApp {
    /// The app's id.
    pub id: String,
    /// Which webhooks it gets; empty where the platform does not say (WhatsApp).
    pub fields: Vec<String>,
}

/// The apps that receive the account's webhooks.
pub async fn subscribed_apps(
    graph: &Graph,
    account: &Account,
    token: &Token,
) -> Result<Vec<SubscribedApp>, Error> {
    let path = [account.subscription_node(), "subscribed_apps"];
    Ok(read(&graph.get(token, &path, &[]).await?))
}

/// Whether `app` is among them with all the webhooks the inbox needs. Without an id any app
/// counts: a Page's token only shows its own.
pub fn is_subscribed(apps: &[SubscribedApp], app: Option<&str>) -> bool {
    apps.iter().any(|one| {
        app.is_none_or(|app| app == one.id)
            && (one.fields.is_empty()
                || NEEDED
                    .iter()
                    .all(|needed| one.fields.iter().any(|field| field == needed)))
    })
}

/// Asks Meta to send the account's webhooks; asking twice is fine.
pub async fn subscribe(graph: &Graph, account: &Account, token: &Token) -> Result<(), Error> {
    let fields: &[(&str, &str)] = match account {
        Account::Messenger { .. } | Account::Instagram { .. } => {
            &[("subscribed_fields", PAGE_FIELDS)]
        }
        Account::Whatsapp { .. } => &[],
    };
    let url = graph.url(&[account.subscription_node(), "subscribed_apps"], fields);
    confirmed(&graph.call(Method::POST, token, url, Body::None).await?)
}

/// Asks Meta to send no more. Everything of the Page or WhatsApp account stops, so only when the
/// last of its connections goes.
pub async fn unsubscribe(graph: &Graph, account: &Account, token: &Token) -> Result<(), Error> {
    let path = [account.subscription_node(), "subscribed_apps"];
    confirmed(&graph.delete(token, &path).await?)
}

pub(crate) fn read(answer: &Value) -> Vec<SubscribedApp> {
    list(answer, "data")
        .iter()
        .filter_map(|app| {
            let of = app.get("whatsapp_business_api_data").unwrap_or(app);
            let fields = list(app, "subscribed_fields")
                .iter()
                .filter_map(as_word)
                .collect();
            Some(SubscribedApp {
                id: word(of, "id")?,
                fields,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_shapes_of_the_list_are_read() {
        let page = read(&json!({"data": [{"id": 7, "name": "App", "subscribed_fields": NEEDED}]}));
        assert!(is_subscribed(&page, Some("7")) && is_subscribed(&page, None));
        assert!(!is_subscribed(&page, Some("8")));
        let whatsapp = read(&json!({"data": [{"whatsapp_business_api_data": {"id": "7"}}]}));
        assert!(is_subscribed(&whatsapp, Some("7")));
        assert!(!is_subscribed(&read(&json!({"data": []})), None));
    }

    #[test]
    fn a_subscription_that_lost_a_field_is_none() {
        let apps = read(&json!({"data": [{"id": "7", "subscribed_fields": ["messages"]}]}));
        assert!(!is_subscribed(&apps, Some("7")));
    }
}
