//! A group's lunch in the form: trays with names of the party's own choosing, and what is on each. One more tray, one
//! like another, and one more line come by buttons that send the form back and forth, so that it needs no script.

use std::collections::BTreeMap;

use sky_proto::gastro::v1::{Combo, ComboComponent, GroupLunch, Menu, MenuItem, ModifierGroup, OrderLine};

use super::{
    FieldError,
    combos::{self, Chosen, Select, choice, select},
    gone,
    meal::{Changes, changes},
};
use crate::{fields::Fields, order_code, words::Words};

/// A dish, a drink, something sweet.
const ROWS: usize = 3;
const MOST_ROWS: usize = 8;
const MOST_PIECES: u32 = 60;

pub(super) struct GroupForm {
    pub(super) open: bool,
    pub(super) trays: Vec<Tray>,
    /// Heading, and code with label of each.
    pub(super) options: Vec<(String, Vec<(String, String)>)>,
    /// Names that the house proposes.
    pub(super) labels: Vec<String>,
    /// The number of one more tray; 0: there are as many as may be.
    pub(super) next: u32,
}

pub(super) struct Tray {
    pub(super) nth: u32,
    pub(super) name: String,
    pub(super) rows: Vec<Row>,
    pub(super) may_grow: bool,
}

pub(super) struct Row {
    pub(super) nth: u32,
    pub(super) field: String,
    pub(super) code: String,
    pub(super) count: String,
    pub(super) changes: Vec<Changes>,
    pub(super) selects: Vec<Select>,
    /// What of it there is no more; empty: all is there.
    pub(super) hint: String,
}

/// What was sent of a tray.
#[derive(Clone, Debug, Default)]
struct SentTray {
    name: String,
    rows: Vec<SentRow>,
}

#[derive(Clone, Debug, Default)]
struct SentRow {
    code: String,
    count: String,
    /// Also those that the dish does not have any more.
    modifiers: Vec<String>,
    /// By component of a combo.
    choices: BTreeMap<String, Chosen>,
    /// What was chosen of a combo that has no such component any more: "cookie/".
    lost_parts: Vec<String>,
}

fn field(tray: usize, row: usize) -> String {
    format!("tray{tray}_{row}")
}

fn item<'m>(menu: &'m Menu, code: &str) -> Option<&'m MenuItem> {
    let id = code.split(':').next().unwrap_or_default();
    menu.items.iter().find(|item| item.item_id == id)
}

fn combo<'m>(menu: &'m Menu, code: &str) -> Option<&'m Combo> {
    menu.combos.iter().find(|combo| combo.combo_id == code)
}

fn components<'m>(menu: &'m Menu, code: &str) -> &'m [ComboComponent] {
    combo(menu, code).map_or(&[], |combo| &combo.components)
}

fn groups<'m>(menu: &'m Menu, code: &str) -> &'m [ModifierGroup] {
    item(menu, code).map_or(&[], |item| &item.modifier_groups)
}

fn sent_row(menu: &Menu, sent: &Fields, field: &str) -> SentRow {
    let code = sent.get(field).to_owned();
    let of = format!("{field}_of_");
    let chosen = |it: &ComboComponent| {
        let id = it.component_id.clone();
        combos::chosen(menu, sent, &format!("{of}{id}")).map(|chosen| (id, chosen))
    };
    let lost_parts = combo(menu, &code).map(|it| gone::lost_parts(it, sent, &of)).unwrap_or_default();
    SentRow {
        count: sent.get(&format!("{field}_n")).to_owned(),
        modifiers: item(menu, &code).map(|it| gone::changes(menu, sent, it, &format!("{field}_"))).unwrap_or_default(),
        choices: components(menu, &code).iter().filter_map(chosen).collect(),
        lost_parts: lost_parts.into_iter().map(str::to_owned).collect(),
        code,
    }
}

fn number_of(nth: usize) -> u32 {
    u32::try_from(nth).unwrap_or(u32::MAX)
}

fn number(sent: &Fields, name: &str, least: usize, most: usize) -> usize {
    let sent = sent.count(name).and_then(|sent| usize::try_from(sent).ok()).unwrap_or_default();
    sent.clamp(least, most.max(least))
}

fn most_trays(menu: &Menu) -> usize {
    menu.group_lunch.as_ref().and_then(|group| usize::try_from(group.most_trays).ok()).unwrap_or_default()
}

