## The door, calls, counting: pages of the staff

scan-out = Geht hinaus
scan-back = Kommt zurück
way-out = hinaus
way-back = wieder herein
way-in = herein
scans-title = Letzte Scans
scans-none = Noch niemand eingelassen.
scan-undone = zurückgenommen
scan-offline = ohne Netz gescannt
skew-behind = Uhr ging { $n } s nach
skew-ahead = Uhr ging { $n } s vor
undo = Zurücknehmen
undo-reason = Am Empfang zurückgenommen
undo-done = Zurückgenommen: { $reference }
undo-at-door = An der Tür zurückgenommen
door-undo-last = Letzten Einlass zurücknehmen
door-undone = Zurückgenommen. Nicht eingelassen:
door-undo-away = Das kann nur das Haus zurücknehmen, und es antwortet gerade nicht. Bitte noch einmal, wenn die Verbindung da ist.
outside = { $n } draußen
offer-title = Was jetzt?
offer-late = Trotzdem einlassen. Warum?
offer-reentry = Ich sehe die Person: wieder einlassen
offer-other = Zu dieser Vorstellung einlassen
offer-no = Nicht einlassen
late-queue = Stand in der Schlange
late-traffic = Bahn oder Straße hatte Verspätung
late-agreed = Mit der Vorführung abgesprochen
lookup-by-either = Kurzzeichen oder Name
lookup-none = Für die nächsten Vorstellungen ist unter diesem Namen nichts gebucht.
lookup-away = Namen sind gerade nicht zu finden: Bitte nach Kurzzeichen oder Code fragen.
lookup-more = Es gibt mehr Treffer. Bitte mehr vom Namen eingeben.
lookup-recorded = Jede Suche nach einem Namen wird festgehalten, ohne den Namen.

queue-title = Wartenummern
queue-issue-title = Wartenummer ausgeben
queue-issue = Ausgeben
queue-for = Für
queue-any = irgendeine Vorstellung
queue-none = Niemand wartet.
queue-number = Nummer { $n }
queue-call-next = Nächste aufrufen: { $n }
queue-waiting-count = { $n } warten
queue-call = Aufrufen
queue-waiting = wartet
queue-called = aufgerufen
queue-recalled = noch einmal aufgerufen
queue-missed = nicht gekommen
queue-served = ist da
queue-here = Ist da
queue-not-here = Kam nicht
queue-again = Noch einmal
queue-withdraw = Zurückziehen
queue-withdrawn = zurückgezogen
chance-likely = Platz wahrscheinlich
chance-possible = Platz möglich
chance-unlikely = Platz unwahrscheinlich
chance-unknown = Aussicht unbekannt
slip-wait = Bitte warten Sie, bis diese Nummer auf dem Monitor steht.
slip-back = Zum Empfang

groups-title = Aufrufe
groups-none = Noch keine Gruppen.
groups-room = Das Foyer nimmt gerade { $n } Personen auf einmal.
groups-form = Gruppen bilden
groups-formed = Gruppen gebildet: { $n }
group-number = Gruppe { $n }
group-assistance = Gäste mit Begleitung zuerst
group-rows = Reihen
group-due = fällig
group-formed = gebildet
group-called = aufgerufen
group-boarding = geht hinein
group-recalled = noch einmal aufgerufen
group-boarded = ist drin
group-late = Rest kommt nach
group-closed = erledigt
group-call = Aufrufen
group-recall = Noch einmal
group-boarding-do = Geht hinein
group-boarded-do = Alle drin
group-late-do = Rest kommt nach
group-close = Erledigt

