//! As much of HTML as a load test needs: the links and forms of our own pages. No tree, no errors: what it
//! does not understand it leaves out.

use std::time::Duration;

use super::browser::Form;

/// A tag with its attributes.
struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Tag<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        self.attributes.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
    }

    fn text(&self, name: &str) -> String {
        unescape(self.get(name).unwrap_or_default())
    }
}

/// The tags in their order.
fn tags(html: &str) -> impl Iterator<Item = Tag<'_>> {
    html.split('<').skip(1).filter_map(tag)
}

fn tag(text: &str) -> Option<Tag<'_>> {
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '>')?;
    let (name, mut rest) = text.split_at(end);
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() || rest.starts_with('>') || rest.starts_with("/>") {
            return Some(Tag { name, attributes });
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>')).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        if let Some(quoted) = after.strip_prefix("=\"") {
            let (value, after) = quoted.split_once('"')?;
            attributes.push((key, value));
            rest = after;
        } else if let Some(after) = after.strip_prefix('=') {
            let end = after.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(after.len());
            attributes.push((key, &after[..end]));
            rest = &after[end..];
        } else {
            attributes.push((key, ""));
            rest = after;
        }
    }
}

fn unescape(text: &str) -> String {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (entity, rest) = part.split_once(';').unwrap_or((part, ""));
        let number = entity.strip_prefix('#').and_then(|number| number.parse().ok()).and_then(char::from_u32);
        let named = match entity {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            _ => None,
        };
        match number.or(named) {
            Some(character) => out.push(character),
            None => out.push_str(entity),
        }
        out.push_str(rest);
    }
    out
}

/// Where the links lead.
pub fn links(html: &str) -> impl Iterator<Item = &str> {
    tags(html).filter(|tag| tag.name == "a").filter_map(|tag| tag.get("href"))
}

/// After how long a page is to be loaded again, if it says so.
pub fn refresh(html: &str) -> Option<Duration> {
    let mut said = tags(html).filter(|tag| tag.name == "meta" && tag.get("http-equiv") == Some("refresh"));
    said.find_map(|tag| tag.get("content")?.parse().ok()).map(Duration::from_secs)
}

/// The forms, each with what a browser sends if nobody touches it.
pub fn forms(html: &str) -> Vec<Form> {
    let mut forms = Vec::new();
    let mut open: Option<(String, Vec<(String, String)>)> = None;
    let mut select: Option<(String, Option<String>, bool)> = None;
    for tag in tags(html) {
        match (tag.name, &mut open) {
            ("form", _) => open = Some((tag.text("action"), Vec::new())),
            ("/form", _) => {
                if let Some((action, fields)) = open.take() {
                    forms.push(Form::new(action, fields));
                }
            }
            ("input" | "textarea", Some((_, fields))) if is_sent(&tag) => {
                let is_choice = matches!(tag.get("type"), Some("radio" | "checkbox"));
                let value = if is_choice && tag.get("value").is_none() { "on".to_owned() } else { tag.text("value") };
                fields.push((tag.text("name"), value));
            }
            ("select", Some(_)) if tag.get("name").is_some() => select = Some((tag.text("name"), None, false)),
            ("option", Some(_)) => {
                if let Some((_, value, chosen)) = &mut select
                    && (value.is_none() || tag.get("selected").is_some() && !*chosen)
                {
                    (*value, *chosen) = (Some(tag.text("value")), tag.get("selected").is_some());
                }
            }
            ("/select", Some((_, fields))) => {
                if let Some((name, Some(value), _)) = select.take() {
                    fields.push((name, value));
                }
            }
            _ => {}
        }
    }
    forms
}

fn is_sent(input: &Tag<'_>) -> bool {
    let is_choice = matches!(input.get("type"), Some("radio" | "checkbox"));
    let is_button = matches!(input.get("type"), Some("submit" | "button" | "reset" | "image" | "file"));
    input.get("name").is_some()
        && input.get("disabled").is_none()
        && !is_button
        && (!is_choice || input.get("checked").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_when_it_is_to_be_loaded_again() {
        let page = r#"<head><meta charset="utf-8"><noscript><meta http-equiv="refresh" content="5"></noscript></head>"#;
        assert_eq!(refresh(page), Some(Duration::from_secs(5)));
        assert_eq!(refresh("<meta charset=utf-8>"), None);
    }

    #[test]
    fn a_form_is_sent_as_a_browser_would() {
        let page = r##"<a href="/x?a=1">x</a><form method="post" action="/hold" class="stack">
            <input type="hidden" name="key" value="a&#38;b"><input name="n" type="number" value="" placeholder="0">
            <input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked>
            <input type="checkbox" name="seat" value="A-1" disabled checked><input type=checkbox name=c checked>
            <select name="s"><option value="1">a<option value="2" selected>b<option value="3">c</select>
            <select name="t"><option value="first">a</select><button type="submit" name="no">go</button></form>"##;
        let forms = forms(page);
        assert_eq!(forms.len(), 1);
        assert_eq!(forms[0].action(), "/hold");
        let sent: Vec<String> = forms[0].fields().iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(sent, ["key=a&b", "n=", "r=2", "c=on", "s=2", "t=first"]);
        assert_eq!(links(page).collect::<Vec<_>>(), ["/x?a=1"]);
    }
}