/// The trays as they were sent.
fn read(menu: &Menu, sent: &Fields) -> Vec<SentTray> {
    let tray = |nth: usize| SentTray {
        name: sent.get(&format!("tray{nth}")).to_owned(),
        rows: (1..=number(sent, &format!("tray{nth}_rows"), ROWS, MOST_ROWS))
            .map(|row| sent_row(menu, sent, &field(nth, row)))
            .collect(),
    };
    (1..=number(sent, "trays", 1, most_trays(menu))).map(tray).collect()
}

/// What the pressed button asks for: "tray", "copy2" or "row2"; anything else shows what was sent.
fn grow(trays: &mut Vec<SentTray>, more: &str, most: usize) {
    let of = |word: &str| more.strip_prefix(word).and_then(|nth| nth.parse::<usize>().ok()?.checked_sub(1));
    let empty = SentTray { rows: vec![SentRow::default(); ROWS], ..SentTray::default() };
    if let Some(tray) = of("row").and_then(|nth| trays.get_mut(nth)) {
        tray.rows.resize(MOST_ROWS.min(tray.rows.len() + 1), SentRow::default());
    }
    let new = match of("copy") {
        Some(nth) => trays.get(nth).map(|tray| SentTray { name: String::new(), ..tray.clone() }),
        None => (more == "tray").then_some(empty),
    };
    if let Some(new) = new.filter(|_| trays.len() < most) {
        trays.push(new);
    }
}

fn row(
    w: &Words,
    menu: &Menu,
    sent: &Fields,
    options: &[(String, Vec<(String, String)>)],
    row: SentRow,
    (tray, nth): (usize, usize),
) -> Row {
    let field = field(tray, nth);
    let of_item = |item: &MenuItem| {
        let of_group = |group: &ModifierGroup| {
            let name = format!("{field}_mod_{}_{}", item.item_id, group.group_id);
            changes(w, item, group, &name, &row.modifiers)
        };
        item.modifier_groups.iter().map(of_group).collect::<Vec<_>>()
    };
    let of_component = |it: &ComboComponent| {
        let chosen = row.choices.get(&it.component_id).cloned();
        select(w, menu, sent, it, format!("{field}_of_{}", it.component_id), chosen)
    };
    let is_offered = options.iter().flat_map(|(_, options)| options).any(|(code, _)| *code == row.code);
    let item = item(menu, &row.code).filter(|_| is_offered);
    Row {
        hint: if row.code.is_empty() || is_offered {
            gone::changes_hint(w, sent, item, &row.modifiers)
        } else {
            gone::hint(w, menu, sent, &row.code)
        },
        changes: item.map(of_item).unwrap_or_default(),
        selects: components(menu, &row.code).iter().filter(|_| is_offered).map(of_component).collect(),
        nth: number_of(nth),
        code: row.code,
        count: row.count,
        field,
    }
}

/// Everything that can go on a tray.
fn options(w: &Words, menu: &Menu) -> Vec<(String, Vec<(String, String)>)> {
    let there = |item: &&MenuItem| super::super::menu_words::none(w, item.unavailable()).is_empty();
    let sizes = |item: &MenuItem| {
        let name = w.text(&item.name);
        if item.variants.is_empty() {
            return vec![(item.item_id.clone(), format!("{name}, {}", w.money(&item.price)))];
        }
        let size = item.variants.iter().map(|it| {
            let label = format!("{name}, {}, {}", w.text(&it.name), w.money(&it.price));
            (format!("{}:{}", item.item_id, it.variant_id), label)
        });
        size.collect()
    };
    let of = |category: &str| {
        let items = menu.items.iter().filter(there).filter(|it| it.category == category);
        items.flat_map(sizes).collect::<Vec<_>>()
    };
    let combos = menu.combos.iter().filter(|it| super::super::menu_words::none(w, it.unavailable()).is_empty());
    let combos = combos.map(|it| (it.combo_id.clone(), format!("{}, {}", w.text(&it.name), w.money(&it.price))));
    let mut all: Vec<(String, Vec<(String, String)>)> =
        vec![(w.t("menu-food"), of("food")), (w.t("menu-drinks"), of("drink")), (w.t("menu-combos"), combos.collect())];
    all.retain(|(_, options)| !options.is_empty());
    all
}

