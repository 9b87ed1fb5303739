//! What is being ordered at the counter, as the page carries it from press to press: its lines, and how they were before
//! each press, so that every one can be taken back. Pure.

use sky_proto::gastro::v1::{Combo, ComboChoice, Menu, MenuItem, ModifierGroup, OrderLine};

use crate::{fields::Fields, order_code};

/// So many presses can be taken back.
const PAST: usize = 20;
/// As gastro takes them.
const MOST_PIECES: u32 = 60;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ticket {
    pub(super) lines: Vec<OrderLine>,
    /// How the lines were before, the last at the end.
    pub(super) past: Vec<String>,
    /// The line that was changed last: its changes stay open.
    pub(super) open: Option<usize>,
}

/// "2*soup|1*coffee:large+oat-milk"
pub(super) fn write(lines: &[OrderLine]) -> String {
    let line = |line: &OrderLine| format!("{}*{}", line.quantity, order_code::write(line));
    lines.iter().map(line).collect::<Vec<_>>().join("|")
}

fn read(text: &str) -> Vec<OrderLine> {
    let mut lines = Vec::new();
    for (quantity, code) in text.split('|').filter_map(|line| line.split_once('*')) {
        let quantity = quantity.parse().unwrap_or(0).min(MOST_PIECES);
        if quantity > 0 && !code.is_empty() {
            order_code::add(&mut lines, OrderLine { quantity, ..order_code::read(code) });
        }
    }
    lines
}

fn item<'m>(menu: &'m Menu, id: &str) -> Option<&'m MenuItem> {
    menu.items.iter().find(|item| item.item_id == id)
}

fn combo<'m>(menu: &'m Menu, id: &str) -> Option<&'m Combo> {
    menu.combos.iter().find(|combo| combo.combo_id == id)
}

/// What an item must have at least: the first of what there is.
fn least(item: &MenuItem) -> Vec<String> {
    let of_group = |group: &ModifierGroup| {
        let least = usize::try_from(group.least).unwrap_or_default();
        group.modifiers.iter().take(least).map(|it| it.modifier_id.clone()).collect::<Vec<_>>()
    };
    item.modifier_groups.iter().flat_map(of_group).collect()
}

/// One piece with what it must have at least.
fn piece(menu: &Menu, code: &str) -> Option<OrderLine> {
    let mut line = order_code::read(code);
    if let Some(combo) = combo(menu, &line.item_id) {
        let first = |it: &sky_proto::gastro::v1::ComboComponent| {
            let option = it.options.iter().find(|option| option.available)?;
            Some(ComboChoice {
                component_id: it.component_id.clone(),
                item_id: option.item_id.clone(),
                variant_id: option.variant_id.clone(),
                modifier_ids: item(menu, &option.item_id).map(least).unwrap_or_default(),
            })
        };
        line.choices = combo.components.iter().filter_map(first).collect();
        return Some(line);
    }
    line.modifier_ids = least(item(menu, &line.item_id)?);
    Some(line)
}

/// An item's changes with one more or one less; where only one of a group may be, the new one takes its place. None:
/// there is no such change.
fn toggled(item: &MenuItem, ids: &[String], id: &str) -> Option<Vec<String>> {
    let groups = &item.modifier_groups;
    let group = groups.iter().find(|group| group.modifiers.iter().any(|it| it.modifier_id == id))?;
    let of_group = |it: &String| group.modifiers.iter().any(|other| other.modifier_id == *it);
    let mut changed = ids.to_vec();
    let count = ids.iter().filter(|it| of_group(it)).count();
    if ids.iter().any(|it| it == id) {
        let least = usize::try_from(group.least).unwrap_or_default();
        changed.retain(|it| it != id || count <= least);
    } else if group.most == 1 {
        changed.retain(|it| !of_group(it));
        changed.push(id.to_owned());
    } else if u32::try_from(count).is_ok_and(|count| count < group.most) {
        changed.push(id.to_owned());
    }
    // In the menu's order, so that the same changes are the same line.
    let place = |id: &String| {
        let all = groups.iter().flat_map(|group| &group.modifiers);
        all.map(|it| &it.modifier_id).position(|it| it == id)
    };
    changed.sort_by_key(place);
    Some(changed)
}

impl Ticket {
    /// As the page sent it.
    pub(super) fn sent(sent: &Fields) -> Self {
        let mut past = sent.all("past");
        past.drain(..past.len().saturating_sub(PAST));
        Self { lines: read(sent.get("lines")), past, open: None }
    }

    pub(super) fn pieces(&self) -> u32 {
        self.lines.iter().fold(0, |sum, line| sum.saturating_add(line.quantity))
    }

