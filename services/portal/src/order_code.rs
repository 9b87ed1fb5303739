//! One line of an order as a short text, for forms that carry what was chosen from page to page: "coffee:large+oat-milk"
//! or "lunch!dish=soup;drink=coffee:small". Ids have none of the signs between them.

use sky_proto::gastro::v1::{ComboChoice, OrderLine};

fn item(item: &str, variant: &str, modifiers: &[String]) -> String {
    let mut code = item.to_owned();
    if !variant.is_empty() {
        code = format!("{code}:{variant}");
    }
    modifiers.iter().fold(code, |code, modifier| format!("{code}+{modifier}"))
}

/// The line without its quantity and its tray.
pub(crate) fn write(line: &OrderLine) -> String {
    let choices = line.choices.iter().map(|it| {
        let chosen = item(&it.item_id, &it.variant_id, &it.modifier_ids);
        format!("{}={chosen}", it.component_id)
    });
    let choices: Vec<String> = choices.collect();
    let code = item(&line.item_id, &line.variant_id, &line.modifier_ids);
    if choices.is_empty() { code } else { format!("{code}!{}", choices.join(";")) }
}

fn split(code: &str) -> (String, String, Vec<String>) {
    let mut parts = code.split('+');
    let first = parts.next().unwrap_or_default();
    let (item, variant) = first.split_once(':').unwrap_or((first, ""));
    (item.to_owned(), variant.to_owned(), parts.map(str::to_owned).collect())
}

/// What [`write`] wrote, one piece of it. Whether there is such a thing, gastro knows.
pub(crate) fn read(code: &str) -> OrderLine {
    let (own, choices) = code.split_once('!').unwrap_or((code, ""));
    let (item_id, variant_id, modifier_ids) = split(own);
    let choices = choices.split(';').filter_map(|choice| choice.split_once('=')).map(|(component, chosen)| {
        let (item_id, variant_id, modifier_ids) = split(chosen);
        ComboChoice { component_id: component.to_owned(), item_id, variant_id, modifier_ids }
    });
    let choices = choices.collect();
    OrderLine { item_id, quantity: 1, variant_id, modifier_ids, choices, tray: String::new() }
}

/// Adds a line; the same once more is more of it.
pub(crate) fn add(lines: &mut Vec<OrderLine>, line: OrderLine) {
    match lines.iter_mut().find(|it| OrderLine { quantity: line.quantity, ..(*it).clone() } == line) {
        Some(same) => same.quantity = same.quantity.saturating_add(line.quantity),
        None => lines.push(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        for code in
            ["soup", "coffee:large", "coffee:large+oat+hot", "roll+egg", "lunch!dish=soup;drink=coffee:small+oat"]
        {
            assert_eq!(write(&read(code)), code);
        }
        for nonsense in ["", "!", "a!b", "+", ":", "a!=;=", "ü:ß+%"] {
            read(nonsense);
        }
    }

    #[test]
    fn the_same_twice_is_one_line() {
        let mut lines = Vec::new();
        for code in ["soup", "roll", "soup", "roll+egg"] {
            add(&mut lines, read(code));
        }
        let told: Vec<_> = lines.iter().map(|it| (write(it), it.quantity)).collect();
        assert_eq!(told, [("soup".to_owned(), 2), ("roll".to_owned(), 1), ("roll+egg".to_owned(), 1)]);
        let mut many = vec![OrderLine { quantity: u32::MAX, ..read("soup") }];
        add(&mut many, read("soup"));
        assert_eq!(many[0].quantity, u32::MAX);
    }
}