/// The trays of the form.
pub(super) fn form(w: &Words, menu: &Menu, group: &GroupLunch, sent: &Fields) -> GroupForm {
    let most = most_trays(menu);
    let mut trays = read(menu, sent);
    grow(&mut trays, sent.get("more"), most);
    let is_used = trays.iter().any(|tray| tray.rows.iter().any(|row| !row.code.is_empty()));
    let next = trays.len() + 1;
    let options = options(w, menu);
    let view = |(at, tray): (usize, SentTray)| Tray {
        nth: number_of(at + 1),
        name: if tray.name.is_empty() { (at + 1).to_string() } else { tray.name },
        may_grow: tray.rows.len() < MOST_ROWS,
        rows: tray
            .rows
            .into_iter()
            .enumerate()
            .map(|(nth, it)| row(w, menu, sent, &options, it, (at + 1, nth + 1)))
            .collect(),
    };
    GroupForm {
        open: is_used || sent.is_on("more"),
        trays: trays.into_iter().enumerate().map(view).collect(),
        options,
        labels: group.tray_labels.clone(),
        next: if next > most { 0 } else { number_of(next) },
    }
}

/// Whether a field says what is in a row of a tray.
pub(super) fn is_row(name: &str) -> bool {
    let row = name.strip_prefix("tray").and_then(|rest| rest.split_once('_'));
    row.is_some_and(|(tray, row)| gone::is_number(tray) && gone::is_number(row))
}

/// The lines of all trays, or what is wrong with them.
pub(super) fn lines(w: &Words, menu: &Menu, sent: &Fields) -> Result<Vec<OrderLine>, Vec<FieldError>> {
    let (mut lines, mut wrong) = (Vec::new(), Vec::new());
    if menu.group_lunch.is_none() {
        let text = w.t("tray-gone");
        let is_chosen = |(name, value): (&str, &str)| is_row(name) && !value.is_empty();
        return if sent.pairs().any(is_chosen) {
            Err(vec![FieldError { field: "meal".to_owned(), text }])
        } else {
            Ok(lines)
        };
    }
    for (at, tray) in read(menu, sent).into_iter().enumerate() {
        let name = if tray.name.is_empty() { (at + 1).to_string() } else { tray.name };
        for (nth, row) in tray.rows.iter().enumerate().filter(|(_, row)| !row.code.is_empty()) {
            let field = field(at + 1, nth + 1);
            let quantity = if row.count.is_empty() { Some(1) } else { row.count.parse().ok() };
            let Some(quantity) = quantity.filter(|count| *count <= MOST_PIECES) else {
                wrong.push(FieldError { field: format!("{field}_n"), text: w.t("error-number") });
                continue;
            };
            if quantity == 0 {
                continue;
            }
            if !gone::is_there(menu, &row.code) {
                let text = w.with("menu-gone", "name", &gone::name(menu, sent, w, &row.code));
                wrong.push(FieldError { field, text });
                continue;
            }
            if let Some((field, text)) = not_to_be_made(w, menu, sent, row, &field) {
                wrong.push(FieldError { field, text });
                continue;
            }
            if needs_more(menu, row) {
                wrong.push(FieldError { field, text: w.with("tray-choose", "name", &name) });
                continue;
            }
            let chosen = |it: &ComboComponent| {
                let Chosen { option, changes } = row.choices.get(&it.component_id).cloned().unwrap_or_default();
                choice(it, &option, changes)
            };
            let choices = components(menu, &row.code).iter().map(chosen).collect();
            let (modifier_ids, tray) = (row.modifiers.clone(), name.clone());
            let line = OrderLine { quantity, modifier_ids, choices, tray, ..order_code::read(&row.code) };
            order_code::add(&mut lines, line);
        }
    }
    if wrong.is_empty() { Ok(lines) } else { Err(wrong) }
}

/// What has left the menu of what it is made of, or is not chosen, and the field of that.
fn not_to_be_made(w: &Words, menu: &Menu, sent: &Fields, row: &SentRow, field: &str) -> Option<(String, String)> {
    if let Some(lost) = row.lost_parts.first() {
        let text = w.with("menu-gone", "name", &gone::name(menu, sent, w, &gone::code_of(lost)));
        return Some((field.to_owned(), text));
    }
    let of_component = |it: &ComboComponent| {
        let chosen = row.choices.get(&it.component_id)?;
        let text = gone::wrong_choice(w, menu, sent, it, (&chosen.option, &chosen.changes))?;
        Some((format!("{field}_of_{}", it.component_id), text))
    };
    let lost = item(menu, &row.code).filter(|it| gone::has_lost_change(it, &row.modifiers));
    let change = lost.and_then(|item| gone::wrong_change(w, sent, item, &row.modifiers));
    components(menu, &row.code).iter().find_map(of_component).or(change.map(|text| (field.to_owned(), text)))
}

