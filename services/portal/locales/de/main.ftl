## page
skip = Zum Inhalt springen
nav = Hauptmenü
nav-programme = Programm
nav-visit = Mein Besuch
nav-staff = Für Mitarbeitende
sign-out = Abmelden
area-desk = Empfang
area-kitchen = Küche
area-carpark = Parkplatz
area-displays = Monitore
to-programme = Zum Programm
as-of = Stand
unknown = unbekannt
set = Setzen
state = Zustand
reason = Grund
reason-visitors = Grund, den Gäste lesen
nothing-here = Nichts zu tun.

## programme
programme-title = Programm
programme-intro = Wählen Sie eine Vorstellung. Platz, Parken und Essen buchen Sie in einem Schritt.
programme-days = Tage
programme-empty = Zurzeit ist nichts geplant.
from = ab
places-free = { $n ->
    [one] Noch 1 Platz frei
    *[other] { $n } Plätze frei
}
places-few = { $n ->
    [one] Nur noch 1 Platz
    *[other] Nur noch { $n } Plätze
}
book-now = Jetzt buchen
places-held = Gerade alle reserviert, vielleicht wieder frei um { $time }
places-sold-out = Ausverkauft
places-wheelchair-only = Nur noch Rollstuhlplätze: { $n }
places-as-of = Stand { $time }, neuere Zahlen kommen gleich wieder
places-cancelled = Fällt aus
places-past = Hat begonnen
places-not-public = Geschlossene Vorstellung
places-not-yet = Vorverkauf ab { $time }
places-unknown = Plätze unbekannt
showing-delayed = Verspätet, geplant war { $time }
showing-cancelled = Fällt aus
showing = Vorstellung

## showing
doors-from = Einlass ab
instead = Das würde passen:
form-errors = Bitte prüfen Sie:
who-comes = Wer kommt?
needs = Besondere Plätze (Rollstuhl, Begleitung, Hörschleife, Blindenhund)
needs-intro = Wie viele der Personen oben brauchen so einen Platz? Wir fragen nach dem Platz, nie nach dem Warum.
need-wheelchair = Rollstuhlplatz
need-companion = Begleitplatz direkt daneben
need-hearing-loop = Platz mit Hörschleife
need-step-free = Stufenlos erreichbarer Platz
need-guide-dog = Platz mit Raum für Blinden- oder Assistenzhund
choose-seats = Plätze selbst wählen
choose-seats-intro = Ohne Wahl bekommen Sie die besten Plätze nebeneinander.
seat = Platz
seats = Plätze
seat-row = Reihe { $row }
seat-free = frei
seat-taken = vergeben
feature-wheelchair = Rollstuhlplatz
feature-companion = Begleitplatz
feature-hearing-loop = Hörschleife
feature-step-free = stufenlos
told-step-free = Ohne Stufen: { $text }
told-all-clear = Entwarnung. Bitte warten Sie auf die Mitarbeitenden, bevor Sie das Haus betreten.
told-group = Sie sind in Gruppe { $number }. Wir rufen sie auf, sobald sie zum Einlass kann.
told-called-first = Sie werden vor allen anderen zum Einlass gerufen und begleitet.
told-house-stopped = Im Haus ist zurzeit kein Einlass. Bitte warten Sie.
feature-guide-dog = Raum für Hund
feature-aisle = am Gang
parking = Parken
parking-better = Am besten ohne Auto.
parking-closed = Der Parkplatz ist geschlossen.
parking-unreachable = Der Parkplatz ist zurzeit nicht erreichbar.
parking-unknown = Der Zustand des Parkplatzes ist nicht bekannt.
bay = Stellplatz
bay-none = Kein Stellplatz
bay-standard = Stellplatz
bay-accessible = Barrierefreier Stellplatz
bay-coach = Busstellplatz
bay-ev = Stellplatz mit Ladepunkt
meal = Essen im Café
meal-choose = Essen vorbestellen: { $cafe }
meal-intro = Vorbestellt steht es zur Abholzeit bereit, auch wenn sich die Vorstellung verschiebt.
pickup-before = Vor der Vorstellung
pickup-after = Nach der Vorstellung
allergens = Enthält:
allergen-traces = Spuren von { $name }
diet-vegan = vegan
diet-vegetarian = vegetarisch
diet-gluten-free = glutenfrei
diet-halal = halal
allergen-1 = glutenhaltiges Getreide
allergen-2 = Krebstiere
allergen-3 = Eier
allergen-4 = Fisch
allergen-5 = Erdnüsse
allergen-6 = Soja
allergen-7 = Milch
allergen-8 = Schalenfrüchte
allergen-9 = Sellerie
allergen-10 = Senf
allergen-11 = Sesam
allergen-12 = Schwefeldioxid und Sulfite
allergen-13 = Lupinen
allergen-14 = Weichtiere
hold-intro = Wir halten alles zehn Minuten für Sie fest. Noch ist nichts bestellt.
hold = Weiter zur Übersicht
hold-refused = Das ist so leider nicht mehr frei.
error-number = Bitte eine Zahl von 0 bis 60 eingeben.
error-nobody = Bitte sagen, wie viele Personen kommen.
error-too-many = Höchstens { $n } Personen in einer Buchung.
error-needs = Es sind mehr besondere Plätze gewählt als Personen.
error-companions = Ein Begleitplatz steht neben einem Rollstuhlplatz. Bitte höchstens so viele Begleitplätze wählen wie Rollstuhlplätze.
error-seats = Bitte genau { $n } Plätze wählen oder keinen.

