## page
skip = Skip to content
nav = Main menu
nav-programme = Programme
nav-visit = My visit
nav-staff = For staff
sign-out = Sign out
area-desk = Front desk
area-kitchen = Kitchen
area-carpark = Car park
area-displays = Displays
to-programme = To the programme
as-of = As of
unknown = unknown
set = Set
state = State
reason = Reason
reason-visitors = Reason that guests will read
nothing-here = Nothing here.

## programme
programme-title = Programme
programme-intro = Choose a showing. Seat, parking and food are one booking.
programme-days = Days
programme-empty = Nothing is planned at the moment.
from = from
places-free = { $n ->
    [one] 1 place free
    *[other] { $n } places free
}
places-few = { $n ->
    [one] Only 1 place left
    *[other] Only { $n } places left
}
book-now = Book now
places-held = All held just now, perhaps free again at { $time }
places-sold-out = Sold out
places-wheelchair-only = Only wheelchair places left: { $n }
places-as-of = As of { $time }, newer figures will be back soon
places-cancelled = Cancelled
places-past = Has begun
places-not-public = Closed showing
places-not-yet = On sale from { $time }
places-unknown = Places unknown
showing-delayed = Delayed, planned for { $time }
showing-cancelled = Cancelled
showing = Showing

## showing
doors-from = Doors from
instead = This would fit:
form-errors = Please check:
who-comes = Who is coming?
needs = Special places (wheelchair, companion, hearing loop, guide dog)
needs-intro = How many of the people above need such a place? We ask for the place, never for the reason.
need-wheelchair = Wheelchair place
need-companion = Companion's place beside it
need-hearing-loop = Seat in the hearing loop
need-step-free = Step-free seat
need-guide-dog = Seat with room for a guide or assistance dog
choose-seats = Choose places yourself
choose-seats-intro = Without a choice you get the best places together.
seat = Seat
seats = Places
seat-row = Row { $row }
seat-free = free
seat-taken = taken
feature-wheelchair = wheelchair place
feature-companion = companion's place
feature-hearing-loop = hearing loop
feature-step-free = step-free
told-step-free = Without steps: { $text }
told-all-clear = All clear. Please wait for our staff before you enter the building.
told-group = You are in group { $number }. We call it as soon as it can go to the doors.
told-called-first = You are called to the doors before all others, and escorted.
told-house-stopped = Nobody is let into the house at the moment. Please wait.
feature-guide-dog = room for a dog
feature-aisle = aisle
parking = Parking
parking-better = Better still without a car.
parking-closed = The car park is closed.
parking-unreachable = The car park cannot be reached at the moment.
parking-unknown = The state of the car park is not known.
bay = Bay
bay-none = No bay
bay-standard = Standard bay
bay-accessible = Accessible bay
bay-coach = Coach bay
bay-ev = Bay with charging point
meal = Food at the café
meal-choose = Pre-order food: { $cafe }
meal-intro = Pre-ordered, it is ready at pickup time, even when the showing moves.
pickup-before = Before the showing
pickup-after = After the showing
allergens = Contains:
allergen-traces = traces of { $name }
diet-vegan = vegan
diet-vegetarian = vegetarian
diet-gluten-free = gluten-free
diet-halal = halal
allergen-1 = cereals containing gluten
allergen-2 = crustaceans
allergen-3 = eggs
allergen-4 = fish
allergen-5 = peanuts
allergen-6 = soya
allergen-7 = milk
allergen-8 = nuts
allergen-9 = celery
allergen-10 = mustard
allergen-11 = sesame
allergen-12 = sulphur dioxide and sulphites
allergen-13 = lupin
allergen-14 = molluscs
hold-intro = We hold everything for ten minutes. Nothing is ordered yet.
hold = On to the summary
hold-refused = This is not free any more.
error-number = Please enter a number from 0 to 60.
error-nobody = Please say how many people are coming.
error-too-many = At most { $n } people in one booking.
error-needs = More special places are chosen than people.
error-companions = A companion’s place is beside a wheelchair place. Please choose no more of them than wheelchair places.
error-seats = Please choose exactly { $n } places or none.

