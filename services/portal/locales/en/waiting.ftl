# Behind a waiting room: until when its pass is good
pass-until = You can book until
pass-longest = That is the longest there is, because others are waiting.
pass-ends = Your time to book ends in two minutes or less.
pass-over = Your time to book has ended. You can join the line in the waiting room again.
# In it: while it is not their turn soon
waiting-line = You are in the line
# In it: whether waiting has a point
waiting-unlikely = The places will probably run out before your turn
waiting-unlikely-note = That is not certain: some give places back, and then the line moves on.
waiting-before-you = In the line before you:
waiting-stay = Keep this page open: only people who are here are let in. Whoever comes back still has their place.
waiting-left = Places still free:
# Held places of a showing that are one's own
places-held-own = All that was left is held by yourself
places-own-order = To your hold