    /// What a button asks for: "add soup", "more 0", "less 0", "change 0 oat-milk", "choose 0 drink coffee:small",
    /// "vary 0 drink oat-milk", "clear" or "undo".
    pub(super) fn press(&mut self, menu: &Menu, button: &str) {
        let before = write(&self.lines);
        let mut words = button.split(' ');
        let (verb, first) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let nth: usize = first.parse().unwrap_or(usize::MAX);
        let (second, third) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match verb {
            "undo" => {
                self.lines = read(&self.past.pop().unwrap_or_default());
                return;
            }
            "clear" => self.lines.clear(),
            "add" => {
                if let Some(line) = piece(menu, first) {
                    order_code::add(&mut self.lines, line);
                }
            }
            "more" | "less" => {
                if let Some(line) = self.lines.get_mut(nth) {
                    line.quantity = if verb == "more" { line.quantity + 1 } else { line.quantity - 1 };
                }
            }
            "change" => self.change(menu, nth, second),
            "choose" => self.choose(menu, nth, second, third),
            "vary" => self.vary(menu, nth, second, third),
            _ => return,
        }
        for line in &mut self.lines {
            line.quantity = line.quantity.min(MOST_PIECES);
        }
        self.lines.retain(|line| line.quantity > 0);
        if write(&self.lines) != before {
            self.past.push(before);
            self.past.drain(..self.past.len().saturating_sub(PAST));
        }
    }

    /// Puts a change in or takes it out.
    fn change(&mut self, menu: &Menu, nth: usize, id: &str) {
        let Some(mut changed) = self.lines.get(nth).cloned() else { return };
        let Some(ids) = item(menu, &changed.item_id).and_then(|item| toggled(item, &changed.modifier_ids, id)) else {
            return;
        };
        changed.modifier_ids = ids;
        self.put(nth, changed);
    }

    /// The same of what was chosen for one component of a combo.
    fn vary(&mut self, menu: &Menu, nth: usize, component: &str, id: &str) {
        let Some(mut changed) = self.lines.get(nth).cloned() else { return };
        let Some(choice) = changed.choices.iter_mut().find(|it| it.component_id == component) else { return };
        let Some(ids) = item(menu, &choice.item_id).and_then(|item| toggled(item, &choice.modifier_ids, id)) else {
            return;
        };
        choice.modifier_ids = ids;
        self.put(nth, changed);
    }

    fn choose(&mut self, menu: &Menu, nth: usize, component: &str, code: &str) {
        let Some(mut changed) = self.lines.get(nth).cloned() else { return };
        let option = order_code::read(code);
        if let Some(choice) = changed.choices.iter_mut().find(|it| it.component_id == component) {
            if choice.item_id != option.item_id {
                choice.modifier_ids = item(menu, &option.item_id).map(least).unwrap_or_default();
            }
            (choice.item_id, choice.variant_id) = (option.item_id, option.variant_id);
        }
        self.put(nth, changed);
    }

    /// A line in the place of another; if there is the same one already, the two become one.
    fn put(&mut self, nth: usize, line: OrderLine) {
        if nth < self.lines.len() {
            self.lines.remove(nth);
            let before = self.lines.len();
            let code = order_code::write(&line);
            order_code::add(&mut self.lines, line);
            if self.lines.len() > before
                && let Some(line) = self.lines.pop()
            {
                self.lines.insert(nth, line);
            }
            self.open = self.lines.iter().position(|it| order_code::write(it) == code);
        }
    }
}

#[cfg(test)]
mod tests {
    use sky_proto::gastro::v1::{ComboComponent, ComboOption, Modifier};

    use super::*;

    fn menu() -> Menu {
        let modifier = |id: &&str| Modifier { modifier_id: (*id).to_owned(), ..Modifier::default() };
        let group = |id: &str, least, most, ids: &[&str]| ModifierGroup {
            group_id: id.to_owned(),
            least,
            most,
            modifiers: ids.iter().map(modifier).collect(),
            ..ModifierGroup::default()
        };
        let item = |id: &str, groups: Vec<ModifierGroup>| MenuItem {
            item_id: id.to_owned(),
            available: true,
            modifier_groups: groups,
            ..MenuItem::default()
        };
        let option = |id: &str, available| ComboOption { item_id: id.to_owned(), available, ..ComboOption::default() };
        let component =
            |id: &str, options| ComboComponent { component_id: id.to_owned(), options, ..Default::default() };
        let lunch = Combo {
            combo_id: "lunch".to_owned(),
            components: vec![
                component("dish", vec![option("soup", false), option("pasta", true)]),
                component("drink", vec![option("coffee", true), option("water", true)]),
            ],
            available: true,
            ..Combo::default()
        };
        let supper = Combo {
            combo_id: "supper".to_owned(),
            components: vec![component("main", vec![option("pizza", true)])],
            available: true,
            ..Combo::default()
        };
        Menu {
            items: vec![
                item("coffee", vec![group("milk", 0, 1, &["oat", "free"])]),
                item("roll", vec![group("roll", 0, 2, &["egg", "plain", "salad"])]),
                item("pizza", vec![group("crust", 1, 1, &["thin", "thick"])]),
            ],
            combos: vec![lunch, supper],
            ..Menu::default()
        }
    }

