# What the desk has to hand out, and what the kitchen's own system has not taken
payouts-title = Auszahlungen
payouts-again = Neu laden
payouts-open = Liegt am Empfang bereit
payouts-none = Nichts auszuzahlen.
payouts-count = { $n ->
    [one] Eine Auszahlung offen
   *[other] { $n } Auszahlungen offen
}
payouts-more = { $n ->
    [one] Eine weitere steht nicht hier; sie rückt nach.
   *[other] { $n } weitere stehen nicht hier; sie rücken nach.
}
payouts-today = Heute ausgezahlt
payouts-today-intro = Falsch gedrückt? Bis Mitternacht lässt es sich zurücknehmen; dann liegt der Betrag wieder bereit.
payouts-unanswered = Der Zahlungsanbieter antwortet nicht
payouts-unanswered-intro = Er wird von selbst weiter gefragt. Hier ist nichts auszuzahlen: Das Geld könnte schon unterwegs sein. Was länger als einen Tag hier steht, klärt die Verwaltung mit dem Anbieter.
payout-paid-here = Am Empfang bezahlt: auszahlen, wenn jemand mit diesem Kurzzeichen kommt.
payout-refused = Der Zahlungsanbieter gibt das nicht zurück: am Empfang auszahlen.
payout-whole = Der ganze Rest des Besuchs.
payout-since = seit
payout-no-reference = Kurzzeichen gerade nicht zu haben
payout-take-back = Zurücknehmen
payout-taken-back = Zurückgenommen: { $sum } liegt wieder bereit.
payout-undo-hint = Falsch gedrückt? Auf der Seite „Auszahlungen“ lässt es sich heute zurücknehmen.
payout-attempts = { $n ->
    [one] einmal gefragt
   *[other] { $n }-mal gefragt
}
refused-NotPaidOut = Das ist heute nicht als ausgezahlt notiert: Zurückzunehmen ist nichts.
kds-title = System der Küche
kds-intro = Was das eigene System der Küche nicht angenommen hat. Es bekommt jede Meldung von selbst noch einmal, solange sie wartet.
kds-off = Es ist kein System eingerichtet, dem das Haus etwas meldet.
kds-none = Das System hat alles angenommen.
kds-waiting = { $n ->
    [one] Eine Meldung wartet
   *[other] { $n } Meldungen warten
}
kds-refused = { $n ->
    [one] Eine Meldung abgelehnt
   *[other] { $n } Meldungen abgelehnt
}
kds-stuck = { $n ->
    [one] Eine Meldung kommt bei Ihrem System nicht an
   *[other] { $n } Meldungen kommen bei Ihrem System nicht an
}
kds-about-time = Abholzeit
kds-about-status = Stand
kds-about-busy = Auslastung der Küche
kds-order = Bestellung { $n }
kds-state-waiting = wartet
kds-state-refused = abgelehnt
kds-state-given-up = aufgegeben
kds-next = Nächster Versuch { $time }
kds-made = von { $time }
kds-send = Noch einmal senden
kds-give-up = Aufgeben
kds-give-up-why = Warum, etwa „am Telefon gesagt“
kds-sent = Wird gleich gesendet.
kds-given-up = Aufgegeben.
refused-MessageOvertaken = Neueres zur selben Sache ist angekommen oder unterwegs: Dieses würde das System zurücksetzen. Bitte aufgeben.
refused-MessageTaken = Das System hat diese Meldung angenommen: Aufzugeben ist nichts.
combo-change = Ändern: { $name }
refused-NoSuchKdsMessage = Diese Meldung gibt es nicht mehr.
