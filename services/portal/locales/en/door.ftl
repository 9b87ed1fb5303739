## The door, calls, counting: pages of the staff

scan-out = Goes out
scan-back = Comes back
way-out = out
way-back = in again
way-in = in
scans-title = Latest scans
scans-none = Nobody let in yet.
scan-undone = taken back
scan-offline = scanned without a network
skew-behind = clock was { $n } s behind
skew-ahead = clock was { $n } s ahead
undo = Take back
undo-reason = Taken back at the desk
undo-done = Taken back: { $reference }
undo-at-door = Taken back at the door
door-undo-last = Take back the last admission
door-undone = Taken back. Not let in:
door-undo-away = Only the house can take this back, and it does not answer now. Please try again once the line is back.
outside = { $n } outside
offer-title = What now?
offer-late = Let in all the same. Why?
offer-reentry = I see the person: let in again
offer-other = Let in to that showing
offer-no = Do not let in
late-queue = Stood in the queue
late-traffic = Held up by tram or road
late-agreed = Agreed with the operator
lookup-by-either = Reference or name
lookup-none = Nothing is booked under this name for the next showings.
lookup-away = Names cannot be found at the moment: please ask for the reference or the code.
lookup-more = There are more. Please type more of the name.
lookup-recorded = Each look by name is kept on record, without the name.

queue-title = Queue numbers
queue-issue-title = Give out a number
queue-issue = Give out
queue-for = For
queue-any = any showing
queue-none = Nobody waits.
queue-number = Number { $n }
queue-call-next = Call the next one: { $n }
queue-waiting-count = { $n } waiting
queue-call = Call
queue-waiting = waits
queue-called = called
queue-recalled = called again
queue-missed = did not come
queue-served = is here
queue-here = Is here
queue-not-here = Absent
queue-again = Call again
queue-withdraw = Withdraw
queue-withdrawn = withdrawn
chance-likely = a place is likely
chance-possible = a place is possible
chance-unlikely = a place is unlikely
chance-unknown = chance unknown
slip-wait = Please wait until this number is on the monitor.
slip-back = To the desk

groups-title = Calls
groups-none = No groups yet.
groups-room = The foyer takes { $n } people at once just now.
groups-form = Form groups
groups-formed = Groups formed: { $n }
group-number = Group { $n }
group-assistance = Guests with assistance first
group-rows = Rows
group-due = due
group-formed = formed
group-called = called
group-boarding = going in
group-recalled = called again
group-boarded = is in
group-late = rest comes later
group-closed = done
group-call = Call
group-recall = Call again
group-boarding-do = Going in
group-boarded-do = All in
group-late-do = Rest comes later
group-close = Done

clock-later = Not yet
clock-put-off = Put off until
operator-turnover-in = Turnover done
operator-clean = Hall is clean
operator-cleaned = Hall reported clean at
cleaned-done = Noted: the hall is clean.
move-planned = Take back the doors
abort-link = Break off the showing …
abort-title = Break off the showing
abort-follows = What follows
abort-doors = From now on nobody is let in, and nobody is called.
abort-displays = All displays show that the showing is broken off.
abort-then = Then comes the turnover; the next showing stays as planned.
abort-final = This cannot be taken back.
abort-do = Break off now
abort-no = Do not break off
abort-not-now = This showing has not begun or is over. Before the doors open it is cancelled instead.

conflicts-title = Disputed scans
conflicts-intro = What scanners decided without a network and what does not fit together. The earlier scan holds.
conflicts-none = Nothing is disputed.
conflict-noticed = Noticed at
conflict-holds = holds
conflict-double = One ticket, let in twice
conflict-cancelled = Let in with a cancelled booking
conflict-wrong-showing = Let in to the wrong showing
conflict-replaced = Let in with a replaced ticket
conflict-unknown = Booking not known here
conflict-both-in = Both are seated
conflict-sent-out = One was asked to leave
conflict-resolution = Or else
conflict-resolve = Done
conflict-resolved = Noted as done.

