# Was Gäste von ihrem Weg hierher sagen.
arrival-title = Wann sind Sie hier?
arrival-intro = Tippen Sie an, in wie vielen Minuten. Dann rechnen wir mit Ihnen und sagen rechtzeitig, wenn es knapp wird. Wo Sie sind, fragen wir nicht.
arrival-in = { $n } Min.
arrival-said = Sie haben gesagt: hier gegen
arrival-change = Dauert es länger? Tippen Sie die neue Zeit an.
arrival-take-back = Weiß ich nicht mehr
arrival-noted = Danke! Wir erwarten Sie gegen { $time } Uhr.
arrival-taken-back = Gut. Wir warten einfach, bis Sie da sind.
arrival-desk-title = Wann sind sie hier?
arrival-desk-said = Nach eigener Auskunft gegen
whereabouts-arrives = sagt: hier gegen { $time } Uhr
refused-NotComing = Gewartet wird nur auf gebuchte Besuche. Dieser ist nur vorgemerkt oder storniert.