## order
order-title = Your order
held-until = Held for you until
extend = More time
order-extended = Held until { $time }.
order-not-extended = It cannot be held longer than 30 minutes.
order-given-up = The places are free again.
people = People
contact = Your details
contact-intro = For this visit only; deleted 30 days after it.
name = Name
email = E-mail
error-name = Please enter a name of at most 120 characters.
error-email = Please enter an e-mail address such as name@example.org.
pay-how = How would you like to pay?
pay-online = Online now
pay-desk = At the front desk, before admission
summary = Summary
item = Item
quantity = Quantity
sum = Sum
total = Total
tax-none = no VAT
tax-rate = incl. { $rate } % VAT
no-withdrawal = There is no right of withdrawal for events on a fixed date (§ 312g (2) no. 9 BGB). Until the doors open you can cancel with us free of charge.
order-button = order with obligation to pay
order-free = place binding order
give-up = Never mind: release the places
pay-title = Payment
pay-intro = You pay on our payment provider's page and then come back here.
pay-now = Pay now:
pay-not-begun = The payment could not begin yet.
pay-kept = Nothing has been charged.
pay-again = Try again
order-takes-long = Does it take too long?
order-send-again = Send the order again
pay-later = Back to the visit

## visit
visit-title = Your visit
visit-waiting = On the waiting list
visit-waiting-do = Nothing is free yet. When places for all of you come back, it is said here, and we write to you.
visit-order-until = We hold the places for you until { $time }.
visit-order = Order the places
wait-list-title = Waiting list
wait-list-invite = Nothing suitable left? Places that are given back are held for those who wait, and we write to them.
wait-list-open = Join the waiting list
wait-list-intro = When places for all of you come back, we hold them for you and write to you at once. You then have half of the time to the showing to order them, a day at most. Waiting costs nothing.
wait-list-note = A bay and a meal are not part of it.
wait-list-do = Put on the waiting list
wait-list-nobody = Nobody is waiting.
wait-list-turn = Asked first is who came first and for whom the places suffice.
wait-list-since = since { $time }
wait-list-offered = Places held until { $time }
wait-list-ring = No e-mail: please tell them
wait-list-off = Take off the waiting list
wait-list-off-done = Taken off the waiting list.
wait-list-add = Put somebody on the waiting list
wait-list-add-note = Without an e-mail address somebody must tell them when there are places; they are shown here and among the messages then.
wait-list-joined = On the waiting list.
wait-list-leave = Leave the waiting list
wait-list-sure = Yes, I no longer want to wait.
visit-held = Held, not ordered yet
visit-held-do = Please complete the order.
visit-awaiting-payment = Waiting for payment
visit-awaiting-payment-do = Your code appears here as soon as the payment has arrived.
visit-confirming = Being confirmed
visit-confirming-do = This takes only a moment.
visit-confirmed = Booked. We look forward to seeing you.
visit-confirmed-do = Show the code at barrier, door and counter.
visit-expired = Expired
visit-expired-do = The time to order or pay is over; you can book again.
visit-cancelled = Cancelled
visit-cancelled-do = This booking is no longer valid.
visit-refunding = Cancelled, your money is on its way
visit-refunding-do = There is nothing to do for you.
visit-refunded = Cancelled and refunded
visit-refunded-do = The money is on its way back to your account.
link-once = Your link to this page, just this once
link-why = Keep it: whoever has it sees this visit, on another device too.
new-link = Show a new link to this page
your-code = Your code
show-code = Show the code
code-intro = One code for everybody, at barrier, door and counter.
code-alt = QR code
reference = Reference
single-tickets = Single tickets
your-day = Your day
step-moved = moved
step-done = done
of-them-in = of them admitted:
right-held = held
right-confirmed = expected
right-checked-in = parked
right-left = left
right-cancelled = no longer valid
right-no-show = did not come
meal-number = Number
meal-before = before the showing, at { $time }
meal-after = after the showing, at { $time }
meal-preparing = being prepared, ready at { $time }
meal-ready = is ready
meal-collected = collected
meal-cancelled = cancelled
payment-pending = not paid yet
payment-paid = paid
payment-due = { $total } due at the front desk
payment-failed = not paid
payment-refunding = being refunded
payment-refunded = refunded
payment-voided = nothing to pay
receipt = Receipt
cancel-visit = Cancel the visit
cancel-sure = Yes, I want to cancel.
visit-cancel-unsure = Please confirm first that you want to cancel.
other-visits = Other visits
other-visit = Visit