clock-later = Noch nicht
clock-put-off = Zurückgestellt bis
operator-turnover-in = Umbau fertig
operator-clean = Saal ist sauber
operator-cleaned = Saal sauber gemeldet um
cleaned-done = Eingetragen: Der Saal ist sauber.
move-planned = Einlass zurücknehmen
abort-link = Vorstellung abbrechen …
abort-title = Vorstellung abbrechen
abort-follows = Das folgt daraus
abort-doors = Ab sofort wird niemand mehr eingelassen, und niemand wird mehr aufgerufen.
abort-displays = Alle Monitore zeigen, dass die Vorstellung abgebrochen ist.
abort-then = Danach folgt der Umbau; die nächste Vorstellung bleibt, wie geplant.
abort-final = Das lässt sich nicht zurücknehmen.
abort-do = Jetzt abbrechen
abort-no = Doch nicht abbrechen
abort-not-now = Diese Vorstellung hat nicht begonnen oder ist schon vorbei. Vor dem Einlass wird sie abgesagt.

conflicts-title = Strittige Scans
conflicts-intro = Was Scanner ohne Netz entschieden haben und was nicht zusammenpasst. Der frühere Scan gilt.
conflicts-none = Nichts ist strittig.
conflict-noticed = Bemerkt um
conflict-holds = gilt
conflict-double = Eine Karte, zweimal eingelassen
conflict-cancelled = Mit stornierter Buchung eingelassen
conflict-wrong-showing = Zur falschen Vorstellung eingelassen
conflict-replaced = Mit einer ersetzten Karte eingelassen
conflict-unknown = Buchung hier nicht bekannt
conflict-both-in = Beide sitzen
conflict-sent-out = Eine Person hinausgebeten
conflict-resolution = Oder anders
conflict-resolve = Erledigt
conflict-resolved = Als erledigt eingetragen.

counters-title = Zähler
counters-none = Dieses Haus hat keine Personenzähler.
counters-operator = In Betrieb nehmen und Zugänge ausgeben kann, wer die Vorführung leitet.
sensor-trial = auf Probe
sensor-online = zählt
sensor-degraded = zählt unsicher
sensor-offline = schweigt
sensor-retired = außer Dienst
sensor-to-work = In Betrieb nehmen
sensor-to-trial = Auf Probe stellen
sensor-retire = Außer Dienst nehmen
sensor-counts = zählt für
sensor-seen = zuletzt gehört
sensor-never = Noch nie etwas gekommen.
sensor-lost = verlorene Pakete
sensor-skew = Uhr geht vor um
pushes-title = Was er gesendet hat
pushes-at = Wann
pushes-answer = Antwort
pushes-size = Bytes
pushes-problem = Was nicht stimmte
token-title = Zugang für einen Zähler
token-new = Neuer Zugang
token-warn = Der bisherige gilt dann nicht mehr.
token-do = Neuen Zugang ausgeben
token-once = Dieser Zugang steht nur jetzt hier. Bitte gleich am Gerät eintragen.
token-how = So sendet das Gerät:
rezero-title = Haus leer: alle Zahlen auf null
rezero-intro = Nur wenn jemand durch das ganze Haus gegangen ist, keine Vorstellung läuft und zehn Minuten niemand gezählt wurde.
rezero-sure = Ich war in allen Räumen; das Haus ist leer.
rezero-do = Alle Zahlen auf null
rezero-done = { $n } Bereiche stehen auf null.
exports-title = Für andere
exports-intro = Wie voll das Haus ist, ohne Personen: zum Abholen für Stadt und Karten.
exports-live = Stand des Hauses (JSON)

replay-title = Tag nachspielen
replay-intro = Wie voll die Bereiche waren, und welche Stufe sie mit anderen Schwellen gehabt hätten. Ändert nichts.
replay-day = Tag
replay-rise = ab Prozent
replay-fall = wieder unter
replay-do = Nachspielen
replay-none = Von diesem Tag sind keine Zahlen da.
replay-was = wie es war
replay-would = mit diesen Schwellen
replay-stops = Wie oft voll
replay-policy = Was das Haus vorgeschlagen hätte
replay-policy-intro = Nach den heutigen Regeln der Hausdatei, wenn niemand etwas bestätigt, abgelehnt oder beendet hätte.
replay-policy-none = Nichts.
replay-policy-itself = gilt ohne Rückfrage