## order
order-title = Ihre Bestellung
held-until = Für Sie reserviert bis
extend = Mehr Zeit
order-extended = Reserviert bis { $time }.
order-not-extended = Länger als 30 Minuten geht es leider nicht.
order-given-up = Die Plätze sind wieder frei.
people = Personen
contact = Ihre Angaben
contact-intro = Nur für diesen Besuch; 30 Tage danach werden sie gelöscht.
name = Name
email = E-Mail
error-name = Bitte einen Namen mit höchstens 120 Zeichen eingeben.
error-email = Bitte eine E-Mail-Adresse wie name@beispiel.de eingeben.
pay-how = Wie möchten Sie bezahlen?
pay-online = Jetzt online
pay-desk = Am Empfang, vor dem Einlass
summary = Zusammenfassung
item = Leistung
quantity = Anzahl
sum = Summe
total = Gesamtpreis
tax-none = ohne Umsatzsteuer
tax-rate = inkl. { $rate } % MwSt.
no-withdrawal = Für Veranstaltungen zu einem festen Termin gibt es kein Widerrufsrecht (§ 312g Abs. 2 Nr. 9 BGB). Bis zum Einlass können Sie bei uns kostenlos stornieren.
order-button = zahlungspflichtig bestellen
order-free = verbindlich bestellen
give-up = Doch nicht: Plätze freigeben
pay-title = Bezahlen
pay-intro = Sie bezahlen auf der Seite unseres Zahlungsanbieters und kommen danach hierher zurück.
pay-now = Jetzt bezahlen:
pay-not-begun = Die Bezahlung konnte noch nicht beginnen.
pay-kept = Es wurde nichts abgebucht.
pay-again = Noch einmal versuchen
order-takes-long = Dauert es zu lange?
order-send-again = Bestellung noch einmal senden
pay-later = Zurück zum Besuch

