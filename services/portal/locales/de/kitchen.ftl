## Küche: Tafel, Entscheidungen, Tresen, Abholtafel
kitchen-places = Stationen und Seiten der Küche
kitchen-all = Alle Stationen
kitchen-undo = Zurück
kitchen-more = Mehr …
kitchen-lines = Bestellt
kitchen-order-title = Bestellung { $n }
kitchen-decide = { $n ->
    [one] Eine Bestellung braucht eine Entscheidung
   *[other] { $n } Bestellungen brauchen eine Entscheidung
}
kitchen-unsent = { $n ->
    [one] Ein Zettel ist nirgends zu lesen
   *[other] { $n } Zettel sind nirgends zu lesen
}
order-recalled = noch einmal gerufen
order-walk-up = am Tresen
order-unsent = nicht gedruckt
order-tray = Tablett
station-busy = dauert { $n } min länger
station-delay = Dauert länger:
decisions-title = Entscheidungen
decisions-affected = Kommt nicht wie bestellt
decisions-none = Alles kommt wie bestellt.
decisions-until = Antwort bis
decisions-later = Später, um
decisions-refund = Geld zurück
decisions-refund-at = Das Geld geht zurück um
decisions-keep = Wie bestellt machen
decisions-all-the-same = Trotzdem machen, sobald die Gäste da sein können
decisions-other-dish = Anderes Gericht (Bestellung öffnen)
decisions-no-longer = Abholung nicht mehr um
decisions-order = Bestellung öffnen
tickets-title = Ungedruckte Zettel
tickets-intro = Diese Zettel zeigt kein Bildschirm, und der Drucker hat sie nicht bestätigt.
tickets-none = Alle Zettel sind zu lesen.
tickets-attempts = { $n ->
    [0] noch nicht versucht
    [one] einmal versucht
   *[other] { $n }-mal versucht
}
tickets-print = Drucken
tickets-to-printer = Der Zettel zu Nummer { $n } geht an den Drucker. Steht er nicht mehr in der Liste, ist er gedruckt.
tickets-printed = gedruckt
tickets-papers = Zettel
waste-title = Weggeworfen
waste-totals = Heute zusammen
waste-entries = Heute einzeln
waste-none = Heute noch nichts.
waste-record = Etwas eintragen
waste-what = Was
waste-how-many = Wie viele
waste-why = Warum
waste-when = Wann
waste-of = von Nummer
waste-do = Eintragen
waste-cancelled = Bestellung abgebrochen
waste-not-collected = nicht abgeholt
waste-mistake = Fehler beim Kochen
waste-dropped = heruntergefallen
waste-spoiled = verdorben
substitute-ask = Ersetzen …
substitute-title = Statt { $name }
substitute-intro = Teurer wird es für die Gäste nicht. Kostet es weniger, bekommen sie den Unterschied zurück. Sie erfahren davon, sobald „Zurück“ nicht mehr gilt.
substitute-declared = Die Gäste vertragen nicht:
substitute-added = Neu darin (auch Spuren); jedes einzeln bestätigen
substitute-do = Das stattdessen
stop-title = Abbrechen
stop-intro = Nur was schon angefangen wurde. Bitte eintragen, was weggeworfen wird.
stop-thrown = weggeworfen
stop-refund = Der Preis geht zurück (dann gilt kein „Zurück“ mehr).
stop-do = Bestellung abbrechen
pickup-title = Abholtafel
meal-page = Ihr Essen
meal-decide = Bitte wählen Sie:
meal-being-decided = Die Küche entscheidet gerade über Ihr Essen. Bitte laden Sie diese Seite in ein paar Minuten neu.
meal-time-open = Abholzeit noch offen
meal-time-choose = Abholzeit noch offen: bitte unter „Ihr Essen“ wählen
meal-later = Später essen, um { $time }
meal-refund = Kein Essen, Geld zurück
meal-default-later = Ohne Antwort bis { $time } kommt Ihr Essen zur späteren Zeit.
meal-default-refund = Ohne Antwort bis { $time } bekommen Sie Ihr Geld zurück.
meal-said-later = Ihr Essen kommt später.
meal-said-refund = Ihr Essen entfällt, den Preis bekommen Sie zurück.
meal-state = Stand
meal-own-number = Ihre Nummer
meal-state-held = vorgemerkt
meal-state-scheduled = bestellt
meal-state-preparing = wird zubereitet
meal-state-ready = steht bereit
meal-state-collected = abgeholt
meal-state-cancelled = entfällt
meal-state-expired = nicht abgeholt
meal-state-rejected = abgelehnt: Die Küche hatte keine Zeit mehr frei
refused-NothingToDecide = Diese Bestellung braucht keine Entscheidung mehr.
refused-BeingDecided = Die Küche entscheidet gerade über dieses Essen. Bitte in ein paar Minuten noch einmal ansehen.
refused-BeingMade = Das Essen wird schon gemacht. Bitte die Küche fragen.
refused-NoLaterPickup = Heute gibt es keine spätere Zeit mehr.
refused-NotFired = Die Küche hat noch nicht angefangen; hier wird nur abgebrochen, was angefangen wurde.
refused-TooLateToSubstitute = Ersetzt werden kann nur, was noch nicht fertig ist.
refused-DeclaredAllergen = Das vertragen die Gäste nicht. Bitte etwas anderes wählen.
refused-AllergensNotRead = Bitte jedes neue Allergen einzeln bestätigen.
refused-StationRests = Diese Station arbeitet gerade nicht.
refused-NoPart = Diese Station hat keinen Teil an der Bestellung.
refused-NothingToTakeBack = Es gibt nichts mehr zurückzunehmen: Die Bestellung ist weiter, oder es ist zu lange her.
substitute-dropped = Das gibt es hier nicht:
waste-taken-back = zurückgenommen
refused-NoSuchWaste = Diesen Eintrag gibt es nicht. Bitte die Seite neu laden.
refused-WasteOfOrder = Das gehört zu einer Bestellung. Bitte das Abbrechen der Bestellung zurücknehmen.
refused-WasteOfOtherDay = Ein Eintrag lässt sich nur am selben Tag zurücknehmen.
hand-out-title = Ausgabe
hand-out-code = Nummer, Code oder Kurzzeichen
hand-out-find = Finden
hand-out-recall = Noch einmal rufen
hand-out-waiting = Wartet auf Abholung
hand-out-none = Dazu steht hier nichts. Bitte die Nummer prüfen, oder in der Küche nachfragen.
gives-back = ↩ Am Tresen noch zurückzugeben: { $money }
kitchen-give-backs = { $n ->
    [one] Für eine Bestellung am Tresen geht Geld zurück
   *[other] Für { $n } Bestellungen am Tresen geht Geld zurück
}
give-back-title = Geld zurückgeben
give-back-do = { $money } zurückgegeben
give-back-noted = Notiert: Das Geld von Nummer { $n } ist zurückgegeben.
give-back-not-noted = Das Geld von Nummer { $n } ist wieder zurückzugeben.
given-back-title = Am Tresen zurückgegeben
given-back = { $money } zurückgegeben
given-back-not = { $money } doch nicht zurückgegeben
refused-OtherAmount = Inzwischen ist ein anderer Betrag zurückzugeben. Er steht hier.
pre-orders-title = Vorbestellt
pre-orders-today = Heute
pre-orders-tomorrow = Morgen
pre-orders-orders = { $n ->
    [one] Eine Bestellung ist noch zu machen.
   *[other] { $n } Bestellungen sind noch zu machen.
}
pre-orders-none = Für diesen Tag ist nichts vorbestellt, oder alles ist schon in Arbeit.
pre-orders-no-day = Diesen Tag gibt es hier nicht: Er ist vorbei, liegt über ein Jahr voraus oder ist kein Datum wie 2026-11-28. Bitte einen Tag hier oben wählen.
pre-orders-totals = Zusammen
pre-orders-many = Anzahl
pre-orders-dish = Gericht
pre-orders-quarters = Nach Abholzeit, je Viertelstunde
pre-orders-from = Ab
pre-orders-dishes = Gerichte, und Tabletts von Gruppen mit ihrer Nummer
