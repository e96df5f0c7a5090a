//! What a token may do, and what is missing for a channel. A proof is nothing else than this.

use super::graph::Debugged;

/// What Meta says a token may do.
#[derive(Debug, Clone)]
pub(crate) struct Rights {
    granted: Vec<String>,
    /// Scopes that are granted for certain ids only.
    narrowed: Vec<(String, Vec<String>)>,
}

impl Rights {
    pub(crate) fn of(debugged: &Debugged) -> Self {
        let narrowed = debugged
            .granular_scopes
            .iter()
            .filter_map(|granular| Some((granular.scope.clone(), granular.target_ids.clone()?)));
        Self {
            granted: debugged.scopes.clone(),
            narrowed: narrowed.collect(),
        }
    }

    /// Whether a scope is granted at all.
    pub(crate) fn has(&self, scope: &str) -> bool {
        self.granted.iter().any(|granted| granted == scope)
    }

    /// Whether a scope is granted for exactly this id. Without a list it is granted for all.
    pub(crate) fn allows(&self, scope: &str, id: &str) -> bool {
        let narrowed = self.narrowed.iter().find(|(narrowed, _)| narrowed == scope);
        self.has(scope) && narrowed.is_none_or(|(_, ids)| ids.iter().any(|one| one == id))
    }

    /// The ids a scope is granted for; `None` if for all.
    pub(crate) fn ids(&self, scope: &str) -> Option<&[String]> {
        let narrowed = self.narrowed.iter().find(|(narrowed, _)| narrowed == scope);
        narrowed.map(|(_, ids)| ids.as_slice())
    }

    /// The scopes that are granted.
    pub(crate) fn granted(&self) -> &[String] {
        &self.granted
    }

    /// The first of these that is not granted for its id.
    pub(crate) fn missing(&self, needed: &[(&'static str, &str)]) -> Option<&'static str> {
        needed
            .iter()
            .find(|(scope, id)| !self.allows(scope, id))
            .map(|(scope, _)| *scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(json: &str) -> Rights {
        Rights::of(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn a_scope_with_ids_is_for_those_and_one_without_is_for_all() {
        let rights = rights(
            r#"{"scopes":["pages_messaging","instagram_basic"],"granular_scopes":[
                {"scope":"pages_messaging","target_ids":["11",22]},{"scope":"instagram_basic"}]}"#,
        );
        assert!(rights.allows("pages_messaging", "11") && rights.allows("pages_messaging", "22"));
        assert!(!rights.allows("pages_messaging", "33"));
        assert!(rights.allows("instagram_basic", "anything"));
        assert!(!rights.allows("instagram_manage_messages", "11"));
        assert_eq!(
            rights.ids("pages_messaging"),
            Some(["11".into(), "22".into()].as_slice())
        );
    }

    #[test]
    fn a_scope_that_is_only_listed_with_ids_is_not_granted() {
        let rights = rights(
            r#"{"scopes":[],"granular_scopes":[{"scope":"pages_messaging","target_ids":["11"]}]}"#,
        );
        assert!(!rights.allows("pages_messaging", "11"));
        assert_eq!(
            rights.missing(&[("pages_messaging", "11")]),
            Some("pages_messaging")
        );
    }
}