## desk
desk-title = Front desk
next-showings = Next showings
sold = Sold
arrived = Arrived
missing = Missing
desk-more = Missing, delay, cancel
admission-planned = planned
admission-doors-open = doors open
admission-last-call = last call
admission-running = running
admission-egress = egress
admission-turnover = turnover
admission-closed = closed
admission-cancelled = cancelled
admission-aborted = broken off
move-doors-open = Open doors
move-doors-again = Back to doors open
move-last-call = Last call
move-running = Start
move-egress = End
move-turnover = Turnover
move-closed = Close
desk-moved = Done: { $title }
desk-refused = That was not possible.
desk-unsure = Please tick the box first.
desk-delayed = New start { $time }. All pages, monitors, kitchen and car park follow.
desk-visits = { $n ->
    [one] 1 visit is affected.
    *[other] { $n } visits are affected.
}
desk-cancelled = Cancelled. Refunds are under way.
desk-seats = Places { $seats }
desk-assistance = Offer assistance
desk-zone-set = Set: { $zone }
desk-settled = { $total } taken.
scan = Scan
scan-showing = Admission to
scan-code = Code or reference
scan-more = Only part of a group, or late
scan-count = How many go in now? (empty: all)
scan-late = Reason for late admission
scan-do = Admit
party-find = Find a booking
party-show = Show
due = Due:
zones = Zones
zone = Zone
inside = People
level = Level
level-green = fine
level-amber = filling up
level-red = nearly full
level-stop = full
quality-live = counted
quality-estimated = estimated
quality-degraded = level only
quality-manual = by hand
zone-correct = Correct a count
house = House
since = since
house-normal = normal
house-crowded = crowded
house-stopped = admission stopped
house-evacuating = EVACUATION
house-exercise = EVACUATION DRILL
house-all-clear = all clear
house-cleared-by = all-clear, 1 of 2:
house-change = House: stop admission, all clear
house-change-intro = Evacuation follows the fire alarm; it never replaces it.
house-set = Set.
house-half-cleared = Half done: a second person must clear too.
evacuate = Start the evacuation
all-clear = Give the all-clear
all-clear-intro = Two different people must give the all-clear.
who-is-missing = Who is still missing?
nobody-missing = Nobody is missing.
whereabouts = Where?
whereabouts-car-park = in the car park
whereabouts-partly-in = partly in
whereabouts-unknown = unknown
assistance = assistance
delay = Delay
delay-intro = First look at what follows, then one button: visit pages, monitors, kitchen and parking rights follow by themselves.
minutes = Minutes
delay-confirm = Delay by { $n } minutes
delay-back = Do not delay
cancel-showing = Cancel the showing
cancel-showing-intro = All bookings are cancelled and refunded.
cancel-showing-sure = Yes, this showing is cancelled.

## kitchen
kitchen-title = Kitchen
kitchen-now = Now
kitchen-ready = Ready
kitchen-later = Coming up
kitchen-wave = Still to come today: dishes and drinks by the quarter of an hour
kitchen-to-make = Still to be made:
start-at = Start
pickup-at = Pickup
order-start = Start
order-ready = Ready
order-collected = Collected
order-cancelled = cancelled
stations = Stations
station-open = open
station-paused = paused
station-closed = closed
station-pause = Pause
station-resume = Open
station-close = Close

## car park
carpark-title = Car park
site-open = open
site-closed = closed
site-unreachable = not reachable
site-unknown = unknown
site-change = Change the state of the car park
free = Free
expected = Expected
rights = Today's rights
from-until = From–until
lane = Lane
lane-code = Code or reference (empty: without a booking)
lane-bay = Without a booking: kind of bay
lane-in = In
lane-out = Out

