# The clock of the visit: what is ahead, and what is offered when it will not do.
clock-next = Next
clock-then = After that
clock-be-there = Be there by
clock-by = by
clock-as-of = As of
clock-a-minute = about a minute
clock-about = about { $n } minutes
clock-drive = Get here
clock-park = Park
clock-walk = Walk to the entrance
clock-desk = Pay at the desk
clock-queue = To the hall's door
clock-meal = Collect your meal
clock-way = Way
clock-seat = To your places
clock-blocked = Lift out of order
clock-in-time = You are well in time.
clock-at-risk = Time is short: the doors close at { $time }.
clock-at-risk-do = Do come on: as long as the doors are open we let you in. Or change to a later showing at your ease.
clock-missed = The showing has started without you.
clock-missed-do = We cannot let anybody in after the start.
clock-offer = All of you side by side, at no extra cost. Your codes stay valid. We take your meal and bay along where there is still room; we tell you right after whether that is so. You keep your present places until you have the new ones.
clock-take = Change to
clock-standby = No showing today has places left for all of you. Please come to the desk: there are numbers for places that are given back.
clock-rebooked = Rebooked: { $to }
clock-desk-title = Move to another showing
clock-desk-intro = All together, at no extra cost; meal and bay go along where there is still room; the codes stay valid.
clock-desk-none = No showing today has places left for the whole party.
clock-desk-standby = Number for places given back
clock-desk-free = { $n ->
    [one] 1 place free
   *[other] { $n } places free
}
clock-at-risk-staff = at risk
refused-PartlyIn = Some of the party are in already. It stays together.
refused-StillInTime = There is still time for this showing. The desk will gladly change it.
refused-SameShowing = The visit is for this showing already.
refused-NoOption = The visit cannot go to this show. Please choose one of those on offer.
refused-Moving = The visit is being moved at this moment. Try again in a few seconds.
refused-NotTogether = No places side by side are free there. Choose another showing.
refused-CostsMore = The places there cost more than was paid. Choose another showing.
refused-NeedNotFree = No suitable place is left there. Choose another showing.
clock-elsewhere = By car: please park at one of the places named above.
clock-plan = Your way here
clock-plan-why = This is how long it usually takes. Shortly before the show you will see here how it is just then.