## visit
visit-title = Ihr Besuch
visit-waiting = Auf der Warteliste
visit-waiting-do = Noch ist nichts frei. Kommen Plätze für Sie alle zurück, steht es hier, und wir schreiben Ihnen.
visit-order-until = Wir halten die Plätze bis { $time } für Sie fest.
visit-order = Plätze bestellen
wait-list-title = Warteliste
wait-list-invite = Nichts Passendes frei? Zurückgegebene Plätze halten wir für die fest, die warten, und schreiben ihnen.
wait-list-open = Auf die Warteliste
wait-list-intro = Kommen Plätze für Sie alle zurück, halten wir sie für Sie fest und schreiben Ihnen sofort. Sie haben dann die halbe Zeit bis zur Vorstellung, um zu bestellen, höchstens einen Tag. Warten kostet nichts.
wait-list-note = Ein Stellplatz und Essen gehören nicht dazu.
wait-list-do = Auf die Warteliste setzen
wait-list-nobody = Niemand wartet.
wait-list-turn = Zuerst gefragt wird, wer zuerst da war und für wen die Plätze reichen.
wait-list-since = seit { $time }
wait-list-offered = Plätze gehalten bis { $time }
wait-list-ring = Keine E-Mail: bitte Bescheid sagen
wait-list-off = Von der Warteliste nehmen
wait-list-off-done = Von der Warteliste genommen.
wait-list-add = Jemanden auf die Warteliste setzen
wait-list-add-note = Ohne E-Mail-Adresse muss jemand Bescheid sagen, wenn Plätze da sind; sie stehen dann hier und unter Nachrichten.
wait-list-joined = Auf der Warteliste.
wait-list-leave = Von der Warteliste gehen
wait-list-sure = Ja, ich möchte nicht mehr warten.
visit-held = Reserviert, noch nicht bestellt
visit-held-do = Bitte schließen Sie die Bestellung ab.
visit-awaiting-payment = Wartet auf die Zahlung
visit-awaiting-payment-do = Sobald die Zahlung da ist, erscheint hier Ihr Code.
visit-confirming = Wird bestätigt
visit-confirming-do = Das dauert nur einen Augenblick.
visit-confirmed = Gebucht. Wir freuen uns auf Sie.
visit-confirmed-do = Zeigen Sie den Code an Schranke, Tür und Theke.
visit-expired = Abgelaufen
visit-expired-do = Die Zeit zum Bestellen oder Bezahlen ist um; Sie können neu buchen.
visit-cancelled = Storniert
visit-cancelled-do = Diese Buchung gilt nicht mehr.
visit-refunding = Storniert, das Geld ist unterwegs
visit-refunding-do = Sie müssen nichts tun.
visit-refunded = Storniert und erstattet
visit-refunded-do = Das Geld ist auf dem Rückweg zu Ihrem Konto.
link-once = Ihr Link zu dieser Seite, nur dieses Mal
link-why = Heben Sie ihn auf: Wer ihn hat, sieht diesen Besuch, auch auf einem anderen Gerät.
new-link = Neuen Link zu dieser Seite zeigen
your-code = Ihr Code
show-code = Code zeigen
code-intro = Ein Code für alle, an Schranke, Tür und Theke.
code-alt = QR-Code
reference = Kurzzeichen
single-tickets = Einzelne Karten
your-day = Ihr Tag
step-moved = verschoben
step-done = erledigt
of-them-in = davon eingelassen:
right-held = reserviert
right-confirmed = erwartet
right-checked-in = steht auf dem Platz
right-left = ausgefahren
right-cancelled = nicht mehr gültig
right-no-show = nicht gekommen
meal-number = Nummer
meal-before = vor der Vorstellung, um { $time }
meal-after = nach der Vorstellung, um { $time }
meal-preparing = wird zubereitet, fertig um { $time }
meal-ready = steht bereit
meal-collected = abgeholt
meal-cancelled = entfällt
payment-pending = noch nicht bezahlt
payment-paid = bezahlt
payment-due = { $total } am Empfang zu bezahlen
payment-failed = nicht bezahlt
payment-refunding = wird erstattet
payment-refunded = erstattet
payment-voided = nichts zu bezahlen
receipt = Beleg
cancel-visit = Besuch stornieren
cancel-sure = Ja, ich möchte stornieren.
visit-cancel-unsure = Bitte bestätigen Sie erst, dass Sie stornieren möchten.
other-visits = Andere Besuche
other-visit = Besuch

