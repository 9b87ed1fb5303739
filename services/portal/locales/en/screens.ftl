## What the monitors play, and how they are kept
media-title = Pictures and films
media-upload = Upload
media-kinds = PNG, JPEG or WebP up to 5 MB, MP4 or WebM up to 30 MB, 1920 × 1080 at best. Films play without sound.
media-file = File
media-name = Name (empty: as the file is called)
media-none = Nothing uploaded yet.
media-look = Look at
media-delete = Delete
media-delete-sure = Yes, delete
media-deleted = Deleted.
media-used = In:
media-stored = Stored: { $name }
media-empty = No file arrived, or it is empty. Please choose a file.
media-refused = Not taken. Possible are PNG, JPEG and WebP up to 5 MB, MP4 and WebM up to 30 MB; what counts is the content, not the file's name.
playlists-title = Playlists
playlists-none = No playlist yet.
playlists-first-media = Upload pictures or films first.
playlist-new = New playlist
playlist-edit = Change playlist
playlist-facts = { $some ->
    [one] 1 picture or film
   *[other] { $some } pictures and films
}, { $all } seconds together
playlist-name = Name
playlist-help = What a picture or film says is read by all who do not see it; and it stands on the monitor when a file cannot be played. Rows without a picture do not count. The order follows the place numbers.
playlist-medium = Picture or film
playlist-nothing = – nothing –
playlist-seconds = Seconds
playlist-place = Place
playlist-says = What it says
playlist-stored = Stored: { $name }
playlist-removed = Removed.
playlist-refused = This does not work. Each row needs 3 to 600 seconds and a German text; the list needs a name.
schedules-title = Times
schedules-none = No playlist runs: all displays show what they are there for.
schedules-first-list = Make a playlist first.
schedule-new = Schedule a playlist
schedule-edit = Change times
schedule-list = Playlist
schedule-groups = Displays (none chosen: all)
schedule-days = Days
schedule-part = Part of the day
schedule-own = Own times
schedule-from = from
schedule-until = until
schedule-limits = Only on these days (empty: no limit)
schedule-first = First day
schedule-last = Last day
schedule-beside = beside
schedule-instead = instead of the usual
schedule-beside-help = Beside what the display shows anyway, not in its place
schedule-from-day = from { $day }
schedule-until-day = until { $day }
schedule-stored = Scheduled: { $name }
schedule-removed = Removed.
schedule-refused = This does not work. Please check the part of the day and the days.
every-day = daily
weekday-1 = Mon
weekday-2 = Tue
weekday-3 = Wed
weekday-4 = Thu
weekday-5 = Fri
weekday-6 = Sat
weekday-7 = Sun
change = Change
remove = Remove
remove-sure = Yes, remove
store = Store
leave = Cancel
screen-look = Look at it
screen-health = How it is
screen-heard = Last heard
screen-never = never
screen-neighbours = Neighbours that stand in
screen-stands-in = Stands in for
screen-setup = Set-up
screen-is-changed = Other than in the house file
screen-location = Place
screen-profile = Task
screen-orientation = Orientation
screen-landscape = landscape
screen-portrait = portrait
screen-distance = Viewing distance in metres
screen-own-group = Group
screen-groups = Also in the groups
screen-new-group = New group (small letters, digits, hyphen)
screen-changed = Stored; the display shows it already.
screen-reset = As in the house file again
screen-details = Details
profile-foyer = Foyer: next showings
profile-dome-door = Door of the dome
profile-wayfinding = Directions
profile-parking = Car park
profile-cafe = Café counter
profile-queue = Queue numbers
profile-room-door = Door of a room
group-queue = Queue numbers
group-room-door = Doors of rooms
health-revision = Revision shown
health-revisions = { $some } of { $all }
health-size = Screen
health-clock = Device's clock
health-zone = Time zone
health-room = Free storage
health-player = Player
health-name = Device name
health-address = Address in the network
health-status = Says of itself
heard-seconds = { $n } s ago
heard-minutes = { $n } min ago
faults-title = Faults
faults-none = None reported.
fault-open = open
fault-over = over
fault-media = Picture or film cannot be played
fault-clock = Clock is wrong
fault-no-data = No connection to the house
fault-offline = Not ready for outages
fault-script = Error in the player
fault-plays = Proofs of play were refused
absences-title = Was silent
absences-none = Never in the last 35 days.
absences-never-heard = Nothing was ever heard of this display. As long as that is so, nobody misses it.
absences-week = { $n ->
    [0] Never in the last seven days.
    [one] Once in the last seven days, { $time }.
   *[other] { $n } times in the last seven days, { $time } in all.
}
picture-title = Picture of the screen
picture-ask = Ask for a new one
picture-now-asked = Asked for. The answer stands here in a few seconds.
picture-none = None asked for yet.
picture-taken = Taken at { $time }.
picture-drawn = Drawn by the page itself at { $time }. What another program lays over it is not in it.
picture-asked = Asked for at { $time }, no answer yet. Reload the page.
picture-no-answer = Asked for at { $time }; the display did not answer.
picture-not-supported = Asked for at { $time }. The display could not make a picture of its screen. What it shows stands on the left and under “Look”.
preview-title = Preview: { $name }
preview-link = Preview at any time
preview-day = Day
preview-time = Time
preview-show = Show
preview-no-time = There is no such time. Please check day and time.
preview-too-far = That is more than 400 days away.
preview-note = By all that is known now. The display itself shows each text as large as its viewing distance demands.
plays-title = What was on: { $name }
plays-link = What was really on
plays-csv = As a table (CSV)
plays-none = Nothing was reported for this day.
plays-what = What
plays-times = How often
plays-long = How long
plays-first = First
plays-last = Last
plays-note = As the display has reported. When it was without network, it comes later.
play-content = Display: { $class }
day-before = Day before
day-after = Day after
monitor-estimated = estimated
monitor-degraded = imprecise

# A neighbour speaks for a silent monitor
display-taken-by = Its message is shown by: { $name }
display-stands-in = Also shows the message of: { $names }
messages-just-withdrawn = Just taken back
message-restore = Show again
message-restored = Shown again.
messages-just-expired = Just run out
message-published = published
message-delivered = confirmed by some
message-rendered = confirmed by all
message-on-none = on no display now
message-waiting = Not confirmed yet by:

# What the front desk is told of the monitors
alert-monitor-alarm = { $name }: shows the way out, its alarm contact has closed
alert-monitors-away = How the displays are cannot be found out just now.

# In plain German, in turn with the English
monitor-doors-open-easy = The door is open
monitor-last-call-easy = Please come now
monitor-running-easy = The door is closed
monitor-delayed-easy = It starts later
monitor-cancelled-easy = It does not take place
monitor-places-easy = { $n ->
    [0] no seat left
    [one] 1 seat left
    *[other] { $n } seats left
}
monitor-estimated-easy = about
monitor-degraded-easy = not exact
monitor-stand = as of { $time }
monitor-stand-easy = It was so at { $time }

# What was done to the monitors, and their panels
displays-audit-title = Log of the displays
displays-audit-intro = Who did what to the displays and when, the newest first. “time”: by itself, such as an official warning.
message-on = On { $all ->
    [one] 1 display
    *[other] { $all } displays
}, { $some } have confirmed
screen-panel = From this distance the shorter side of the screen must be at least { $n } cm.
