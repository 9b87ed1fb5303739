# Die Uhr des Besuchs: was vor einem liegt, und was angeboten wird, wenn es nicht mehr reicht.
clock-next = Als Nächstes
clock-then = Danach
clock-be-there = Seien Sie dort spätestens um
clock-by = spätestens
clock-as-of = Stand
clock-a-minute = etwa eine Minute
clock-about = etwa { $n } Minuten
clock-drive = Herkommen
clock-park = Parken
clock-walk = Zum Eingang gehen
clock-desk = An der Kasse bezahlen
clock-queue = Zum Einlass
clock-meal = Essen abholen
clock-way = Weg
clock-seat = Zu den Plätzen
clock-blocked = Aufzug außer Betrieb
clock-in-time = Sie sind gut in der Zeit.
clock-at-risk = Es wird knapp: Die Türen schließen um { $time } Uhr.
clock-at-risk-do = Kommen Sie gern weiter: Solange die Türen offen sind, lassen wir Sie ein. Oder wechseln Sie in Ruhe in eine spätere Vorstellung.
clock-missed = Die Vorstellung hat ohne Sie begonnen.
clock-missed-do = Nach dem Beginn können wir niemanden mehr einlassen.
clock-offer = Alle zusammen nebeneinander, ohne Aufpreis. Ihre Codes gelten weiter. Essen und Stellplatz nehmen wir mit, wo dort noch Platz ist; ob es geht, sagen wir Ihnen gleich danach. Ihre jetzigen Plätze behalten Sie, bis Sie die neuen haben.
clock-take = Umbuchen auf
clock-standby = Heute hat keine Vorstellung mehr Plätze für Sie alle. Bitte kommen Sie zur Kasse: Dort gibt es Wartenummern für Plätze, die frei werden.
clock-rebooked = Umgebucht: { $to }
clock-desk-title = Auf eine andere Vorstellung umbuchen
clock-desk-intro = Alle zusammen, ohne Aufpreis; Essen und Stellplatz gehen mit, wo dort noch Platz ist; die Codes gelten weiter.
clock-desk-none = Heute hat keine Vorstellung mehr Plätze für die ganze Gruppe.
clock-desk-standby = Wartenummer für frei werdende Plätze
clock-desk-free = { $n ->
    [one] 1 Platz frei
   *[other] { $n } Plätze frei
}
clock-at-risk-staff = gefährdet
refused-PartlyIn = Ein Teil der Gruppe ist schon drin. Sie bleibt zusammen.
refused-StillInTime = Für diese Vorstellung reicht die Zeit noch. Die Kasse bucht Sie gern um.
refused-SameShowing = Der Besuch ist schon für diese Vorstellung.
refused-NoOption = In diese Vorstellung kann der Besuch nicht wechseln. Bitte eine der angebotenen wählen.
refused-Moving = Dieser Besuch wird gerade umgebucht. Bitte in ein paar Sekunden noch einmal.
refused-NotTogether = Dort sind keine Plätze nebeneinander frei. Bitte eine andere Vorstellung wählen.
refused-CostsMore = Die Plätze dort kosten mehr, als bezahlt ist. Bitte eine andere Vorstellung wählen.
refused-NeedNotFree = Einen passenden Platz gibt es dort nicht mehr. Bitte eine andere Vorstellung wählen.
clock-elsewhere = Mit dem Auto: Bitte parken Sie an einem der Plätze, die oben stehen.
clock-plan = Ihr Weg
clock-plan-why = So lange dauert es gewöhnlich. Kurz vor der Vorstellung steht hier, wie es gerade ist.
