## How long one waits, and what is done with one touch
waits-title = Waiting times
wait-door = Until everybody is in
wait-span = { $some } to { $all } min
wait-unknown = unknown
wait-not-measured = not enough measured yet
wait-pace = { $n ->
    [one] 1 person an hour
   *[other] { $n } people an hour
}
zone-stop = Stop
zone-stopped = admission stopped
zone-let-in = Let in
preset-orders = One press orders it at once:
preset-reports = One press reports it, and the displays show it:
preset-else = Something else:
evacuation-open = Evacuation …
evacuation-follows = “Start the evacuation” evacuates the house: all displays, no admission, headcounts.
exercise = Start an evacuation drill
exercise-intro = A drill runs like the real thing, but displays and outgoing warnings say that it is a drill. The button above turns it into a real evacuation at any time.
presses-lost = A press on + or − did not arrive. Please count the zone.
directive-cause = Why redirect? (visitors read it)
cause-known = what the house knows itself
cause-full = full
cause-cleaning = being cleaned
cause-fault = a technical fault
cause-private = a private event
cause-wait = a long wait
directive-reason = Note (for staff only)
directive-in = Holds in minutes (0: at once)
measure-from = from