## desk
desk-title = Empfang
next-showings = Nächste Vorstellungen
sold = Verkauft
arrived = Da
missing = Fehlen
desk-more = Fehlende, verschieben, absagen
admission-planned = geplant
admission-doors-open = Einlass
admission-last-call = letzter Aufruf
admission-running = läuft
admission-egress = Auslass
admission-turnover = Umbau
admission-closed = beendet
admission-cancelled = fällt aus
admission-aborted = abgebrochen
move-doors-open = Einlass öffnen
move-doors-again = Zurück zum Einlass
move-last-call = Letzter Aufruf
move-running = Starten
move-egress = Zu Ende
move-turnover = Umbau
move-closed = Abschließen
desk-moved = Erledigt: { $title }
desk-refused = Das ging nicht.
desk-unsure = Bitte erst das Häkchen setzen.
desk-delayed = Neuer Beginn { $time }. Alle Seiten, Monitore, Küche und Parkplatz folgen.
desk-visits = { $n ->
    [one] 1 Besuch ist betroffen.
    *[other] { $n } Besuche sind betroffen.
}
desk-cancelled = Abgesagt. Erstattungen laufen.
desk-seats = Plätze { $seats }
desk-assistance = Hilfe anbieten
desk-zone-set = Gesetzt: { $zone }
desk-settled = { $total } kassiert.
scan = Scannen
scan-showing = Einlass zu
scan-code = Code oder Kurzzeichen
scan-more = Nur ein Teil der Gruppe, oder zu spät
scan-count = Wie viele gehen jetzt hinein? (leer: alle)
scan-late = Grund für Nacheinlass
scan-do = Einlassen
party-find = Buchung finden
party-show = Zeigen
due = Zu bezahlen:
zones = Bereiche
zone = Bereich
inside = Personen
level = Stufe
level-green = frei
level-amber = voll wird es
level-red = fast voll
level-stop = voll
quality-live = gezählt
quality-estimated = geschätzt
quality-degraded = nur als Stufe
quality-manual = von Hand
zone-correct = Zählung berichtigen
house = Haus
since = seit
house-normal = normal
house-crowded = sehr voll
house-stopped = Einlass gestoppt
house-evacuating = RÄUMUNG
house-exercise = RÄUMUNGSÜBUNG
house-all-clear = Entwarnung
house-cleared-by = Entwarnung, 1 von 2:
house-change = Haus: Einlass stoppen, Entwarnung
house-change-intro = Die Räumung folgt dem Feueralarm, sie ersetzt ihn nie.
house-set = Gesetzt.
house-half-cleared = Die Hälfte ist getan: Eine zweite Person muss auch Entwarnung geben.
evacuate = Räumung auslösen
all-clear = Entwarnung geben
all-clear-intro = Zwei verschiedene Personen müssen Entwarnung geben.
who-is-missing = Wer fehlt noch?
nobody-missing = Niemand fehlt.
whereabouts = Wo?
whereabouts-car-park = auf dem Parkplatz
whereabouts-partly-in = teils schon da
whereabouts-unknown = unbekannt
assistance = Hilfe
delay = Verschieben
delay-intro = Erst ansehen, was folgt; dann eine Taste: Besuchsseiten, Monitore, Küche und Parkrechte folgen von selbst.
minutes = Minuten
delay-confirm = Um { $n } Minuten verschieben
delay-back = Doch nicht verschieben
cancel-showing = Vorstellung absagen
cancel-showing-intro = Alle Buchungen werden storniert und erstattet.
cancel-showing-sure = Ja, diese Vorstellung fällt aus.

## kitchen
kitchen-title = Küche
kitchen-now = Jetzt
kitchen-ready = Bereit
kitchen-later = Demnächst
kitchen-wave = Heute noch: Speisen und Getränke je Viertelstunde
kitchen-to-make = Noch zu machen:
start-at = Beginn
pickup-at = Abholung
order-start = Anfangen
order-ready = Fertig
order-collected = Abgeholt
order-cancelled = storniert
stations = Stationen
station-open = offen
station-paused = Pause
station-closed = geschlossen
station-pause = Pause
station-resume = Öffnen
station-close = Schließen

## car park
carpark-title = Parkplatz
site-open = offen
site-closed = geschlossen
site-unreachable = nicht erreichbar
site-unknown = unbekannt
site-change = Zustand des Parkplatzes ändern
free = Frei
expected = Erwartet
rights = Parkrechte von heute
from-until = Von–bis
lane = Spur
lane-code = Code oder Kurzzeichen (leer: ohne Buchung)
lane-bay = Ohne Buchung: Art des Stellplatzes
lane-in = Einfahrt
lane-out = Ausfahrt