## displays
displays-title = Displays
display = Display
shows = Shows
seen = Last heard of
display-active = active
display-offline = offline
display-unclaimed = never heard of
class-default = normal
class-scheduled = announcement
class-operations = operations
class-safety = safety
class-evacuation = evacuation
display-pair = Pair a display
display-pair-intro = Open the page /pair on the new device and type its code here.
claim-code = Code on the device
display-revoke = Revoke a display
display-paired = Paired: { $name }
display-revoked = Revoked: { $name }
display-no-pairing = This code is not known or has run out.
pair-title = Pair this display
pair-intro = Type this code at the front desk under “Displays”.
monitor-doors-open = Doors open
monitor-last-call = Last call
monitor-running = Running
monitor-delayed = Delayed
monitor-cancelled = Cancelled
monitor-places = { $n ->
    [0] sold out
    [one] 1 place free
    *[other] { $n } places free
}
display-behind = has not confirmed yet
displays-count = { $n ->
    [one] 1 display
    *[other] { $n } displays
}
displays-silent = { $n ->
    [one] 1 does not answer
    *[other] { $n } do not answer
}
displays-behind = { $n ->
    [one] 1 has not confirmed yet
    *[other] { $n } have not confirmed yet
}
displays-unfitted = { $n ->
    [one] 1 not fitted yet
    *[other] { $n } not fitted yet
}
displays-dark = { $n ->
    [one] 1 dark by plan
    *[other] { $n } dark by plan
}
display-dark = dark by plan
display-hidden = page is hidden
display-since = since { $time }
display-to-show = is to show:
display-confirmed = last confirmed: revision { $n } ({ $time })
display-confirmed-nothing = has confirmed nothing yet
display-seen = last heard of { $time }
emergency-answered = { $some } of { $all } displays have confirmed.
emergency-missing = No answer from – please go there:
emergency-complete = All of them show it.
messages-now = Messages on the displays
messages-none = None at the moment.
message-send = Send a message
message-send-intro = One press sends a text at once, in German, English and plain German.
message-to = To
message-all = all displays
message-usual = the usual ones (all, or as behind the arrow)
message-for = For
message-minutes = { $n } minutes
message-own = A text of your own
message-de = German
message-en = English
message-plain = Plain German
message-class = Kind
message-send-own = Send
message-until = until { $time }
message-withdraw = Take back
message-sent = Sent, counts until { $time }. Take it back below, at the messages.
message-withdrawn = Taken back.
group-foyer = Foyer
group-dome-door = Dome doors
group-wayfinding = Directions
group-parking = Car park
group-cafe = Café
template-wait = Please wait here. Doors open in a few minutes.
template-wait-plain = Bitte warten Sie hier. Die Tür geht bald auf.
template-child = A child is looking for its parents. Please come to the front desk.
template-child-plain = Ein Kind sucht seine Eltern. Kommen Sie bitte zur Kasse.
template-cloakroom = Please leave coats and bags at the cloakroom.
template-cloakroom-plain = Bitte geben Sie Jacke und Tasche hier ab.
template-cafe = The café closes in 30 minutes.
template-cafe-plain = Das Café ist nur noch 30 Minuten offen.
template-roof = Storm: please leave the roof terrace.
template-roof-plain = Es kommt ein Sturm. Gehen Sie bitte vom Dach ins Haus.
template-staff = Please stay calm and follow our staff.
template-staff-plain = Bleiben Sie ruhig. Gehen Sie mit uns mit.

## signing in
sign-in-title = Sign in
sign-in = Sign in
account = Account
password = Password
sign-in-wrong = Account or password is wrong.
sign-in-wait = { $n ->
    [one] Too many attempts. Please wait a second.
    *[other] Too many attempts. Please wait { $n } seconds.
}

