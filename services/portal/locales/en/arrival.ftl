# What guests say of their way here.
arrival-title = When will you be here?
arrival-intro = Tap in how many minutes. Then we count on you, and say in good time if it gets tight. We do not ask where you are.
arrival-in = { $n } min
arrival-said = You said: here at about
arrival-change = Taking longer? Tap the new time.
arrival-take-back = No longer sure
arrival-noted = Thank you! We expect you at about { $time }.
arrival-taken-back = All right. We simply wait until you are here.
arrival-desk-title = When will they be here?
arrival-desk-said = By their own word at about
whereabouts-arrives = says: here at about { $time }
refused-NotComing = Only booked visits are waited for. This one is only held, or cancelled.