## displays
displays-title = Monitore
display = Monitor
shows = Zeigt
seen = Zuletzt gehört
display-active = läuft
display-offline = antwortet nicht
display-unclaimed = noch nie gemeldet
class-default = normal
class-scheduled = Ankündigung
class-operations = Betrieb
class-safety = Sicherheit
class-evacuation = Räumung
display-pair = Monitor anmelden
display-pair-intro = Am neuen Gerät die Seite /pair öffnen und den Code von dort hier eingeben.
claim-code = Code vom Gerät
display-revoke = Monitor abmelden
display-paired = Angemeldet: { $name }
display-revoked = Abgemeldet: { $name }
display-no-pairing = Dieser Code ist nicht bekannt oder abgelaufen.
pair-title = Monitor anmelden
pair-intro = Geben Sie diesen Code am Empfang unter „Monitore“ ein.
monitor-doors-open = Einlass
monitor-last-call = Letzter Aufruf
monitor-running = Läuft
monitor-delayed = Verspätet
monitor-cancelled = Fällt aus
monitor-places = { $n ->
    [0] ausverkauft
    [one] 1 Platz frei
    *[other] { $n } Plätze frei
}
display-behind = bestätigt noch nicht
displays-count = { $n ->
    [one] 1 Monitor
    *[other] { $n } Monitore
}
displays-silent = { $n ->
    [one] 1 antwortet nicht
    *[other] { $n } antworten nicht
}
displays-behind = { $n ->
    [one] 1 bestätigt noch nicht
    *[other] { $n } bestätigen noch nicht
}
displays-unfitted = { $n ->
    [one] 1 noch nicht angebracht
    *[other] { $n } noch nicht angebracht
}
displays-dark = { $n ->
    [one] 1 dunkel nach Plan
    *[other] { $n } dunkel nach Plan
}
display-dark = dunkel nach Plan
display-hidden = Seite ist verdeckt
display-since = seit { $time }
display-to-show = soll zeigen:
display-confirmed = zuletzt bestätigt: Stand { $n } ({ $time })
display-confirmed-nothing = hat noch nichts bestätigt
display-seen = zuletzt gehört { $time }
emergency-answered = { $some } von { $all } Monitoren haben bestätigt.
emergency-missing = Keine Antwort von – bitte hingehen:
emergency-complete = Alle zeigen es.
messages-now = Mitteilungen auf den Monitoren
messages-none = Zurzeit keine.
message-send = Mitteilung senden
message-send-intro = Ein Druck auf einen Text sendet ihn sofort, deutsch, englisch und in einfacher Sprache.
message-to = An
message-all = alle Monitore
message-usual = die üblichen (alle, oder wie hinter dem Pfeil)
message-for = Für
message-minutes = { $n } Minuten
message-own = Eigener Text
message-de = Deutsch
message-en = Englisch
message-plain = Einfache Sprache
message-class = Art
message-send-own = Senden
message-until = bis { $time }
message-withdraw = Zurücknehmen
message-sent = Gesendet, gilt bis { $time }. Zurücknehmen: unten bei den Mitteilungen.
message-withdrawn = Zurückgenommen.
group-foyer = Foyer
group-dome-door = Türen zum Saal
group-wayfinding = Wegweiser
group-parking = Parkplatz
group-cafe = Café
template-wait = Bitte warten Sie hier. Der Einlass beginnt in wenigen Minuten.
template-wait-plain = Bitte warten Sie hier. Die Tür geht bald auf.
template-child = Ein Kind sucht seine Eltern. Bitte kommen Sie zum Empfang.
template-child-plain = Ein Kind sucht seine Eltern. Kommen Sie bitte zur Kasse.
template-cloakroom = Bitte geben Sie Jacken und Taschen an der Garderobe ab.
template-cloakroom-plain = Bitte geben Sie Jacke und Tasche hier ab.
template-cafe = Das Café schließt in 30 Minuten.
template-cafe-plain = Das Café ist nur noch 30 Minuten offen.
template-roof = Unwetter: Bitte verlassen Sie die Dachterrasse.
template-roof-plain = Es kommt ein Sturm. Gehen Sie bitte vom Dach ins Haus.
template-staff = Bitte bleiben Sie ruhig und folgen Sie den Mitarbeitenden.
template-staff-plain = Bleiben Sie ruhig. Gehen Sie mit uns mit.

## signing in
sign-in-title = Anmelden
sign-in = Anmelden
account = Konto
password = Passwort
sign-in-wrong = Konto oder Passwort ist falsch.
sign-in-wait = { $n ->
    [one] Zu viele Versuche. Bitte eine Sekunde warten.
    *[other] Zu viele Versuche. Bitte { $n } Sekunden warten.
}

