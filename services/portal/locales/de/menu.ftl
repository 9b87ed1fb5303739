# Speisekarte, Bestellung, Belege
menu-served = Nur von { $times } Uhr
menu-sold-out = Ausverkauft
menu-station-rests = Zurzeit nicht zu haben
menu-few = { $n ->
    [one] Nur noch eine Portion
   *[other] Nur noch { $n } Portionen
}
menu-change = Anders, bitte
menu-change-all = Gilt für alle Stück dieses Gerichts.
menu-unchanged = wie beschrieben
menu-another = { $name } mit anderer Auswahl
menu-conflict = enthält, oder in Spuren: { $names }
avoid-title = Allergien und Unverträglichkeiten
avoid-legend = Was Sie nicht essen können
avoid-why = Wir prüfen damit Ihre Bestellung. Niemand bekommt es angezeigt, und am Ende des Tages wird es gelöscht. Die Zahlen sind die der EU-Verordnung 1169/2011.
avoid-ok = Ich weiß es und bestelle trotzdem so
receipts-title = Belege für das Essen
receipts-none = Ein Beleg ist da, sobald das Essen bestätigt und bezahlt ist.
receipts-link = Belege für das Essen, zum Drucken
receipt-sale = Beleg Nr. { $number }
receipt-cancellation = Stornobeleg Nr. { $number }
receipt-takes-back = nimmt Beleg Nr. { $number } zurück
receipt-taxes = Enthaltene Steuer
receipt-rate = Satz
receipt-net = Netto
receipt-tax = Steuer
receipt-gross = Brutto
receipt-unsigned = Nicht signiert: Es gibt noch keine Signatur einer technischen Sicherheitseinrichtung.
receipt-signature = Signatur der technischen Sicherheitseinrichtung:
receipt-transaction = Vorgang
stock-title = Was noch da ist
stock-intro = Gilt für heute. Was bestellt ist, bleibt bestellt.
stock-left = { $n ->
    [one] Eine Portion
   *[other] { $n } Portionen
}
stock-uncounted = Da, nicht gezählt
stock-out = Ausverkauft
stock-undo = Doch noch da
stock-count = Noch übrig
stock-save = Merken
stock-is-out = { $name } ist ausverkauft. „Doch noch da“ nimmt es zurück.
stock-is-there = { $name } gibt es.
unsigned-title = Belege und Bestellungen ohne Signatur
unsigned-intro = Jeder wird mit demselben Vorgang wieder versucht, wenn eine Sicherheitseinrichtung eingerichtet ist.
unsigned-receipt = Beleg
unsigned-attempts = Versuche
receipt-tax-number = , Steuernummer { $number }
receipts-print = Zum Drucken die Druckfunktion des Browsers nutzen. Nach dem Bezahlen kann der Beleg einen Augenblick brauchen: dann die Seite neu laden.
receipts-of-party = Belege für das Essen