/// What it is made of was not asked yet.
fn needs_more(menu: &Menu, row: &SentRow) -> bool {
    let missing = |it: &ComboComponent| !row.choices.contains_key(&it.component_id);
    let least = |group: &ModifierGroup| {
        let chosen = group.modifiers.iter().filter(|it| row.modifiers.contains(&it.modifier_id)).count();
        u32::try_from(chosen).unwrap_or(u32::MAX) < group.least
    };
    components(menu, &row.code).iter().any(missing) || groups(menu, &row.code).iter().any(least)
}

#[cfg(test)]
mod tests {
    use super::{super::samples::menu, *};

    fn read(pairs: &[(&str, &str)]) -> Result<Vec<(String, String, u32)>, Vec<String>> {
        let told = |line: OrderLine| (line.tray.clone(), order_code::write(&line), line.quantity);
        lines(&Words::default(), &menu(), &Fields::of(pairs))
            .map(|lines| lines.into_iter().map(told).collect())
            .map_err(|wrong| wrong.into_iter().map(|it| it.field).collect())
    }

    #[test]
    fn trays_become_lines_with_their_names() {
        let lines = read(&[
            ("trays", "3"),
            ("tray1", "1 – vegetarisch"),
            ("tray1_1", "soup"),
            ("tray1_1_n", "12"),
            ("tray1_2", "coffee:large"),
            ("tray1_2_mod_coffee_milk", "oat"),
            ("tray1_3", "soup"),
            ("tray2_1", "lunch"),
            ("tray2_1_of_dish", "soup/"),
            ("tray2_2", "break"),
            ("tray2_2_of_drink", "coffee/small"),
            ("tray2_2_of_drink_mod_coffee_milk", "oat"),
            ("tray3", "Leer"),
            ("tray3_1", "soup"),
            ("tray3_1_n", "0"),
        ]);
        let line = |tray: &str, code: &str, quantity| (tray.to_owned(), code.to_owned(), quantity);
        let first = "1 – vegetarisch";
        let expected = [
            line(first, "soup", 13),
            line(first, "coffee:large+oat", 1),
            line("2", "lunch!dish=soup", 1),
            line("2", "break!drink=coffee:small+oat", 1),
        ];
        assert_eq!(lines.expect("good"), expected);
        assert_eq!(read(&[]).expect("none"), []);
    }

    #[test]
    fn what_is_missing_names_its_field() {
        for (pairs, field) in [
            ([("tray1_1", "soup"), ("tray1_1_n", "61")], "tray1_1_n"),
            ([("tray1_1", "soup"), ("tray1_1_n", "-1")], "tray1_1_n"),
            ([("tray1_2", "lunch"), ("tray1", "Mars")], "tray1_2"),
            ([("tray1_2", "cake"), ("dish_cake", "Kuchen")], "tray1_2"),
            ([("tray1_3", "coffee:huge"), ("tray1", "Mars")], "tray1_3"),
        ] {
            assert_eq!(read(&pairs).expect_err(field), [field]);
        }
    }

    #[test]
    fn a_house_that_takes_no_groups_any_more_says_so() {
        let menu = Menu { group_lunch: None, ..menu() };
        let read = |pairs: &[(&str, &str)]| lines(&Words::default(), &menu, &Fields::of(pairs)).map_err(|it| it.len());
        assert_eq!(read(&[("trays", "1"), ("tray1", "1"), ("tray1_rows", "3"), ("tray1_1", "")]), Ok(Vec::new()));
        assert_eq!(read(&[("tray2_1", "soup")]), Err(1));
    }

    #[test]
    fn the_form_grows_by_its_buttons_up_to_what_the_house_takes() {
        let (w, menu) = (Words::default(), menu());
        let form = |pairs: &[(&str, &str)]| {
            let form = form(&w, &menu, menu.group_lunch.as_ref().expect("groups"), &Fields::of(pairs));
            let trays = form.trays.iter().map(|it| (it.name.clone(), it.rows.len(), it.rows[0].code.clone()));
            (form.open, trays.collect::<Vec<_>>(), form.next)
        };
        let tray = |name: &str, rows, code: &str| (name.to_owned(), rows, code.to_owned());
        assert_eq!(form(&[]), (false, vec![tray("1", 3, "")], 2));
        let one = ("tray1_1", "soup");
        assert_eq!(form(&[one, ("more", "tray")]), (true, vec![tray("1", 3, "soup"), tray("2", 3, "")], 3));
        let named = ("tray1", "1 – vegan");
        let like = vec![tray("1 – vegan", 3, "soup"), tray("2", 3, "soup")];
        assert_eq!(form(&[one, named, ("more", "copy1")]), (true, like, 3));
        assert_eq!(form(&[one, ("more", "row1")]), (true, vec![tray("1", 4, "soup")], 2));
        let full = form(&[("trays", "3"), ("more", "tray")]);
        assert_eq!((full.1.len(), full.2), (3, 0));
        for nonsense in ["copy9", "row0", "rowx", "copy", "☃"] {
            assert_eq!(form(&[one, ("more", nonsense)]).1.len(), 1, "{nonsense}");
        }
        assert_eq!(form(&[("trays", "4000000000")]).1.len(), 3);
    }