    fn pressed(buttons: &[&str]) -> Ticket {
        let mut ticket = Ticket::default();
        for button in buttons {
            ticket.press(&menu(), button);
        }
        ticket
    }

    #[test]
    fn buttons_make_a_ticket() {
        for (buttons, lines) in [
            (vec!["add coffee:large", "add coffee:large", "add roll"], "2*coffee:large|1*roll"),
            (vec!["add coffee", "more 0", "more 0", "less 0"], "2*coffee"),
            (vec!["add coffee", "less 0"], ""),
            (vec!["add coffee", "change 0 oat", "change 0 free"], "1*coffee+free"),
            (vec!["add coffee", "change 0 oat", "change 0 oat"], "1*coffee"),
            (vec!["add coffee", "change 0 oat", "add coffee"], "1*coffee+oat|1*coffee"),
            (vec!["add coffee", "change 0 oat", "add coffee", "change 1 oat"], "2*coffee+oat"),
            (vec!["add roll", "change 0 salad", "change 0 egg", "change 0 plain"], "1*roll+egg+salad"),
            (vec!["add pizza", "change 0 thin", "change 0 thick"], "1*pizza+thick"),
            (vec!["add lunch"], "1*lunch!dish=pasta;drink=coffee"),
            (vec!["add lunch", "choose 0 drink water", "choose 0 nothing water"], "1*lunch!dish=pasta;drink=water"),
            (vec!["add lunch", "vary 0 drink oat"], "1*lunch!dish=pasta;drink=coffee+oat"),
            (vec!["add lunch", "vary 0 drink oat", "vary 0 drink free"], "1*lunch!dish=pasta;drink=coffee+free"),
            (vec!["add lunch", "vary 0 drink oat", "vary 0 drink oat"], "1*lunch!dish=pasta;drink=coffee"),
            (vec!["add lunch", "vary 0 drink oat", "choose 0 drink water"], "1*lunch!dish=pasta;drink=water"),
            (
                vec!["add lunch", "vary 0 drink oat", "add lunch"],
                "1*lunch!dish=pasta;drink=coffee+oat|1*lunch!dish=pasta;drink=coffee",
            ),
            (
                vec!["add lunch", "vary 0 dish oat", "vary 0 sweet oat", "vary 0 drink egg"],
                "1*lunch!dish=pasta;drink=coffee",
            ),
            (vec!["add supper"], "1*supper!main=pizza+thin"),
            (vec!["add supper", "vary 0 main thick"], "1*supper!main=pizza+thick"),
            (vec!["add stardust", "more 7", "change 0 oat", "choose 1 a b", "sing", ""], ""),
            (vec!["add coffee", "clear"], ""),
        ] {
            assert_eq!(write(&pressed(&buttons).lines), lines, "{buttons:?}");
        }
        let many = vec!["add coffee"; 70];
        assert_eq!(pressed(&many).pieces(), 60);
    }

    #[test]
    fn every_press_can_be_taken_back() {
        let mut ticket = pressed(&["add coffee", "more 0", "change 0 oat", "add roll", "clear"]);
        for expected in ["2*coffee+oat|1*roll", "2*coffee+oat", "2*coffee", "1*coffee", "", ""] {
            ticket.press(&menu(), "undo");
            assert_eq!(write(&ticket.lines), expected);
        }
        assert_eq!(pressed(&["more 3", "less 0"]).past, [""; 0], "what changes nothing is not taken back");
        assert_eq!(pressed(&["add coffee"; 50]).past.len(), PAST);
    }

    #[test]
    fn a_page_sends_what_it_was_given() {
        let ticket = pressed(&["add coffee", "add lunch", "change 0 oat"]);
        let lines = write(&ticket.lines);
        let mut pairs = vec![("lines", lines.as_str())];
        pairs.extend(ticket.past.iter().map(|past| ("past", past.as_str())));
        let sent = Ticket::sent(&Fields::of(&pairs));
        assert_eq!((&sent.lines, &sent.past), (&ticket.lines, &ticket.past));
        for nonsense in ["", "|", "*", "x*y", "0*soup", "-1*soup", "99999999999*soup", "1*"] {
            assert!(Ticket::sent(&Fields::of(&[("lines", nonsense)])).lines.is_empty(), "{nonsense}");
        }
    }
}
