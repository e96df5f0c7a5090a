//! Counts for whoever watches the relay: how many and how long, never who or what.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What came of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Outcome {
    Accepted,
    Repeated,
    NotJson,
    Forged,
    Unavailable,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WebhookLabels {
    outcome: Outcome,
}

/// What is counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    webhooks: Family<WebhookLabels, Counter>,
    pub(crate) sockets: Gauge,
    pub(crate) envelopes_sent: Counter,
    pub(crate) logins_started: Counter,
    pub(crate) logins_completed: Counter,
    pub(crate) platform_failures: Counter,
    pub(crate) deletions: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("shopbell_relay");
        let webhooks = Family::<WebhookLabels, Counter>::default();
        registry.register(
            "webhooks",
            "Webhooks by what came of them",
            webhooks.clone(),
        );
        let sockets = Gauge::default();
        registry.register("sockets", "Devices connected now", sockets.clone());
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let envelopes_sent = counter("envelopes_sent", "Envelopes sent to devices");
        let logins_started = counter("logins_started", "Logins started");
        let logins_completed = counter("logins_completed", "Logins confirmed by a device");
        let platform_failures = counter("platform_failures", "Calls to Meta that failed");
        let deletions = counter("deletions", "Wipes reported and deletion requests received");
        Self {
            registry,
            webhooks,
            sockets,
            envelopes_sent,
            logins_started,
            logins_completed,
            platform_failures,
            deletions,
        }
    }

    pub(crate) fn webhook(&self, outcome: Outcome) {
        self.webhooks
            .get_or_create(&WebhookLabels { outcome })
            .inc();
    }

    /// All of it, in the text form that monitoring reads.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        match prometheus_client::encoding::text::encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(std::fmt::Error) => String::new(),
        }
    }
}
