# What the desk has to hand out, and what the kitchen's own system has not taken
payouts-title = Payouts
payouts-again = Load again
payouts-open = Waits at the desk
payouts-none = Nothing to hand out.
payouts-count = { $n ->
    [one] One payout open
   *[other] { $n } payouts open
}
payouts-more = { $n ->
    [one] One more is not listed; it moves up.
   *[other] { $n } more are not listed; they move up.
}
payouts-today = Handed out today
payouts-today-intro = Pressed by mistake? Until midnight it can be taken back; then the money waits again.
payouts-unanswered = The payment provider does not answer
payouts-unanswered-intro = It is asked again by itself. Hand nothing out for these: the money may be on its way. What stands here for more than a day the office settles with the provider.
payout-paid-here = Paid at the desk: hand it out to whoever comes with this reference.
payout-refused = The payment provider does not give this back: hand it out at the desk.
payout-whole = All that is left of the visit.
payout-since = since
payout-no-reference = reference not to be had at the moment
payout-take-back = Take back
payout-taken-back = Taken back: { $sum } waits again.
payout-undo-hint = Pressed by mistake? The page “Payouts” takes it back today.
payout-attempts = { $n ->
    [one] asked once
   *[other] asked { $n } times
}
refused-NotPaidOut = Nobody has noted today that this was handed out: there is nothing to take back.
kds-title = Kitchen system
kds-intro = What the kitchen's own system has not taken. It gets every message again by itself as long as that waits.
kds-off = No system is set up that the house tells.
kds-none = The system has taken everything.
kds-waiting = { $n ->
    [one] One message waits
   *[other] { $n } messages wait
}
kds-refused = { $n ->
    [one] One message refused
   *[other] { $n } messages refused
}
kds-stuck = { $n ->
    [one] One message does not reach your system
   *[other] { $n } messages do not reach your system
}
kds-about-time = Pickup time
kds-about-status = State
kds-about-busy = How busy the kitchen is
kds-order = Order { $n }
kds-state-waiting = waits
kds-state-refused = refused
kds-state-given-up = given up
kds-next = Next try { $time }
kds-made = of { $time }
kds-send = Send again
kds-give-up = Give up
kds-give-up-why = Why, such as “told by phone”
kds-sent = It will be sent at once.
kds-given-up = Given up.
refused-MessageOvertaken = Something newer about the same was taken or is on its way: this would put the system back. Please give it up.
refused-MessageTaken = The system has taken this message: there is nothing to give up.
combo-change = Change: { $name }
refused-NoSuchKdsMessage = There is no such message any more.
