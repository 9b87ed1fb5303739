//! English.

use super::{Said, Words};
use crate::domain::notices::Kind;

const fn kind(kind: Kind) -> Said {
    let (subject, title, lead) = match kind {
        Kind::Confirmed => (
            "Your visit on {day} is booked",
            "Your visit is booked",
            "we look forward to seeing you. Here is everything that you need for your visit.",
        ),
        Kind::NotCompleted => (
            "Your order for {day} was not completed",
            "Your order was not completed",
            "your order has not been paid. The places are free again. You can order anew while there are any.",
        ),
        Kind::DayBefore => (
            "Tomorrow: your visit on {day}",
            "See you tomorrow",
            "see you tomorrow. Please allow some time for the way: nobody is admitted once the show has started.",
        ),
        Kind::Delayed => (
            "Your visit on {day} starts later",
            "Your show starts later",
            "your show starts later than planned. Your booking and your codes stay valid. Your bay and your meal have moved \
             with it.",
        ),
        Kind::Earlier => (
            "Your visit on {day} starts earlier again",
            "Your show starts earlier again",
            "your show starts earlier than we told you last, but not earlier than it was planned. Your booking and your codes \
             stay valid. Your bay and your meal have moved with it.",
        ),
        Kind::Reseated => (
            "Your visit on {day}: new places",
            "You have new places",
            "we have given you other places. Your tickets and your codes stay valid.",
        ),
        Kind::Reissued => (
            "Your visit on {day}: new codes",
            "Your codes are new",
            "your codes have been issued anew. Older codes are no longer valid, printed ones neither. The new ones are on the page of your visit.",
        ),
        Kind::Cancelled => {
            ("Your visit on {day} is cancelled", "Your visit is cancelled", "your visit does not take place.")
        }
        Kind::Refunded => {
            ("Refund for your visit on {day}", "Your money is on its way", "the refund for your visit has been made.")
        }
        Kind::ParkingSuspended => (
            "Getting here on {day}: car park not reachable",
            "Our car park cannot be reached",
            "your bay cannot be reached at present. Your visit takes place. Please park elsewhere or take the tram.",
        ),
        Kind::ParkingRestored => (
            "Getting here on {day}: car park reachable again",
            "Our car park can be reached again",
            "you can drive to our car park again. Your bay is yours.",
        ),
        Kind::ParkingLost => (
            "Getting here on {day}: your bay",
            "Your bay has been given away",
            "our car park can be reached again, but your bay has been given to somebody else meanwhile. Your visit takes \
             place. The page of your visit says what is still free.",
        ),
        Kind::ParkingOff => (
            "Getting here on {day}: no bay",
            "There is no bay for your visit any more",
            "we are sorry: there is no bay for your visit any more. Your visit takes place.",
        ),
        Kind::MealMoved => (
            "Your meal on {day}: a new time",
            "Your meal has a new time",
            "the kitchen has moved your meal to another time.",
        ),
        Kind::MealChanged => (
            "Your meal on {day}: a change",
            "Something about your meal has changed",
            "the kitchen has to change something in your order.",
        ),
        Kind::MealAsked => (
            "Your meal on {day}: please choose",
            "Your meal: please choose",
            "the kitchen cannot make your meal as you ordered it. On the page of your visit you can choose what happens instead.",
        ),
        Kind::MealSettled => (
            "Your meal on {day}: what happens now",
            "What happens with your meal",
            "it is settled what happens with your meal.",
        ),
        Kind::MealOff => (
            "Your meal on {day} is off",
            "Your meal is off",
            "we are sorry: the kitchen cannot make your order. Your visit takes place.",
        ),
        Kind::AtRisk => (
            "Your visit on {day}: time is getting short",
            "Time is getting short",
            "as far as we know you may not arrive in time. Nobody is admitted once the show has started.",
        ),
        Kind::RebookingOffered => (
            "Your visit on {day}: another show for you",
            "A later show for you",
            "we have places together in a later show for you. You can change on the page of your visit. Your bay and your \
             meal move with it.",
        ),
        Kind::Rebooked => (
            "Your visit on {day} has been rebooked",
            "Your visit has been rebooked",
            "you now have places in another show. Your bay and your meal move along where there is room.",
        ),
        Kind::WaitListed => (
            "You are on the waiting list for {day}",
            "You are on the waiting list",
            "when places for all of you come free, we hold them for you and write to you at once. Until then nothing is booked \
             and nothing is to be paid.",
        ),
        Kind::PlacesOffered => (
            "Places for you on {day}: please order now",
            "There are places for you",
            "you have waited, and now there are places. We hold them for you. They are not ordered yet.",
        ),
        Kind::WaitOver => (
            "The waiting list for {day}",
            "You are no longer on the waiting list",
            "you are no longer on the waiting list of this showing. There is nothing to pay.",
        ),
    };
    Said { subject, title, lead }
}

pub(super) static WORDS: Words = Words {
    kind,
    weekdays: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    day: "{day} {month}",
    clock: "{time}",
    hello: "Hello,",
    hello_name: "Dear {name},",
    link: "Your visit with its codes and times",
    link_off: "The page of your order",
    link_waiting: "How it stands, and leave the waiting list",
    link_order: "Order the places",
    order_until: "Please order until {time}. After that the places go to whoever waits after you.",
    showing: "Show",
    when: "When",
    was: "Before",
    is_now: "Now",
    be_there: "Be there at",
    people: "People",
    places: "Places",
    free_seating: "free seating",
    parking: "Parking",
    window: "{from} to {until}",
    bays: ["bay", "accessible bay", "coach bay", "bay with a charging point", "family bay", "bicycle stand"],
    meal: "Collect your meal at",
    dishes: "Ordered",
    meal_number: "Number",
    reference: "Booking reference",
    way: "How to get here",
    step_free: "Without steps",
    bring: "What you need",
    car_park_open: "As of today our car park can be reached. Your bay is reserved.",
    car_park_closed: "As of today our car park cannot be reached.",
    closed_until: "Expected until {time}.",
    closed_open_end: "Until further notice.",
    park_elsewhere: "Where you can park",
    walk: "{place}: {minutes} minutes on foot",
    choices: "These shows are possible",
    choose_until: "Please choose by {time}.",
    price: "Your order",
    total: "Total",
    paid: "You have paid already.",
    due: "Please pay {sum} at the desk before you enter the hall.",
    comes_back: "You get {sum} back. There is nothing you need to do.",
    comes_back_at_desk: "You get {sum} back. You paid at the desk, and the money waits there. Please give your booking reference.",
    refunded: "We have paid {sum} back. It may take your bank some days to show it.",
    refunded_at_desk: "You have got {sum} back at the desk.",
    money_back: "You get {sum} for it back. How, stands with your visit.",
    nothing_to_pay: "There is nothing to pay.",
    nothing_charged: "There is nothing to pay. Should your money still arrive, you get your places again or the money back.",
    no_withdrawal: "There is no right of withdrawal for events on a fixed date (§ 312g (2) no. 9 BGB). Until the doors open \
                    you can cancel with us free of charge.",
    foot: [
        "This message belongs to your visit; it is no advertising.",
        "We erase your address 30 days after the visit.",
    ],
};