conflicts-open = { $n ->
    [one] 1 strittiger Scan
   *[other] { $n } strittige Scans
}
abort-inside = { $n ->
    [0] Niemand ist im Saal.
    [one] 1 Person ist im Saal und geht ins Foyer.
   *[other] { $n } Personen sind im Saal und gehen ins Foyer.
}
abort-money = Das Eintrittsgeld wird dadurch nicht erstattet. Dafür die Vorstellung auf ihrer Seite absagen.

conflict-all = Alle { $n }:
conflict-one-by-one = Einzeln
conflict-no-showing = Unbekannte Vorstellung
conflict-reopen = Zurücknehmen
conflict-reopened = { $n ->
    [0] Nichts davon ist wieder offen.
    [one] Wieder offen: 1 strittiger Scan.
   *[other] Wieder offen: { $n } strittige Scans.
}
conflict-by-undo = Scan zurückgenommen
conflict-by-booking = Die Buchung ist nachgekommen.
conflicts-resolved = Erledigt
headcount-seen-empty = Leer gesehen:
headcount-never-seen-empty = Das Haus wurde noch nie als leer gemeldet (Seite „Zähler“).
headcount-assumed = Angenommen ist, wo niemand zählt:

# The phone at the door.
door-title = Am Eingang
door-begins = Einen Moment bitte.
door-needs-script = Diese Seite braucht JavaScript. Ohne geht es an der Kasse: „Scannen“.
door-connected = Verbunden.
door-alone = Ohne Verbindung seit
door-signed-out = Abgemeldet: Bitte neu anmelden. Bis dahin entscheidet dieses Telefon allein.
door-waiting = Noch zu melden:
door-disputed = Das Haus sieht einen Einlass anders. An der Kasse steht er unter „Strittige Scans“.
door-lost = Nicht gespeichert. Bitte an der Kasse sagen:
door-by-itself = ohne Verbindung entschieden
door-admitted = Eingelassen:
door-already = Schon eingelassen
door-many = Von dieser Gruppe fehlen nur noch:
door-wrong = Andere Vorstellung:
door-early = Noch zu früh, Einlass ab
door-late = Zu spät, der Einlass ist vorbei. Bitte zur Kasse.
door-stopped = Kein Einlass: Das Haus ist gesperrt.
door-zone-stopped = Der Einlass hierhin ist angehalten (Anweisung). Bitte warten; Ausnahme nur mit Grund.
door-replaced = Dieser Code gilt nicht mehr, es gibt einen neuen. Bitte zur Kasse.
door-unknown = Nicht auf der Liste. Bitte zur Kasse.
door-no-list = Keine Liste für heute, und das Haus antwortet nicht. Bitte zur Kasse.
door-seats = Plätze
door-people = Wie viele? (leer: alle)
door-camera = Kamera
door-forged = Kein Code dieses Hauses. Bitte zur Kasse.
door-unchecked = Signatur nicht geprüft
door-several = Zwei Buchungen haben dieses Kurzzeichen. Bitte den Code scannen.
conflict-forged = Mit einem Code eingelassen, der nicht von diesem Haus ist
steps-title = Eben getan
step-undo = Rückgängig
step-undone = Rückgängig gemacht: { $what }
door-sign-in = Neu anmelden
door-aside = Nicht angenommen
door-aside-do = Das Haus kann diese Scans nicht zählen. Bitte an der Kasse sagen, wer hier durchging.
door-aside-people = Personen:
door-aside-said = An der Kasse gesagt
door-exited = Hinausgegangen:
door-not-in = Von dieser Gruppe sind drinnen:
door-reentry = Ist hinausgegangen. Wieder herein geht nur mit Verbindung; sonst bitte zur Kasse.
door-way = Richtung
