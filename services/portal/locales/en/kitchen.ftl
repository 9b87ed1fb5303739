## Kitchen: board, decisions, counter, pickup board
kitchen-places = Stations and pages of the kitchen
kitchen-all = All stations
kitchen-undo = Undo
kitchen-more = More …
kitchen-lines = Ordered
kitchen-order-title = Order { $n }
kitchen-decide = { $n ->
    [one] One order needs a decision
   *[other] { $n } orders need a decision
}
kitchen-unsent = { $n ->
    [one] One ticket can be read nowhere
   *[other] { $n } tickets can be read nowhere
}
order-recalled = called again
order-walk-up = at the counter
order-unsent = not printed
order-tray = Tray
station-busy = takes { $n } min longer
station-delay = Takes longer:
decisions-title = Decisions
decisions-affected = Does not come as ordered
decisions-none = Everything comes as ordered.
decisions-until = Answer by
decisions-later = Later, at
decisions-refund = Money back
decisions-refund-at = The money goes back at
decisions-keep = Make it as ordered
decisions-all-the-same = Make it all the same, as soon as its guests can be there
decisions-other-dish = Another dish (open the order)
decisions-no-longer = No longer picked up at
decisions-order = Open the order
tickets-title = Unprinted tickets
tickets-intro = No screen shows these tickets, and the printer has not acknowledged them.
tickets-none = All tickets can be read.
tickets-attempts = { $n ->
    [0] not tried yet
    [one] tried once
   *[other] tried { $n } times
}
tickets-print = Print
tickets-to-printer = The ticket of number { $n } goes to the printer. Once it is no longer in the list, it is printed.
tickets-printed = printed
tickets-papers = Tickets
waste-title = Thrown away
waste-totals = Today together
waste-entries = Today one by one
waste-none = Nothing yet today.
waste-record = Note something
waste-what = What
waste-how-many = How many
waste-why = Why
waste-when = When
waste-of = of number
waste-do = Note it
waste-cancelled = order stopped
waste-not-collected = not collected
waste-mistake = mistake in the kitchen
waste-dropped = dropped
waste-spoiled = spoiled
substitute-ask = Replace …
substitute-title = Instead of { $name }
substitute-intro = It gets no dearer for the guests. If it costs less, they get the difference back. They are told as soon as “Undo” is over.
substitute-declared = The guests cannot eat:
substitute-added = New in it (traces too); confirm each
substitute-do = This instead
stop-title = Stop
stop-intro = Only what was begun. Please note what is thrown away.
stop-thrown = thrown away
stop-refund = The price goes back (then there is no undo).
stop-do = Stop the order
pickup-title = Pickup board
meal-page = Your meal
meal-decide = Please choose:
meal-being-decided = The kitchen is deciding about your meal. Please load this page again in a few minutes.
meal-time-open = Pickup time still open
meal-time-choose = Pickup time still open: please choose under “Your meal”
meal-later = Eat later, at { $time }
meal-refund = No meal, money back
meal-default-later = Without an answer by { $time } your meal comes at the later time.
meal-default-refund = Without an answer by { $time } you get your money back.
meal-said-later = Your meal comes later.
meal-said-refund = There will be no meal; you get its price back.
meal-state = State
meal-own-number = Your number
meal-state-held = held
meal-state-scheduled = ordered
meal-state-preparing = being prepared
meal-state-ready = ready
meal-state-collected = collected
meal-state-cancelled = cancelled
meal-state-expired = not collected
meal-state-rejected = refused: the kitchen had no time left
refused-NothingToDecide = This order needs no decision any more.
refused-BeingDecided = The kitchen is deciding about this meal. Please look again in a few minutes.
refused-BeingMade = The meal is being made already. Please ask the kitchen.
refused-NoLaterPickup = There is no later time today.
refused-NotFired = The kitchen has not begun yet; only what was begun is broken off here.
refused-TooLateToSubstitute = Only what is not finished yet can be replaced.
refused-DeclaredAllergen = The guests cannot have that. Choose something else.
refused-AllergensNotRead = Confirm each new allergen by itself.
refused-StationRests = This station does not work at the moment.
refused-NoPart = This station has no part in the order.
refused-NothingToTakeBack = There is nothing to take back any more: the order is further on, or it was too long ago.
substitute-dropped = This one does not have:
waste-taken-back = taken back
refused-NoSuchWaste = There is no such entry. Please reload the page.
refused-WasteOfOrder = This belongs to an order. Please take back that the order was stopped.
refused-WasteOfOtherDay = An entry can be taken back on its own day only.
hand-out-title = Hand out
hand-out-code = Number, code or reference
hand-out-find = Find
hand-out-recall = Call again
hand-out-waiting = Waits to be collected
hand-out-none = There is nothing here for that. Check the number, or ask the kitchen.
gives-back = ↩ Still to give back at the counter: { $money }
kitchen-give-backs = { $n ->
    [one] Money of one order goes back at the counter
   *[other] Money of { $n } orders goes back at the counter
}
give-back-title = Money to give back
give-back-do = { $money } given back
give-back-noted = Noted: the money of number { $n } was given back.
give-back-not-noted = The money of number { $n } is to be given back again.
given-back-title = Given back at the counter
given-back = { $money } given back
given-back-not = { $money } not given back after all
refused-OtherAmount = Another amount is to be given back by now. It stands here.
pre-orders-title = Ordered ahead
pre-orders-today = Today
pre-orders-tomorrow = Tomorrow
pre-orders-orders = { $n ->
    [one] One order is still to be made.
   *[other] { $n } orders are still to be made.
}
pre-orders-none = Nothing is ordered ahead for this day, or all of it is being made.
pre-orders-no-day = There is no such day here: it is over, more than a year ahead, or no date such as 2026-11-28. Please choose a day above.
pre-orders-totals = Together
pre-orders-many = How many
pre-orders-dish = Dish
pre-orders-quarters = By pickup time, each quarter of an hour
pre-orders-from = From
pre-orders-dishes = Dishes, and groups’ trays with their number
