//! What goes wrong on purpose, and for how long.
//!
//! A fault is asked for by its kind and by a subject: a few words on what is just happening, such
//! as `POST /messages instagram`. It strikes where every word of its `where` occurs in the subject.

use serde::Serialize;
use serde_json::Value;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Fault {
    pub(crate) kind: String,
    /// How many times it still strikes; `None` is until it is healed.
    pub(crate) left: Option<u64>,
    #[serde(rename = "where", skip_serializing_if = "String::is_empty")]
    pub(crate) place: String,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(crate) value: Value,
}

impl Fault {
    fn strikes(&self, kind: &str, subject: &str) -> bool {
        self.kind == kind
            && self
                .place
                .split_whitespace()
                .all(|word| subject.contains(word))
    }

    pub(crate) fn number(&self) -> Option<i64> {
        self.value.as_i64()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Faults {
    active: Vec<Fault>,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.active.push(fault);
    }

    /// Ends the faults of a kind; with a place, those whose place has all its words.
    pub(crate) fn heal(&mut self, kind: &str, place: &str) {
        let meant = |fault: &Fault| {
            fault.kind == kind
                && place
                    .split_whitespace()
                    .all(|word| fault.place.contains(word))
        };
        self.active.retain(|fault| !meant(fault));
    }

    pub(crate) fn heal_all(&mut self) {
        self.active.clear();
    }

    pub(crate) fn list(&self) -> &[Fault] {
        &self.active
    }

    /// Uses up one strike of the first fault that fits.
    pub(crate) fn strike(&mut self, kind: &str, subject: &str) -> Option<Fault> {
        let index = self
            .active
            .iter()
            .position(|fault| fault.strikes(kind, subject))?;
        let fault = self.active.get_mut(index)?;
        let struck = fault.clone();
        if let Some(left) = &mut fault.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.active.remove(index);
            }
        }
        Some(struck)
    }

    /// Takes the first fault that fits away, however often it would still strike.
    pub(crate) fn take(&mut self, kind: &str, subject: &str) -> Option<Fault> {
        let index = self
            .active
            .iter()
            .position(|fault| fault.strikes(kind, subject))?;
        Some(self.active.remove(index))
    }

    /// Whether a fault fits, without using it up.
    pub(crate) fn holds(&self, kind: &str, subject: &str) -> Option<&Fault> {
        self.active
            .iter()
            .find(|fault| fault.strikes(kind, subject))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(left: Option<u64>, place: &str) -> Fault {
        Fault {
            kind: "http_500".into(),
            left,
            place: place.into(),
            value: Value::Null,
        }
    }

    #[test]
    fn a_counted_fault_strikes_that_often_and_only_in_its_place() {
        let mut faults = Faults::default();
        faults.add(fault(Some(2), "POST instagram"));
        assert!(
            faults
                .strike("http_500", "POST /messages whatsapp")
                .is_none()
        );
        assert!(
            faults
                .strike("http_500", "POST /messages instagram")
                .is_some()
        );
        assert!(
            faults
                .strike("http_500", "POST /messages instagram")
                .is_some()
        );
        assert!(
            faults
                .strike("http_500", "POST /messages instagram")
                .is_none()
        );
    }

    #[test]
    fn a_standing_fault_strikes_until_healed() {
        let mut faults = Faults::default();
        faults.add(fault(None, ""));
        for _ in 0..5 {
            assert!(faults.strike("http_500", "anything").is_some());
        }
        faults.heal("http_500", "");
        assert!(faults.strike("http_500", "anything").is_none());
    }
}