## problems
problem-sign-in = Bitte anmelden
problem-sign-in-do = Diese Seite ist für Mitarbeitende.
problem-role = Das darf Ihr Konto nicht
problem-role-do = Bitte jemanden mit der passenden Rolle fragen.
problem-visit = Das ist nicht Ihr Besuch
problem-visit-do = Öffnen Sie ihn mit dem Link, den Sie nach der Buchung bekommen haben.
problem-no-visit = Kein Besuch gefunden
problem-no-visit-do = Der Link gilt nicht oder ist unvollständig. Am Empfang hilft man Ihnen weiter.
problem-page = Diese Seite gibt es nicht
problem-page-do = Vielleicht finden Sie im Programm, was Sie suchen.
problem-cross-site = Von einer fremden Seite gesendet
problem-cross-site-do = Bitte öffnen Sie die Seite hier und versuchen Sie es noch einmal.
problem-form = Das Formular kam nicht richtig an
problem-form-do = Bitte laden Sie die Seite neu und versuchen Sie es noch einmal.
problem-internal = Bei uns ist etwas schiefgegangen
problem-internal-do = Wir haben es notiert. Bitte versuchen Sie es noch einmal.
problem-input = Eine Angabe stimmt nicht
problem-input-do = Bitte gehen Sie zurück und prüfen Sie Ihre Angaben.
problem-not-found = Das haben wir nicht gefunden
problem-not-found-do = Vielleicht gibt es das nicht mehr.
problem-conflict = Jemand war schneller
problem-conflict-do = Bitte laden Sie die Seite neu.
problem-state = Das geht jetzt nicht
problem-state-do = Es hat sich inzwischen etwas geändert. Bitte laden Sie die Seite neu.
problem-full = Nichts mehr frei
problem-full-do = Bitte wählen Sie etwas anderes oder versuchen Sie es später.
problem-unavailable = Gerade nicht erreichbar
problem-unavailable-do = Bitte versuchen Sie es in ein paar Sekunden noch einmal.

## about
accessibility-title = Barrierefreiheit
accessibility-scope = Diese Seiten sollen für alle bedienbar sein, nach WCAG 2.2, Stufe AA, auch ohne Skripte und nur mit der Tastatur.
accessibility-house-title = Das Haus
accessibility-state-title = Stand
accessibility-state = Die Seiten werden bei jeder Änderung automatisch geprüft. Texte in Leichter Sprache und Videos in Gebärdensprache fehlen noch.
accessibility-feedback-title = Barriere melden
accessibility-feedback = Sagen Sie es uns am Empfang oder schreiben Sie an: { $house }. Wir antworten innerhalb eines Monats; danach hilft die Ombudsstelle des Landes.
imprint-title = Impressum
privacy-title = Datenschutz
privacy-what = Wir speichern Name und E-Mail-Adresse Ihrer Bestellung, damit wir Sie erreichen, wenn sich etwas ändert. Sonst nichts über Sie.
privacy-needs = Bei besonderen Plätzen speichern wir den Platz, nie den Grund. Ausweise sehen wir an der Tür an und speichern sie nicht.
privacy-cookies = Ein Cookie hält Ihre Sitzung, eines die Sprache. Es gibt keine Werbung und keine Beobachtung.
privacy-how-long = 30 Tage nach dem Besuch löschen wir Ihre Angaben. Belege bewahren wir acht Jahre auf, wie das Gesetz es verlangt.

