//! The `fields` parameter: `id,name,messages.limit(5){id,from}`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::error::Refusal;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) limit: Option<usize>,
    pub(crate) fields: Option<Vec<Field>>,
}

/// A node with every field it has, and the fields it might have.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) kind: &'static str,
    pub(crate) value: Map<String, Value>,
    /// Fields that exist for this kind of node but have no value here.
    pub(crate) empty: &'static [&'static str],
    /// What is given when nobody asks for anything.
    pub(crate) usual: &'static [&'static str],
}

pub(crate) fn parse(text: &str) -> Result<Vec<Field>, Refusal> {
    let mut rest = text;
    let fields = list(&mut rest)?;
    if rest.is_empty() {
        Ok(fields)
    } else {
        Err(syntax(text))
    }
}

fn syntax(text: &str) -> Refusal {
    Refusal::new(
        2500,
        format!("Syntax error \"Expected end of string\" in fields: {text}"),
    )
}

fn list(rest: &mut &str) -> Result<Vec<Field>, Refusal> {
    let mut fields = Vec::new();
    loop {
        fields.push(one(rest)?);
        match rest.strip_prefix(',') {
            Some(after) => *rest = after,
            None => return Ok(fields),
        }
    }
}

fn one(rest: &mut &str) -> Result<Field, Refusal> {
    let name = word(rest);
    if name.is_empty() {
        return Err(syntax(rest));
    }
    let mut field = Field {
        name,
        limit: None,
        fields: None,
    };
    while let Some(after) = rest.strip_prefix('.') {
        *rest = after;
        let modifier = word(rest);
        let argument = enclosed(rest)?;
        if modifier == "limit" {
            field.limit = argument.parse().ok();
        }
    }
    if let Some(after) = rest.strip_prefix('{') {
        *rest = after;
        field.fields = Some(list(rest)?);
        *rest = rest.strip_prefix('}').ok_or_else(|| syntax(rest))?;
    }
    Ok(field)
}

fn word(rest: &mut &str) -> String {
    *rest = rest.trim_start();
    let end = rest
        .find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
        .unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    *rest = after.trim_start();
    word.to_owned()
}

fn enclosed(rest: &mut &str) -> Result<String, Refusal> {
    let inside = rest.strip_prefix('(').ok_or_else(|| syntax(rest))?;
    let (argument, after) = inside.split_once(')').ok_or_else(|| syntax(rest))?;
    *rest = after;
    Ok(argument.to_owned())
}

impl Node {
    /// What was asked for, or the refusal for a field this kind of node does not have.
    pub(crate) fn answer(self, fields: Option<&str>) -> Result<Value, Refusal> {
        let wanted = match fields.filter(|fields| !fields.trim().is_empty()) {
            Some(text) => parse(text)?,
            None => self.usual.iter().map(|name| plain(name)).collect(),
        };
        let mut out = Map::new();
        for field in &wanted {
            match self.value.get(&field.name) {
                Some(value) => {
                    out.insert(field.name.clone(), pick(value, field));
                }
                None if self.empty.contains(&field.name.as_str()) => {}
                None => return Err(Refusal::no_such_field(&field.name, self.kind)),
            }
        }
        if let Some(id) = self.value.get("id") {
            out.insert("id".to_owned(), id.clone());
        }
        Ok(Value::Object(out))
    }
}

fn plain(name: &str) -> Field {
    Field {
        name: name.to_owned(),
        limit: None,
        fields: None,
    }
}

/// Objects of their own: without fields of its own such a field is only an id.
const REFERENCES: [&str; 2] = ["instagram_business_account", "connected_instagram_account"];

/// Where an edge that is shown inside its node can be read on; never shown itself.
pub(crate) const EDGE: &str = "_edge";
/// How many items of an edge are shown when nobody says.
const USUAL_LIMIT: usize = 25;

