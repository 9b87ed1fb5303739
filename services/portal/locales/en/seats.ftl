# Places that are not sold
block-link = Block places
block-title = Block places
block-intro = Blocked places are not sold for this showing, at the desk neither. Places that somebody has can be blocked once the party has been moved.
block-now = Not for sale
block-again = Sell again
block-choose = Block free places
block-reason = Why?
block-reason-example = Broken seat
block-do = Block
block-done = No longer for sale: { $seats }
block-again-done = For sale again: { $seats }
seat-blocked = not for sale