counters-title = Counters
counters-none = This house has no people counters.
counters-operator = Operators put counters to work and give out tokens.
sensor-trial = on trial
sensor-online = counts
sensor-degraded = counts badly
sensor-offline = silent
sensor-retired = retired
sensor-to-work = Put to work
sensor-to-trial = Put on trial
sensor-retire = Retire
sensor-counts = counts into
sensor-seen = last heard
sensor-never = Nothing has ever come.
sensor-lost = lost packages
sensor-skew = clock is ahead by
pushes-title = What it has sent
pushes-at = When
pushes-answer = Answer
pushes-size = Bytes
pushes-problem = What was wrong
token-title = Token for a counter
token-new = New token
token-warn = The one before is then good no more.
token-do = Give out a new token
token-once = This token is shown only now. Please enter it at the device at once.
token-how = How the device sends:
rezero-title = House empty: all numbers to nobody
rezero-intro = Only when somebody has walked through the whole house, no showing is under way and nobody was counted for ten minutes.
rezero-sure = I was in every room; the house is empty.
rezero-do = All numbers to nobody
rezero-done = { $n } zones have nobody in them.
exports-title = For others
exports-intro = How full the house is, without persons: for the city and for maps.
exports-live = Status of the house (JSON)

replay-title = Replay a day
replay-intro = How full the zones were, and which level they would have had with other thresholds. Changes nothing.
replay-day = Day
replay-rise = from percent
replay-fall = and below
replay-do = Replay
replay-none = There are no numbers of that day.
replay-was = as it was
replay-would = with these thresholds
replay-stops = How often full
replay-policy = What the house would have proposed
replay-policy-intro = By the present rules of the house file, if nobody had confirmed, turned down or ended anything.
replay-policy-none = Nothing.
replay-policy-itself = holds without asking

conflicts-open = { $n ->
    [one] 1 disputed scan
   *[other] { $n } disputed scans
}
abort-inside = { $n ->
    [0] Nobody is in the hall.
    [one] 1 person is in the hall and leaves for the foyer.
   *[other] { $n } people are in the hall and leave for the foyer.
}
abort-money = The money is not refunded by this. For that, cancel the showing on its page.

conflict-all = All { $n }:
conflict-one-by-one = One by one
conflict-no-showing = Showing not known
conflict-reopen = Take back
conflict-reopened = { $n ->
    [0] None of them is open again.
    [one] Open again: 1 disputed scan.
   *[other] Open again: { $n } disputed scans.
}
conflict-by-undo = Scan taken back
conflict-by-booking = The booking has come.
conflicts-resolved = Done
headcount-seen-empty = Seen empty:
headcount-never-seen-empty = The house was never reported empty (page “Counters”).
headcount-assumed = Assumed where nobody counts:

# The phone at the door.
door-title = At the door
door-begins = One moment, please.
door-needs-script = This page needs JavaScript. Without it the desk can do this: “Scan”.
door-connected = Connected.
door-alone = No connection since
door-signed-out = Signed out: please sign in again. Until then this phone decides alone.
door-waiting = Still to be told:
door-disputed = The house does not agree with one of these. The desk finds it under “Disputed scans”.
door-lost = Not stored. Please tell the desk:
door-by-itself = decided without a connection
door-admitted = Let in:
door-already = In already
door-many = Of this party there are only left:
door-wrong = Another showing:
door-early = Too early; doors open at
door-late = Too late, the doors are closed. To the desk, please.
door-stopped = No admission: the house is closed.
door-zone-stopped = Admission here is stopped by a directive. Please wait; an exception needs a reason.
door-replaced = This code is no longer valid, there is a new one. To the desk, please.
door-unknown = Not on the list. To the desk, please.
door-no-list = No list for today, and the house does not answer. To the desk, please.
door-seats = Seats
door-people = How many? (empty: all)
door-camera = Camera
door-forged = No code of this house. To the desk, please.
door-unchecked = signature not checked
door-several = Two bookings have this reference. Please scan the code.
conflict-forged = Let in with a code that is not of this house
steps-title = Just done
step-undo = Undo
step-undone = Undone: { $what }
door-sign-in = Sign in again
door-aside = Not accepted
door-aside-do = The house cannot count these scans. Please tell the desk who went through here.
door-aside-people = People:
door-aside-said = The desk knows
door-exited = Gone out:
door-not-in = Of this party there are inside:
door-reentry = Has gone out. Coming back in needs a connection; else to the desk, please.
door-way = Direction
