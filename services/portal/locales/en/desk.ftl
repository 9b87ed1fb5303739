## The front desk and the operator's page
area-operator = Operator
desk-live = Connected, as of
desk-next-step = Next step
desk-other-steps = Other steps
desk-details = Details
desk-now = Now
desk-in-minutes = { $n ->
    [0] now
    [one] in 1 minute
   *[other] in { $n } minutes
}
desk-minutes-ago = { $n ->
    [0] just now
    [one] for 1 minute
   *[other] for { $n } minutes
}
desk-no-showings = No showing in the next hours.
desk-later-showings = { $n ->
    [one] 1 more showing
   *[other] { $n } more showings
}
desk-alerts = Attention
desk-no-alerts = No alerts.
alert-level = { $zone }: full
alert-red = { $zone }: nearly full
alert-unknown = { $zone }: nobody knows how many are there. Please count.
zone-count-reason = counted, the number was not known
zone-count = Set the number
alert-late = { $what }: running late

missing-title = Who is missing
missing-none = Nobody is missing whose showing starts soon.
missing-away = Who is missing cannot be asked just now. The figures above are the door's own.
missing-foyer = Foyer
missing-car-park = Car park
missing-on-the-way = car not here
missing-unknown = unknown
missing-people = { $n ->
    [one] 1 person
   *[other] { $n } people
}
missing-of = of them in
missing-slack = Time left
missing-best-case = at best
missing-more = { $n ->
    [one] and 1 more party
   *[other] and { $n } more parties
}
missing-pace-measured = Door: { $n } people in 10 minutes, measured
missing-pace-usual = Door: { $n } people in 10 minutes, from experience
missing-seen = seen
whereabouts-foyer = in the foyer
whereabouts-on-the-way = not here yet
outlook-in-time = in time
outlook-close = close
outlook-too-late = too late
outlook-unknown = open
mark-wheelchair = wheelchair place
mark-companion = companion
mark-hearing-loop = hearing loop
mark-step-free = step-free
mark-guide-dog = guide dog
mark-coach = coach

hold-title = Hold the doors
hold-look-first = Look at what it costs first. Nothing changes before you confirm.
hold-minutes = { $n } min
hold-other = Other minutes
hold-look = Look
hold-starts = New start
hold-who = Who makes it then
hold-now = now
hold-then = with { $n } min
hold-in-time = in time
hold-close = close
hold-unknown = Nobody knows where { $n } of the missing are. Waiting promises nothing for them.
hold-following = Following showings
hold-following-none = Nothing follows in this hall today.
hold-clash-none = stays as planned
hold-clash-turnover = only { $n } min turnover
hold-clash-overlap = overlap
hold-moves = move by
hold-booked = booked
hold-kitchen = Kitchen
hold-meals = { $n ->
    [0] No meal moves.
    [one] 1 pickup moves:
   *[other] { $n } pickups move:
}
hold-order = No.
hold-parking = Car park
hold-bays = { $n ->
    [0] No parking right ends later.
    [one] 1 parking right ends later, at
   *[other] { $n } parking rights end later, the last at
}
hold-visits = { $n ->
    [one] 1 visit will be told.
   *[other] { $n } visits will be told.
}
hold-shift = Move the following showings too, as far as the turnover needs it
hold-confirm = Wait { $n } minutes
hold-back = Do not wait
hold-moved-too = { $n ->
    [one] 1 following showing has moved too.
   *[other] { $n } following showings have moved too.
}
hold-reason = We are waiting for guests.
hold-reason-plain = Wir warten noch auf Gäste. Dann geht es los.
hold-turnover-note = Between two showings the hall needs { $n } minutes.

earlier-title = Begin earlier again
earlier-intro = The showing was moved by { $n } minutes. All of it, or a part, can be taken back.
earlier-look = Look at what it costs
earlier-told = The later time has been told already. Whoever goes by it may come too late.
earlier-then = start
earlier-unknown = Nobody knows where { $n } of the missing are.
earlier-follows = had moved along
earlier-moves = comes back by
earlier-bays = { $n ->
    [0] No parking right ends earlier.
    [one] 1 parking right ends earlier, at
   *[other] { $n } parking rights end earlier, the last at
}
earlier-shift = Bring the following showings back too, as far as the turnover allows
earlier-confirm = Begin { $n } minutes earlier
earlier-back = Stay with the later time

zones-title = In the house
zone-band = number unknown
zone-of = of
zone-one-in = one in
zone-one-out = one out
group-limit = Escape route: { $name }

