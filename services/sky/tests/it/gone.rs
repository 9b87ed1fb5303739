//! What left the menu between the showing of the order form and its sending: it is named, its choice comes back empty, and
//! the rest of the form stays.

use reqwest::StatusCode;

use crate::{
    booking::{post, refused, visit},
    browsers::{Browser, open},
    scenario::next_showing,
};

#[tokio::test]
async fn a_dish_that_has_left_the_menu_is_named_and_the_rest_of_the_form_stays() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let rest = [("count_adult", "2"), ("meal_lentil-soup", "1"), ("pickup", "2"), ("avoid", "4")];
    // As the page had it before the dish left: the form sends the names along.
    let gone = [("meal_pumpkin-tart", "1"), ("dish_pumpkin-tart", "Kürbistarte")];
    let (status, body) = refused(&house, &showing, &[rest.as_slice(), &gone].concat()).await;
    assert_eq!(status, 422, "{body}");
    assert!(body.contains("„Kürbistarte“ steht nicht mehr auf der Karte"), "{body}");
    assert!(body.contains("name=\"meal_lentil-soup\"") && !body.contains("name=\"meal_pumpkin-tart\""), "{body}");
    for (field, value) in [("count_adult", "2"), ("meal_lentil-soup", "1")] {
        let typed = body.split(&format!("name=\"{field}\"")).nth(1).and_then(|it| it.split('>').next());
        assert!(typed.is_some_and(|it| it.contains(&format!("value=\"{value}\""))), "{field}: {typed:?}");
    }
    assert!(body.contains("name=\"dish_lentil-soup\""), "{body}");
    // Sent once more without it, all of it is held.
    let (status, to, body) = post(&house, &Browser::new(), &showing, &rest).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{body}");
    assert_eq!(visit(&world, &to).await.meal.expect("a meal").lines.len(), 1);
}

#[tokio::test]
async fn what_has_left_of_trays_combos_and_changes_is_named_and_its_choice_comes_back_empty() {
    let (house, world) = open().await;
    let showing = next_showing(&world, house.clock.now()).await.showing_id;
    let rest = [("count_adult", "2"), ("pickup", "2")];
    // As the page had it before they left: the form sends their names along.
    let names = [
        ("dish_cappuccino:huge", "Cappuccino, riesig"),
        ("dish_cappuccino+soy", "mit Sojamilch"),
        ("dish_pumpkin-tart", "Kürbistarte"),
    ];
    let combo = [("combo_coffee-and-cake_0", "1"), ("combo_coffee-and-cake_0_sweet", "moon-cake/")];
    let on_tray = [("tray1_1", "coffee-and-cake"), ("tray1_1_of_sweet", "moon-cake/")];
    let drink = "combo_coffee-and-cake_0_drink";
    let change = "combo_coffee-and-cake_0_drink_mod_cappuccino_milk";
    for (typed, left, empty) in [
        ([&combo[..], &[(drink, "cappuccino/huge")]].concat(), "Cappuccino, riesig", Some(drink)),
        ([&combo[..], &[(drink, "cappuccino/large"), (change, "soy")]].concat(), "Cappuccino: mit Sojamilch", None),
        (vec![("meal_cappuccino_large", "1"), ("mod_cappuccino_milk", "soy")], "Cappuccino: mit Sojamilch", None),
        (vec![("tray1_1", "pumpkin-tart"), ("tray1_1_n", "3")], "Kürbistarte", Some("tray1_1")),
        (
            vec![("tray1_1", "cappuccino:large"), ("tray1_1_mod_cappuccino_milk", "soy")],
            "Cappuccino: mit Sojamilch",
            None,
        ),
        (
            [&on_tray[..], &[("tray1_1_of_drink", "cappuccino/huge")]].concat(),
            "Cappuccino, riesig",
            Some("tray1_1_of_drink"),
        ),
    ] {
        let (status, body) = refused(&house, &showing, &[&rest[..], &names, &typed].concat()).await;
        assert_eq!(status, 422, "{typed:?}: {body}");
        let summary = body.split("role=\"alert\"").nth(1).and_then(|it| it.split("</ul>").next()).expect("an alert");
        assert!(summary.contains(&format!("„{left}“")), "{typed:?}: {summary}");
        assert!(body.contains(&format!("„{left}“ gibt es nicht mehr. Bitte neu wählen.")), "{typed:?}: {body}");
        if let Some(field) = empty {
            let select =
                body.split(&format!("<select id=\"{field}\"")).nth(1).and_then(|it| it.split("</select>").next());
            let select = select.unwrap_or_else(|| panic!("no {field}: {body}"));
            let chosen: Vec<&str> = select.split("<option").filter(|it| it.contains(" selected")).collect();
            let is_empty = chosen.iter().all(|it| it.starts_with(" value=\"\""));
            assert!(is_empty && select.contains("<option value=\"\""), "another dish is chosen: {select}");
        }
    }
    // What the page had of all that is there is on the page again.
    let (_, page) = refused(&house, &showing, &[("count_adult", "0")]).await;
    for name in
        ["dish_cappuccino:large\" value=\"Cappuccino, groß", "dish_cappuccino+oat-milk\" value=\"mit Hafermilch"]
    {
        assert!(page.contains(name), "{name}: {page}");
    }
}
