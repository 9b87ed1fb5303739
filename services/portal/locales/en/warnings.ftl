## Official warnings on the monitors
warnings-title = Official warnings
feeds-title = What the house reads by itself
feeds-none = The house reads no warnings by itself. Please follow them and paste them below.
feed-new = not asked yet
feed-good = answers
feed-problem = last answer of no use
feed-silent = silent: please look for warnings elsewhere
feed-heard = last heard
feed-warnings = { $n ->
    [0] no warning
    [one] 1 warning
   *[other] { $n } warnings
}
feeds-silent = Official warnings do not arrive
warning-paste = Paste a warning
warning-help = One warning as CAP 1.2 (XML), or a list of the warning app NINA (JSON), whole and unchanged. Grave warnings are on all displays at once; for thunder or storm the house proposes to close the roof terrace. It never evacuates.
warning-text = Text of the warning
warning-take = Take it in
warning-refused = That could not be read. CAP 1.2 (XML) and the warning app's list (JSON) are possible, both whole and unchanged.
warnings-shown = { $n ->
    [one] Taken in: 1 warning holds on the displays now.
   *[other] Taken in: { $n } warnings hold on the displays now.
}
warnings-ended = { $n ->
    [one] 1 earlier warning is taken back.
   *[other] { $n } earlier warnings are taken back.
}
warnings-not-ended = { $n ->
    [one] 1 warning of another sender stays: only who has sent it takes it back, or you on the wall of displays.
   *[other] { $n } warnings of other senders stay: only who has sent them takes them back, or you on the wall of displays.
}
warnings-none = None of it goes on the displays.
warnings-problems = { $n ->
    [one] 1 entry could not be read.
   *[other] { $n } entries could not be read.
}
warning-not-exercise = It is an exercise, a test or a draft.
warning-not-cancel = The warning that it takes back was not here.
warning-not-machines = It is not meant for people.
warning-not-words = It says nothing in German.
warning-not-over = The warning is over already.
feed-late = No answer in good time.
feed-unreachable = It could not be reached, or broke off.
feed-answered = The server refuses: { $status }.
feed-long = The answer is longer than 1 MB.
feed-unreadable = The answer, or an entry in it, is no warning that can be read.