fn pick(value: &Value, field: &Field) -> Value {
    match (value, &field.fields) {
        (Value::Object(object), None) if REFERENCES.contains(&field.name.as_str()) => {
            object.get("id").map_or(Value::Null, |id| json!({"id": id}))
        }
        (Value::Object(object), _) if object.contains_key("data") => edge(object, field),
        (Value::Array(items), Some(_)) => items.iter().map(|item| pick(item, field)).collect(),
        (Value::Object(object), Some(fields)) => {
            let mut out = Map::new();
            for wanted in fields {
                if let Some(value) = object.get(&wanted.name) {
                    out.insert(wanted.name.clone(), pick(value, wanted));
                }
            }
            if let Some(id) = object.get("id") {
                out.insert("id".to_owned(), id.clone());
            }
            Value::Object(out)
        }
        (other, _) => other.clone(),
    }
}

/// An edge inside a node: the first items, and where the others are.
fn edge(object: &Map<String, Value>, field: &Field) -> Value {
    let data = object.get("data").cloned().unwrap_or_default();
    let Value::Array(items) = &data else {
        return json!({"data": pick(&data, field)});
    };
    let limit = field.limit.unwrap_or(USUAL_LIMIT);
    let shown: Vec<Value> = items
        .iter()
        .take(limit)
        .map(|item| pick(item, field))
        .collect();
    let end = shown.len();
    let Some(Value::String(address)) = object.get(EDGE) else {
        return json!({"data": shown});
    };
    let cursors = json!({"before": cursor(0), "after": cursor(end)});
    if end == items.len() {
        return json!({"data": shown, "paging": {"cursors": cursors}});
    }
    let next = format!("{address}?limit={limit}&after={}", cursor(end));
    json!({"data": shown, "paging": {"cursors": cursors, "next": next}})
}

/// The cursor of a place in a list.
pub(crate) fn cursor(position: usize) -> String {
    STANDARD.encode(format!("QVFI{position}"))
}

pub(crate) fn cursor_position(cursor: &str) -> Option<usize> {
    let bytes = STANDARD.decode(cursor).ok()?;
    String::from_utf8(bytes)
        .ok()?
        .strip_prefix("QVFI")?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node() -> Node {
        let value = json!({
            "id": "t_1",
            "snippet": "hi",
            "messages": {"_edge": "https://graph.facebook.com/v25.0/t_1/messages", "data": [{"id": "m1", "message": "a"}, {"id": "m2", "message": "b"}]},
        });
        let Value::Object(value) = value else {
            panic!("an object")
        };
        Node {
            kind: "UnifiedThread",
            value,
            empty: &["link"],
            usual: &["id"],
        }
    }

    #[test]
    fn nested_fields_and_limits_are_followed() {
        let answer = node()
            .answer(Some("messages.limit(1){message},link"))
            .unwrap();
        assert_eq!(
            answer["messages"]["data"],
            json!([{"message": "a", "id": "m1"}])
        );
        assert_eq!(answer["id"], "t_1");
        let after = answer["messages"]["paging"]["cursors"]["after"]
            .as_str()
            .unwrap();
        assert_eq!(cursor_position(after), Some(1));
        let next = answer["messages"]["paging"]["next"].as_str().unwrap();
        assert!(
            next.ends_with(&format!("t_1/messages?limit=1&after={after}")),
            "{next}"
        );
        let all = node().answer(Some("messages{id}")).unwrap();
        assert!(all["messages"]["paging"]["next"].is_null());
        assert!(all["messages"][EDGE].is_null());
    }

    #[test]
    fn a_field_that_does_not_exist_is_refused() {
        let refusal = node().answer(Some("id,colour")).unwrap_err();
        assert_eq!((refusal.code, refusal.subcode), (100, None));
    }

    #[test]
    fn broken_lists_are_refused() {
        for broken in ["id,,name", "messages{id", "messages.limit{id}", "id}"] {
            assert!(parse(broken).is_err(), "{broken}");
        }
    }
}
