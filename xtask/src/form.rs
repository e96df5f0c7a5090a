//! Reads a login dialog's page as far as a walk through it needs: its form and its fields.
//!
//! Not a browser: it knows forms of the sandbox's plain kind and says so when it meets another.

/// A form of a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) post: bool,
    pub(crate) fields: Vec<Field>,
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) kind: Kind,
    /// Ticked, chosen or switched off, as the page was sent.
    pub(crate) set: bool,
    pub(crate) disabled: bool,
}

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Tick,
    Choice,
    Button,
}

/// The forms of a page, in its order.
pub(crate) fn forms(page: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut select = None;
    for tag in tags(page) {
        match tag.name.as_str() {
            "form" => forms.push(Form {
                action: tag.get("action").unwrap_or_default(),
                post: tag
                    .get("method")
                    .is_some_and(|method| method.eq_ignore_ascii_case("post")),
                fields: Vec::new(),
            }),
            "select" => select = tag.get("name"),
            "/select" => select = None,
            _ => {
                let field = field(&tag, select.as_deref());
                if let (Some(form), Some(field)) = (forms.last_mut(), field) {
                    form.fields.push(field);
                }
            }
        }
    }
    forms
}

/// Where a page sends its reader by itself, or offers to: a refresh, else a link to this machine.
pub(crate) fn onward(page: &str) -> Option<String> {
    let all = tags(page);
    let refresh = all.iter().find_map(|tag| {
        let asks = tag
            .get("http-equiv")
            .is_some_and(|name| name.eq_ignore_ascii_case("refresh"));
        let content = tag.get("content").filter(|_| asks && tag.name == "meta")?;
        let (_, target) = content.split_once(['=', ';'])?;
        let target = target
            .trim()
            .trim_start_matches("url=")
            .trim_start_matches("URL=");
        Some(target.trim_matches(['\'', '"', ' ']).to_owned())
    });
    refresh.or_else(|| {
        all.iter()
            .filter(|tag| tag.name == "a")
            .filter_map(|tag| tag.get("href"))
            .find(|link| link.starts_with("http://127.0.0.1:") || link.starts_with("http://[::1]:"))
    })
}

fn field(tag: &Tag, select: Option<&str>) -> Option<Field> {
    let kind = match tag.name.as_str() {
        "button" => Kind::Button,
        "option" => Kind::Choice,
        "input" => match tag
            .get("type")
            .unwrap_or_default()
            .to_ascii_lowercase()
            .as_str()
        {
            "checkbox" => Kind::Tick,
            "radio" => Kind::Choice,
            "submit" | "image" => Kind::Button,
            "button" | "reset" => return None,
            _ => Kind::Text,
        },
        _ => return None,
    };
    let name = if tag.name == "option" {
        select.map(str::to_owned)
    } else {
        tag.get("name")
    };
    let unset = if kind == Kind::Tick { "on" } else { "" };
    Some(Field {
        name: name.filter(|name| !name.is_empty())?,
        value: tag.get("value").unwrap_or_else(|| unset.to_owned()),
        kind,
        set: tag.has("checked") || tag.has("selected"),
        disabled: tag.has("disabled"),
    })
}

#[derive(Debug)]
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<String> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    }

    fn has(&self, name: &str) -> bool {
        self.attributes.iter().any(|(key, _)| key == name)
    }
}

/// Every tag of a page, comments and scripts left out.
fn tags(page: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let (tag, after) = tag(after);
        rest = match tag.name.as_str() {
            "script" => after.split_once("</script").map_or("", |(_, after)| after),
            "style" => after.split_once("</style").map_or("", |(_, after)| after),
            _ => after,
        };
        tags.push(tag);
    }
    tags
}

/// Reads from behind a `<` to behind its `>`.
fn tag(text: &str) -> (Tag, &str) {
    let end = text
        .find(|c: char| c.is_whitespace() || c == '>')
        .unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let name = name.trim_end_matches('/').to_ascii_lowercase();
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            break;
        }
        if let Some(after) = rest.strip_prefix('>') {
            rest = after;
            break;
        }
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/'))
            .unwrap_or(rest.len())
            .max(1);
        let Some((key, after)) = rest.split_at_checked(end) else {
            break;
        };
        let (value, after) = value(after);
        attributes.push((key.to_ascii_lowercase(), text_of(value)));
        rest = after;
    }
    (Tag { name, attributes }, rest)
}

/// An attribute's value, if it has one.
fn value(text: &str) -> (&str, &str) {
    let Some(after) = text.trim_start().strip_prefix('=') else {
        return ("", text);
    };
    let after = after.trim_start();
    for quote in ['"', '\''] {
        if let Some(inside) = after.strip_prefix(quote) {
            return inside.split_once(quote).unwrap_or((inside, ""));
        }
    }
    let end = after
        .find(|c: char| c.is_whitespace() || c == '>')
        .unwrap_or(after.len());
    after.split_at(end)
}

/// A value with its character references resolved.
fn text_of(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let known = after
            .split_once(';')
            .and_then(|(name, after)| Some((character(name)?, after)));
        match known {
            Some((character, after)) => {
                out.push(character);
                rest = after;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_form_is_read_with_all_its_fields() {
        let page = r#"<!doctype html><!-- <form action="/old"> --><script>"<form>"</script>
            <form method=POST action="/dialog?a=1&amp;b=2">
            <input type="hidden" name="state" value="a&quot;b&#x26;c">
            <input type=checkbox name=grant value=pages_messaging checked>
            <input type='checkbox' name='grant' value='instagram_basic'/>
            <input type="checkbox" name="grant" value="broken" disabled>
            <select name="user"><option value="owner" selected>Owner<option value="employee">
            </select><button name="action" value="allow">Continue</button></form>"#;
        let forms = forms(page);
        assert_eq!(forms.len(), 1);
        let form = &forms[0];
        assert!(form.post);
        assert_eq!(form.action, "/dialog?a=1&b=2");
        let seen: Vec<_> = form
            .fields
            .iter()
            .map(|f| (f.name.as_str(), f.value.as_str(), f.kind, f.set))
            .collect();
        assert_eq!(
            seen,
            [
                ("state", "a\"b&c", Kind::Text, false),
                ("grant", "pages_messaging", Kind::Tick, true),
                ("grant", "instagram_basic", Kind::Tick, false),
                ("grant", "broken", Kind::Tick, false),
                ("user", "owner", Kind::Choice, true),
                ("user", "employee", Kind::Choice, false),
                ("action", "allow", Kind::Button, false),
            ]
        );
        assert!(form.fields[3].disabled);
    }

    #[test]
    fn a_page_that_sends_its_reader_on_is_followed() {
        let refresh =
            r#"<meta http-equiv="refresh" content="0; url=http://127.0.0.1:5000/h?c=a&amp;d">"#;
        assert_eq!(
            onward(refresh).as_deref(),
            Some("http://127.0.0.1:5000/h?c=a&d")
        );
        let link =
            r#"<a href="https://elsewhere.example">x</a><a href="http://127.0.0.1:9/h?c=1">"#;
        assert_eq!(onward(link).as_deref(), Some("http://127.0.0.1:9/h?c=1"));
        assert_eq!(onward("<p>Done.</p>"), None);
    }
}