waiting-title = Warteraum
waiting-before = Der Verkauf beginnt am { $time }
waiting-drawn = Wer vorher da ist, wird zum Verkaufsstart ausgelost. Früher zu kommen bringt keinen Vorteil.
waiting-turn = Gleich sind Sie dran
waiting-keep = Ihr Platz in der Reihe bleibt, auch wenn die Verbindung abreißt.
waiting-position = Ihr Platz in der Reihe:
waiting-minutes = { $n ->
    [one] Voraussichtlich noch eine Minute
   *[other] Voraussichtlich noch { $n } Minuten
}
waiting-all-held = Gerade ist alles reserviert, vielleicht wird um { $time } etwas frei
waiting-all-held-soon = Gerade ist alles reserviert, vielleicht wird etwas frei
waiting-sold-out = Ausverkauft
waiting-sold-out-note = Sie brauchen nicht zu warten. Wird etwas storniert, rückt die Reihe nach.
waiting-in = Sie sind dran
waiting-in-note = Bitte wählen Sie eine Vorstellung.
waiting-go = Weiter zur Buchung
waiting-rules = Jeder Browser hat einen Platz. Neu laden oder mehrere Fenster ändern nichts daran.
waiting-reloads = Diese Seite lädt sich alle fünf Sekunden neu.
waiting-invite = Zum Verkaufsstart gibt es einen Warteraum. Wer vorher dort ist, wird ausgelost.
waiting-to-room = Zum Warteraum
rooms-title = Vorverkauf und Warteräume
rooms-none = Zurzeit ist kein Warteraum offen.
rooms-opens = Einlass ab
rooms-by = geöffnet von
rooms-waiting = Wartende
rooms-admitted = Eingelassen
rooms-free = Freie Plätze
rooms-rate = Höchstens
rooms-close = Warteraum schließen
rooms-open = Warteraum öffnen
rooms-open-intro = Wer die Seiten dieser Vorstellungen öffnet, wartet dort. Wer vor dem Einlass da ist, wird ausgelost.
rooms-before = Vorstellung oder Vorverkauf
rooms-at = Einlass ab (leer: zum Verkaufsstart, sonst sofort)
rooms-opened = Der Warteraum ist offen.
rooms-closed = Der Warteraum ist geschlossen, die Seiten sind für alle offen.
rooms-unknown = noch nichts zu verkaufen
rooms-selling = im Verkauf
rooms-all-held = alles reserviert
rooms-silent = der Verkauf antwortet nicht
rooms-again = Neu laden
rooms-close-open = Die Seiten dieser Vorstellungen sind sofort für alle offen, so schnell jeder drückt.
rooms-close-waiting = { $n ->
    [0] Zurzeit wartet niemand.
    [one] Eine Person wartet. Ihr Platz in der Reihe zählt dann nicht mehr.
   *[other] { $n } Personen warten. Ihre Plätze in der Reihe zählen dann nicht mehr.
}
rooms-close-final = Das lässt sich nicht zurücknehmen: Ein neuer Warteraum stellt eine neue Reihe auf.
rooms-close-do = Jetzt schließen
rooms-close-no = Offen lassen
sale-start = Verkaufsstart festlegen
sale-start-intro = Vorher sind die Plätze online nicht buchbar.
sale-start-at = Online im Verkauf ab
sale-start-set = { $n ->
    [one] Für eine Vorstellung gesetzt
   *[other] Für { $n } Vorstellungen gesetzt
}
reseat = Umsetzen
reseat-intro = Die Tickets bleiben gültig. Ohne Angabe werden die besten freien Plätze nebeneinander gewählt.
reseat-seats = Neue Plätze
desk-reseated = Umgesetzt auf { $seats }
problem-cookie = Ihr Browser speichert kein Cookie
problem-cookie-do = Im Warteraum hat jeder Browser einen Platz. Bitte erlauben Sie Cookies für diese Seite und öffnen Sie sie noch einmal.
seat-wish = Wo möchten Sie sitzen?
seat-wish-any = Egal, die besten freien Plätze
seat-wish-front = Weiter vorn
seat-wish-back = Weiter hinten
seat-wish-aisle = Gern am Gang
seat-wish-note = Ein Wunsch: Sie sitzen auf jeden Fall zusammen, wenn das möglich ist.
left-wheelchair = { $n ->
    [0] Kein Rollstuhlplatz mehr frei
    [one] Ein Rollstuhlplatz frei
   *[other] { $n } Rollstuhlplätze frei
}
left-hearing-loop = { $n ->
    [0] Kein Platz mit Hörschleife mehr frei
    [one] Ein Platz mit Hörschleife frei
   *[other] { $n } Plätze mit Hörschleife frei
}
left-together = { $n ->
    [one] Nur noch einzelne Plätze
   *[other] Bis zu { $n } Plätze nebeneinander
}
left-companion = { $n ->
    [0] Kein Begleitplatz mehr frei
    [one] Ein Begleitplatz frei
   *[other] { $n } Begleitplätze frei
}
left-companion-held = Begleitplätze alle reserviert, vielleicht wieder frei um { $time }
left-step-free = { $n ->
    [0] Kein stufenlos erreichbarer Platz mehr frei
    [one] Ein stufenlos erreichbarer Platz frei
   *[other] { $n } stufenlos erreichbare Plätze frei
}
left-step-free-held = Stufenlos erreichbare Plätze alle reserviert, vielleicht wieder frei um { $time }
left-guide-dog = { $n ->
    [0] Kein Platz mit Raum für einen Hund mehr frei
    [one] Ein Platz mit Raum für einen Hund frei
   *[other] { $n } Plätze mit Raum für einen Hund frei
}
left-guide-dog-held = Plätze mit Raum für einen Hund alle reserviert, vielleicht wieder frei um { $time }
left-wheelchair-held = Rollstuhlplätze alle reserviert, vielleicht wieder frei um { $time }
left-hearing-loop-held = Plätze mit Hörschleife alle reserviert, vielleicht wieder frei um { $time }
free-seating = freie Platzwahl
free-seating-note = Freie Platzwahl: Sie setzen sich im Saal, wohin Sie möchten. Besondere Plätze halten wir für Sie frei.
waiting-wheelchair = { $n ->
    [one] Ein Rollstuhlplatz ist noch frei. Dafür muss niemand warten.
   *[other] { $n } Rollstuhlplätze sind noch frei. Dafür muss niemand warten.
}
waiting-wheelchair-go = Rollstuhlplatz buchen
error-contact-full = Mit dieser E-Mail-Adresse wären es mehr Plätze dieser Vorstellung, als eine Person bestellen kann; was schon bestellt ist, zählt mit. Bitte wählen Sie weniger Plätze. Gruppen hilft die Kasse.

