# Selling: too many at once, another showing behind a waiting room
busy-title = Very many are buying right now
busy-kept = What you entered is still there. In a moment we know what is left.
away-kept = What you entered is still there.
busy-trying = { $n ->
    [one] We try again in one second.
   *[other] We try again in { $n } seconds.
}
busy-by-hand = Please press the button in a few seconds.
busy-now = Try again now
busy-change = Change the form
rebook-wait = There is a waiting room before this showing. When it is your turn, go back to “My visit” and change there.
reseat-wish = Without exact places: where would they like to sit?

# Selling at the front desk
sell-title = Sell
sell-intro = For guests at the desk or on the phone, also from the quotas of the door, the house and schools.
sell-before = Day before
sell-after = Day after
sell-day = Day
sell-none = Nothing more is planned on this day.
sell-for-schools = for schools
sell-free = Free –
sell-do = Sell
sell-from = From which quota?
sell-door = Door
sell-staff = House
sell-school = School or day care
sell-contact-intro = Both are optional. With an e-mail address, the code and changes go there too.
sell-order = Book now
sell-sold = Booked
sell-take-along = The reference or the code is good at barrier, door and counter. Print this page to hand it over, or write the reference down.
sell-over = This booking is gone: it ran out or was cancelled. Please choose again.
bay-free-of-charge = free of charge
bay-accessible-for = blue badge only
bay-left = { $n ->
    [0] none left
   *[other] { $n } left
}

# Before a hold ends
hold-ends = Your hold ends in two minutes or less.
hold-over = The hold has ended. Others can take your places now.
hold-anew = Choose again
extend-now = Ten more minutes
order-try-extend = That did not work just now. Please try again in a moment.