    #[test]
    fn changes_and_choices_are_asked_once_a_dish_is_chosen() {
        let (w, menu) = (Words::default(), menu());
        let sent = Fields::of(&[("tray1_1", "coffee:small"), ("tray1_1_mod_coffee_milk", "oat"), ("tray1_2", "lunch")]);
        let form = form(&w, &menu, menu.group_lunch.as_ref().expect("groups"), &sent);
        let rows = &form.trays[0].rows;
        assert!(rows[0].changes[0].ticks.iter().any(|it| it.value == "oat" && it.chosen));
        assert_eq!((rows[1].selects.len(), rows[2].selects.len()), (1, 0));
        assert_eq!(form.options[0].1.len(), 3, "both sizes and the soup");
    }

    #[test]
    fn what_has_left_the_menu_is_named_and_its_choice_comes_back_empty() {
        let (w, mut menu) = (Words::default(), menu());
        menu.combos[1].components[0].options.retain(|it| it.variant_id != "large");
        let names = [
            ("dish_cake", "Kuchen"),
            ("dish_coffee:large", "Kaffee, groß"),
            ("dish_coffee+soy", "mit Sojamilch"),
            ("dish_cookie", "Keks"),
        ];
        let part = ("tray1_1_of_drink", "coffee/small");
        for (pairs, name, at) in [
            (&[("tray1_1", "cake")][..], "„Kuchen“", "tray1_1"),
            (&[("tray1_1", "coffee:small"), ("tray1_1_mod_coffee_milk", "soy")], "mit Sojamilch", "tray1_1"),
            // The whole group of changes has left.
            (&[("tray1_1", "coffee:small"), ("tray1_1_mod_coffee_taste", "soy")], "mit Sojamilch", "tray1_1"),
            (&[("tray1_1", "break"), ("tray1_1_of_drink", "coffee/large")], "„Kaffee, groß“", "tray1_1_of_drink"),
            (&[("tray1_1", "break"), ("tray1_1_of_drink", "")], "Bitte auswählen", "tray1_1_of_drink"),
            (
                &[("tray1_1", "break"), part, ("tray1_1_of_drink_mod_coffee_milk", "soy")],
                "mit Sojamilch",
                "tray1_1_of_drink",
            ),
            (&[("tray1_1", "break"), part, ("tray1_1_of_sweet", "cookie/")], "„Keks“", "tray1_1"),
        ] {
            let sent = Fields::of(&[&names[..], pairs].concat());
            let wrong = lines(&w, &menu, &sent).expect_err(name);
            assert!(wrong.len() == 1 && wrong[0].text.contains(name), "{pairs:?}: {}", wrong[0].text);
            assert_eq!(wrong[0].field, at, "{pairs:?}");
            let form = form(&w, &menu, menu.group_lunch.as_ref().expect("groups"), &sent);
            let row = &form.trays[0].rows[0];
            let hints = [row.hint.clone(), row.selects.iter().map(|it| it.hint.clone()).collect()].concat();
            assert!(name.starts_with("Bitte") || name == "„Keks“" || hints.contains(name), "{pairs:?}: {hints}");
            let nothing_instead = row.changes.iter().flat_map(|it| &it.ticks).all(|it| !it.chosen);
            let other = |it: &Select| it.asks == it.options.iter().any(|(_, _, chosen)| *chosen);
            assert!(nothing_instead && !row.selects.iter().any(other), "{pairs:?}");
        }
        // What was asked of a dish that stood here before is nothing that is missed.
        let other = [("tray1_1", "soup"), ("tray1_1_mod_coffee_milk", "oat"), ("tray1_1_of_drink", "coffee/large")];
        assert_eq!(lines(&w, &menu, &Fields::of(&other)).map_err(|it| it.len()).expect("lines").len(), 1);
    }
}