# How many people may be where, for an evacuation
headcount-title = Personen im Haus
headcount-sum = Im ganzen Haus
headcount-as-of = Stand:
headcount-minute = vor 1 Minute
headcount-minutes = vor # Minuten
headcount-oldest = Älteste Zählung:
headcount-caption = Von–bis, Raum für Raum
headcount-level = Ebene
headcount-people = Personen
headcount-how = Herkunft
headcount-found = Geräumt, durch wen
headcount-hint = Die Zahlen sind Spannen, keine Gewissheit: Jeder Raum wird begangen.
headcount-print = Drucken
headcount-again = Neu laden

# Zustände der Monitore
display-degraded = gestört
display-pending = Gerät meldet sich noch
display-state-revoked = Gerät gesperrt

# The plate of a visitor's car
privacy-plates = Wenn Sie ein Kennzeichen angeben, bewahren wir davon nur einen Fingerabdruck auf, bis Ihr Auto den Parkplatz verlässt, höchstens bis zum Ende des Tages. Kameras behalten keine Bilder und keine Kennzeichen.
plate-title = Schranke ohne Code: Kennzeichen
plate-label = Kennzeichen, zum Beispiel HAL-AB 123 (freiwillig)
plate-why = Die Kamera an der Schranke erkennt dann Ihr Auto. Wir bewahren nur einen Fingerabdruck davon auf und löschen ihn, sobald Sie ausfahren. Ihr Code öffnet immer.
plate-note = Kennzeichen merken
plate-forget = Kennzeichen vergessen
plate-is-noted = gemerkt
plate-noted = Das Kennzeichen ist gemerkt. Die Schranke öffnet, wenn die Kamera es erkennt.
plate-forgotten = Das Kennzeichen ist vergessen.
plate-wrong = Das ist kein Kennzeichen. Bitte Buchstaben und Ziffern eingeben, zum Beispiel HAL-AB 123.
plate-no-bay = Zu diesem Besuch ist gerade kein Stellplatz gebucht.

# A lost ticket, at the desk
reissue = Codes neu ausstellen
reissue-intro = Wenn Tickets verloren sind: Die alten Codes gelten nirgends mehr. Die neuen stehen sofort auf der Besuchsseite der Gäste.
reissue-reason = Grund, für das Protokoll
desk-reissued = Neue Codes ausgestellt. Die alten gelten nicht mehr.
