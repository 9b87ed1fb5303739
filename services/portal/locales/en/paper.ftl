## The day on paper
paper-title = Show list
paper-link = Print the show list
paper-hint = Print it each morning: when the network fails, guests are let in and ticked off by this list.
paper-again = Load again
paper-today = Today
paper-tomorrow = Tomorrow
paper-none = Nothing is shown on this day.
paper-nobody = Nobody has booked.
paper-doors = doors
paper-until = until
paper-booked = { $some } of { $all } places booked
paper-assistance = { $n ->
    [one] 1 guest needs assistance
   *[other] { $n } guests need assistance
}
paper-parties = Bookings by reference
paper-reference = Reference
paper-people = People
paper-in = in already
paper-needs = assisted
paper-seats = Seats
paper-tick = here