## problems
problem-sign-in = Please sign in
problem-sign-in-do = This page is for staff.
problem-role = Your account may not do this
problem-role-do = Please ask somebody with the right role.
problem-visit = This is not your visit
problem-visit-do = Open it with the link that you got after booking.
problem-no-visit = No visit found
problem-no-visit-do = The link is not valid or not complete. The front desk will help you.
problem-page = There is no such page
problem-page-do = Perhaps you find what you are looking for in the programme.
problem-cross-site = Sent from another site
problem-cross-site-do = Please open the page here and try again.
problem-form = The form did not arrive properly
problem-form-do = Please reload the page and try again.
problem-internal = Something went wrong on our side
problem-internal-do = We have made a note of it. Please try again.
problem-input = Something in the form is not right
problem-input-do = Please go back and check what you entered.
problem-not-found = We did not find this
problem-not-found-do = Perhaps it does not exist any more.
problem-conflict = Somebody was faster
problem-conflict-do = Please reload the page.
problem-state = This is not possible now
problem-state-do = Something has changed in the meantime. Please reload the page.
problem-full = Nothing left
problem-full-do = Please choose something else or try again later.
problem-unavailable = Not available at the moment
problem-unavailable-do = Please try again in a few seconds.

## about
accessibility-title = Accessibility
accessibility-scope = These pages are meant to be usable by everybody, to WCAG 2.2 level AA, also without scripts and by keyboard alone.
accessibility-house-title = The house
accessibility-state-title = State
accessibility-state = The pages are checked automatically with every change. Texts in easy language and videos in sign language are still missing.
accessibility-feedback-title = Report a barrier
accessibility-feedback = Tell us at the front desk or write to: { $house }. We answer within a month; after that the ombuds office of the state helps.
imprint-title = Imprint
privacy-title = Privacy
privacy-what = We store the name and e-mail address of your order so that we can reach you when something changes. Nothing else about you.
privacy-needs = For special places we store the place, never the reason. We look at cards at the door and do not store them.
privacy-cookies = One cookie keeps your session, one the language. There is no advertising and no tracking.
privacy-how-long = We delete your details 30 days after the visit. Receipts are kept for eight years, as the law demands.

