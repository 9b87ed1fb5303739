# Menu, orders, receipts
menu-served = Only from { $times }
menu-sold-out = Sold out
menu-station-rests = Not to be had at the moment
menu-few = { $n ->
    [one] Only one portion left
   *[other] Only { $n } portions left
}
menu-change = Change something
menu-change-all = For all pieces of this dish.
menu-unchanged = as described
menu-another = { $name }, another choice
menu-conflict = contains, or has traces of: { $names }
avoid-title = Allergies and intolerances
avoid-legend = What you cannot eat
avoid-why = We check your order with it. It is shown to nobody and erased at the end of the day. The numbers are those of Regulation (EU) 1169/2011.
avoid-ok = I know, and I order it like this
receipts-title = Receipts for the meal
receipts-none = There is a receipt as soon as the meal is confirmed and paid.
receipts-link = Receipts for the meal, to print
receipt-sale = Receipt no. { $number }
receipt-cancellation = Cancellation receipt no. { $number }
receipt-takes-back = takes back receipt no. { $number }
receipt-taxes = Tax included
receipt-rate = Rate
receipt-net = Net
receipt-tax = Tax
receipt-gross = Gross
receipt-unsigned = Not signed: there is no signature of a technical security unit yet.
receipt-signature = Signature of the technical security unit:
receipt-transaction = Transaction
stock-title = What is left
stock-intro = For today. What is ordered stays ordered.
stock-left = { $n ->
    [one] One portion
   *[other] { $n } portions
}
stock-uncounted = There, not counted
stock-out = Sold out
stock-undo = There is some after all
stock-count = Left
stock-save = Save
stock-is-out = { $name } is sold out. “There is some after all” takes it back.
stock-is-there = There is { $name }.
unsigned-title = Receipts and orders without a signature
unsigned-intro = Each is tried again with the same transaction once a security unit is set up.
unsigned-receipt = Receipt
unsigned-attempts = Attempts
receipt-tax-number = , tax number { $number }
receipts-print = Print with the browser’s print function. After paying, a receipt may take a moment: then reload the page.
receipts-of-party = Receipts for the meal