lookup-title = Find a booking
lookup-let-in = Let all in
ordered-as = Ordered by

operator-title = Operator
operator-none = No showing is planned for the next hours.
operator-choose = Choose a showing
operator-doors-in = Doors
operator-starts-in = Start
operator-ends-in = End
operator-nobody = Nobody has booked yet.
operator-ready = Everybody is in. Ready to start.
operator-not-ready = { $n ->
    [one] 1 person is still missing.
   *[other] { $n } people are still missing.
}
operator-next-in-hall = Next in the hall

measures-title = Directives and incidents
measures-none = Nothing is under way.
measure-proposed = proposed
measure-confirmed = confirmed
measure-active = active
measure-acked = all displays show it
measure-ended = ended
measure-displays = displays
measure-until = until
measure-confirm = Confirm
measure-decline = Decline
measure-end = End
directive-redirect = Redirect
directive-stop = Stop entry
directive-overflow = Open overflow room
directive-new = Give a directive
directive-from = Whoever stands in
directive-to = is to go to
directive-to-none = nowhere, stop only
directive-minutes = How long (minutes)
directive-propose = Only propose
directive-order = Order now
incident-new = Report an incident
incident-lost-child = Lost child
incident-medical = Medical emergency
incident-technical = Technical fault
incident-evacuation = Evacuation
incident-where = Where
incident-whole-house = the whole house
incident-lift = Which lift
incident-no-lift = no lift
incident-note = Note for the team (no names)
incident-report = Report and confirm
incident-propose = Report only, show nothing yet
report-title = Report an incident, count people
report-intro = One press tells the desk. The desk confirms it; only then the displays show it.
report-rooms = Count people

audit-title = Log
audit-intro = Who did what and when, the newest first. What the house file has changed has no account: it says “House file” there.
audit-none = Nothing yet.
act-export-admission-list = Admission list issued for a device
act-form-call-groups = Groups formed
act-move-call-group = Group called or moved on
act-issue-queue-number = Number issued
act-move-queue-number = Number called or moved on
act-move-admission = Step of a showing
act-assumed-gone = Guests counted as gone
act-report-cleaned = Hall reported clean
act-let-in-by-staff = Let in with a reason
act-undo-scan = Admission taken back
act-undo-step = Step taken back
act-report-everybody-out = Reported: everybody is out
act-take-back-everybody-out = “Everybody is out” taken back
act-set-house = State of the house set
act-propose-directive = Directive proposed
act-confirm-directive = Directive confirmed
act-end-directive = Directive ended
act-resume-directive = Directive resumed
act-prolong-directive = Directive prolonged
act-rewrite-way = Way of a directive changed
act-report-incident = Incident reported
act-confirm-incident = Incident confirmed
act-end-incident = Incident ended
act-resume-incident = Incident resumed
act-resolve-scan-conflict = Scan conflict resolved
act-reopen-scan-conflict = Scan conflict opened again
act-submit-scans = Scans of a device told later
act-set-lift = Lift
act-sensor = State of a counter
act-set-sensor-state = Counter put to work or out of it
act-issue-sensor-token = New token for a counter
act-clamped-at-zero = Count held at zero
act-correct-zone = Counted by hand
act-click-zone = Tapped: in or out
act-rezero = All counts to zero
act-set-clock-policy = Times and rules of admission
act-set-zone-limit = Limit of a zone
act-set-group-limit = Limit of an escape route
act-set-counter = What a counter counts
act-set-policy = Rules for full zones
act-set-weather-rules = Rules for weather warnings
act-set-headcount-rules = What the headcount assumes
audit-by-house-file = House file
audit-by-itself = Digital Sky
audit-by-time = Time has run out
audit-by-policy = Rule of the house file
audit-by-weather = Weather warning
audit-older = Older
headcount-link = Headcount to print
just-ended-title = Just ended
measure-resume = Do not end it
party-bay-lost = Their bay was given away
party-bay-left = At no extra charge the party may have one of these:
party-plate = Number plate, for example HAL-AB 123
house-open-again = Open the house again
everybody-out = Everybody was out
everybody-out-intro = After an evacuation in which everybody was out: whoever had been let in may come in once more with their ticket. If all stayed inside, do not press this.
everybody-in = Not everybody was out after all
everybody-out-done = { $n ->
    [one] One person counts as out and comes in again with their ticket.
   *[other] { $n } people count as out and come in again with their tickets.
}
everybody-in-done = { $n ->
    [one] Taken back: one person counts as in again.
   *[other] Taken back: { $n } people count as in again.
}