waiting-title = Waiting room
waiting-before = The sale starts on { $time }
waiting-drawn = Whoever is here before is drawn at random when the sale starts. Coming earlier is no advantage.
waiting-turn = It is your turn soon
waiting-keep = Your place in the line stays, even if the connection breaks.
waiting-position = Your place in the line:
waiting-minutes = { $n ->
    [one] About one more minute
   *[other] About { $n } more minutes
}
waiting-all-held = Everything is held just now, places may come back at { $time }
waiting-all-held-soon = Everything is held just now, places may come back
waiting-sold-out = Sold out
waiting-sold-out-note = There is no need to wait. If somebody cancels, the line moves on.
waiting-in = It is your turn
waiting-in-note = Please choose a showing.
waiting-go = Go on and book
waiting-rules = Each browser has one place. Reloading or more windows change nothing.
waiting-reloads = This page reloads every five seconds.
waiting-invite = There is a waiting room for the start of the sale. Whoever is there before is drawn at random.
waiting-to-room = To the waiting room
rooms-title = Sale and waiting rooms
rooms-none = No waiting room is open.
rooms-opens = Lets people in from
rooms-by = opened by
rooms-waiting = Waiting
rooms-admitted = Let in
rooms-free = Free places
rooms-rate = At most
rooms-close = Close the waiting room
rooms-open = Open a waiting room
rooms-open-intro = Whoever opens the pages of these showings waits there. Whoever is there before is drawn at random.
rooms-before = Showing or release
rooms-at = Lets people in from (empty: when the sale starts, else now)
rooms-opened = The waiting room is open.
rooms-closed = The waiting room is closed, the pages are open to everybody.
rooms-unknown = nothing to sell yet
rooms-selling = on sale
rooms-all-held = all held
rooms-silent = the seller does not answer
rooms-again = Load again
rooms-close-open = The pages of these showings are open to everybody at once, first come first served.
rooms-close-waiting = { $n ->
    [0] Nobody waits now.
    [one] One person waits. Their place in the line does not count any more then.
   *[other] { $n } people wait. Their places in the line do not count any more then.
}
rooms-close-final = This cannot be taken back: a new waiting room makes a new line.
rooms-close-do = Close it now
rooms-close-no = Leave it open
sale-start = Set the start of the sale
sale-start-intro = Before it, places cannot be booked online.
sale-start-at = On sale online from
sale-start-set = { $n ->
    [one] Set for one showing
   *[other] Set for { $n } showings
}
reseat = Move to other seats
reseat-intro = The tickets stay valid. Without seats, the best free ones together are chosen.
reseat-seats = New seats
desk-reseated = Moved to { $seats }
problem-cookie = Your browser keeps no cookie
problem-cookie-do = In the waiting room each browser has one place. Please allow cookies for this site and open it again.
seat-wish = Where would you like to sit?
seat-wish-any = Anywhere, the best free places
seat-wish-front = Further to the front
seat-wish-back = Further to the back
seat-wish-aisle = On the aisle if possible
seat-wish-note = A wish: you sit together in any case, if that is possible.
left-wheelchair = { $n ->
    [0] No wheelchair place left
    [one] One wheelchair place free
   *[other] { $n } wheelchair places free
}
left-hearing-loop = { $n ->
    [0] No place with hearing loop left
    [one] One place with hearing loop free
   *[other] { $n } places with hearing loop free
}
left-together = { $n ->
    [one] Only single places left
   *[other] Up to { $n } places side by side
}
left-companion = { $n ->
    [0] No companion place left
    [one] One companion place free
   *[other] { $n } companion places free
}
left-companion-held = Companion places all held, perhaps free again at { $time }
left-step-free = { $n ->
    [0] No step-free place left
    [one] One step-free place free
   *[other] { $n } step-free places free
}
left-step-free-held = Step-free places all held, perhaps free again at { $time }
left-guide-dog = { $n ->
    [0] No place with room for a dog left
    [one] One place with room for a dog free
   *[other] { $n } places with room for a dog free
}
left-guide-dog-held = Places with room for a dog all held, perhaps free again at { $time }
left-wheelchair-held = Wheelchair places all held, perhaps free again at { $time }
left-hearing-loop-held = Places with hearing loop all held, perhaps free again at { $time }
free-seating = free seating
free-seating-note = Free seating: you sit where you like in the hall. Places for needs are kept for you.
waiting-wheelchair = { $n ->
    [one] One wheelchair place is still free. Nobody waits for that.
   *[other] { $n } wheelchair places are still free. Nobody waits for those.
}
waiting-wheelchair-go = Book a wheelchair place
error-contact-full = With this e-mail address it would be more places of this showing than one person may order; what is ordered already counts. Please choose fewer places. For groups, ask the front desk.

# How many people may be where, for an evacuation
headcount-title = People in the house
headcount-sum = In the whole house
headcount-as-of = As of
headcount-minute = 1 minute ago
headcount-minutes = # minutes ago
headcount-oldest = Oldest count:
headcount-caption = At least–at most, room by room
headcount-level = Level
headcount-people = People
headcount-how = How it is known
headcount-found = Cleared, by whom
headcount-hint = The figures are ranges, not certainty: every room is walked through.
headcount-print = Print
headcount-again = Load again

# States of the displays
display-degraded = degraded
display-pending = waiting for its device
display-state-revoked = device revoked

# The plate of a visitor's car
privacy-plates = If you give a licence plate, we keep only a fingerprint of it until your car leaves the car park, at most until the end of the day. Cameras keep no pictures and no plates.
plate-title = Barrier without a code: licence plate
plate-label = Licence plate, for example HAL-AB 123 (optional)
plate-why = The camera at the barrier then knows your car. We keep only a fingerprint of the plate and delete it as soon as you leave. Your code always opens.
plate-note = Remember the plate
plate-forget = Forget the plate
plate-is-noted = remembered
plate-noted = The plate is remembered. The barrier opens when the camera reads it.
plate-forgotten = The plate is forgotten.
plate-wrong = That is no licence plate. Please enter letters and digits, for example HAL-AB 123.
plate-no-bay = No bay is booked for this visit at the moment.

# A lost ticket, at the desk
reissue = Issue new codes
reissue-intro = When tickets are lost: the old codes are no longer good anywhere. The new ones are on the guests' visit page at once.
reissue-reason = Reason, for the record
desk-reissued = New codes issued. The old ones are no longer good.
