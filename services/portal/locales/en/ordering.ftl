# Ordering: pickup time, trays of a group, counter
menu-food = Food
menu-drinks = Drinks
menu-combos = Set meals
pickup-just-before = shortly before, probably at { $time }
pickup-just-before-unknown = shortly before
pickup-right-after = as soon as possible, probably at { $time }
pickup-right-after-unknown = as soon as possible
pickup-too-late = no longer possible
pickup-time-full = { $time }, full
pickup-time-few = { $time }, not everything any more
tray-title = Lunch for a group, on trays
tray-intro = For a school class or a club: each tray has a name that you choose, and the kitchen lays it like that. For a few guests the list above is simpler.
tray-hint = For example “1 – vegetarian” or “Mars”. No people’s names, please: the kitchen sees them on its board. They are erased at the end of the day.
tray-nth = Tray { $n }
tray-name = Name of the tray
tray-item = Dish or drink no. { $n }
tray-count = How many
tray-show = Show what can be changed
tray-row = One more line
tray-copy = Another tray like this
tray-more = Another empty tray
tray-either = Please order either one by one or on trays, not both.
tray-choose = Tray { $name }: please choose what goes with it.
tray-together = Together:
counter-title = At the counter
counter-ticket = Order
counter-intro = Touch dishes. Price and time then stand here. Paid on the café's till.
counter-less = One less: { $name }
counter-more = One more: { $name }
counter-undo = Undo
counter-clear = Clear
counter-total = Price
counter-ready-at = Ready at
counter-ready = ready at { $time }
counter-pieces = { $n ->
    [one] One piece
   *[other] { $n } pieces
}
counter-place = Order, give a number
counter-placed = Number { $n }
counter-at = Pickup at { $time }
counter-take-back = Take it back
counter-taken-back = Number { $n } is taken back.
counter-changed = That did not work. Please try again.
refused-NotWalkUp = Only orders from the counter are taken back here.
