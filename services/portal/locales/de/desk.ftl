## The front desk and the operator's page
area-operator = Vorführung
desk-live = Verbunden, Stand
desk-next-step = Nächster Schritt
desk-other-steps = Andere Schritte
desk-details = Einzelheiten
desk-now = Jetzt
desk-in-minutes = { $n ->
    [0] jetzt
    [one] in 1 Minute
   *[other] in { $n } Minuten
}
desk-minutes-ago = { $n ->
    [0] gerade eben
    [one] seit 1 Minute
   *[other] seit { $n } Minuten
}
desk-no-showings = In den nächsten Stunden ist keine Vorstellung.
desk-later-showings = { $n ->
    [one] Noch 1 weitere Vorstellung
   *[other] Noch { $n } weitere Vorstellungen
}
desk-alerts = Achtung
desk-no-alerts = Keine Meldungen.
alert-level = { $zone }: voll
alert-red = { $zone }: fast voll
alert-unknown = { $zone }: Niemand weiß, wie viele dort sind. Bitte zählen.
zone-count-reason = gezählt, Zahl war nicht bekannt
zone-count = Zahl setzen
alert-late = { $what }: zu spät dran

missing-title = Wer fehlt
missing-none = Gerade fehlt niemand, dessen Vorstellung bald beginnt.
missing-away = Wer fehlt, ist gerade nicht zu erfahren. Die Zahlen oben zählt die Tür selbst.
missing-foyer = Foyer
missing-car-park = Parkplatz
missing-on-the-way = Auto fehlt noch
missing-unknown = unbekannt
missing-people = { $n ->
    [one] 1 Person
   *[other] { $n } Personen
}
missing-of = davon drin
missing-slack = Zeit übrig
missing-best-case = bestenfalls
missing-more = { $n ->
    [one] und 1 weitere Gruppe
   *[other] und { $n } weitere Gruppen
}
missing-pace-measured = Tür: { $n } Personen in 10 Minuten, gemessen
missing-pace-usual = Tür: { $n } Personen in 10 Minuten, Erfahrungswert
missing-seen = gesehen
whereabouts-foyer = im Foyer
whereabouts-on-the-way = noch nicht da
outlook-in-time = schafft es
outlook-close = wird knapp
outlook-too-late = zu spät
outlook-unknown = offen
mark-wheelchair = Rollstuhlplatz
mark-companion = Begleitperson
mark-hearing-loop = Hörschleife
mark-step-free = stufenfrei
mark-guide-dog = Begleithund
mark-coach = Reisebus

hold-title = Türen offen halten
hold-look-first = Erst ansehen, was das kostet. Nichts ändert sich, bevor Sie bestätigen.
hold-minutes = { $n } min
hold-other = Andere Minuten
hold-look = Ansehen
hold-starts = Neuer Beginn
hold-who = Wer es dann schafft
hold-now = jetzt
hold-then = mit { $n } min
hold-in-time = schaffen es
hold-close = wird knapp
hold-unknown = Von { $n } Fehlenden weiß niemand, wo sie sind. Für sie verspricht Warten nichts.
hold-following = Folgende Vorstellungen
hold-following-none = Heute folgt in diesem Saal nichts mehr.
hold-clash-none = bleibt, wie geplant
hold-clash-turnover = nur { $n } min Umbau
hold-clash-overlap = Überschneidung
hold-moves = verschieben um
hold-booked = gebucht
hold-kitchen = Küche
hold-meals = { $n ->
    [0] Kein Essen verschiebt sich.
    [one] 1 Abholung verschiebt sich:
   *[other] { $n } Abholungen verschieben sich:
}
hold-order = Nr.
hold-parking = Parkplatz
hold-bays = { $n ->
    [0] Kein Parkrecht endet später.
    [one] 1 Parkrecht endet später, bis
   *[other] { $n } Parkrechte enden später, das letzte um
}
hold-visits = { $n ->
    [one] 1 Besuch bekommt Bescheid.
   *[other] { $n } Besuche bekommen Bescheid.
}
hold-shift = Folgende Vorstellungen mitverschieben, so weit der Umbau es braucht
hold-confirm = { $n } Minuten warten
hold-back = Doch nicht warten
hold-moved-too = { $n ->
    [one] 1 folgende Vorstellung ist mitverschoben.
   *[other] { $n } folgende Vorstellungen sind mitverschoben.
}
hold-reason = Wir warten auf Gäste.
hold-reason-plain = Wir warten noch auf Gäste. Dann geht es los.
hold-turnover-note = Zwischen zwei Vorstellungen braucht der Saal { $n } Minuten.

earlier-title = Früher beginnen
earlier-intro = Die Vorstellung ist { $n } Minuten verschoben. Das lässt sich ganz oder zum Teil zurücknehmen.
earlier-look = Ansehen, was das kostet
earlier-told = Die spätere Zeit ist schon gesagt. Wer sich nach ihr richtet, kommt vielleicht zu spät.
earlier-then = Beginn
earlier-unknown = Von { $n } Fehlenden weiß niemand, wo sie sind.
earlier-follows = war mit verschoben
earlier-moves = kommt zurück um
earlier-bays = { $n ->
    [0] Kein Parkrecht endet früher.
    [one] 1 Parkrecht endet früher, um
   *[other] { $n } Parkrechte enden früher, das letzte um
}
earlier-shift = Folgende Vorstellungen mit zurückholen, so weit der Umbau es zulässt
earlier-confirm = { $n } Minuten früher beginnen
earlier-back = Bei der späteren Zeit bleiben

zones-title = Im Haus
zone-band = Zahl unbekannt
zone-of = von
zone-one-in = einer kommt
zone-one-out = einer geht
group-limit = Fluchtweg: { $name }

lookup-title = Buchung finden
lookup-let-in = Alle einlassen
ordered-as = Bestellt von

operator-title = Vorführung
operator-none = Für die nächsten Stunden ist keine Vorstellung geplant.
operator-choose = Vorstellung wählen
operator-doors-in = Einlass
operator-starts-in = Beginn
operator-ends-in = Ende
operator-nobody = Noch hat niemand gebucht.
operator-ready = Alle sind da. Bereit zum Start.
operator-not-ready = { $n ->
    [one] Es fehlt noch 1 Person.
   *[other] Es fehlen noch { $n } Personen.
}
operator-next-in-hall = Danach im Saal

measures-title = Anweisungen und Vorfälle
measures-none = Nichts läuft.
measure-proposed = vorgeschlagen
measure-confirmed = bestätigt
measure-active = läuft
measure-acked = alle Monitore zeigen es
measure-ended = beendet
measure-displays = Monitore
measure-until = bis
measure-confirm = Bestätigen
measure-decline = Ablehnen
measure-end = Beenden
directive-redirect = Umleiten
directive-stop = Zugang stoppen
directive-overflow = Ausweichraum öffnen
directive-new = Anweisung geben
directive-from = Wer in diesem Bereich steht
directive-to = soll gehen nach
directive-to-none = nirgendwohin, nur Stopp
directive-minutes = Wie lange (Minuten)
directive-propose = Nur vorschlagen
directive-order = Sofort anordnen
incident-new = Vorfall melden
incident-lost-child = Kind vermisst
incident-medical = Medizinischer Notfall
incident-technical = Technische Störung
incident-evacuation = Räumung
incident-where = Wo
incident-whole-house = ganzes Haus
incident-lift = Welcher Aufzug
incident-no-lift = kein Aufzug
incident-note = Notiz für das Team (keine Namen)
incident-report = Melden und bestätigen
incident-propose = Nur melden, noch nicht zeigen
report-title = Vorfall melden, Menschen zählen
report-intro = Ein Druck sagt es dem Empfang. Der bestätigt es; erst dann zeigen es die Monitore.
report-rooms = Menschen zählen

audit-title = Protokoll
audit-intro = Wer was wann getan hat, das Neueste zuerst. Was die Hausdatei geändert hat, hat kein Konto: Bei ihr steht „Hausdatei“.
audit-none = Noch nichts.
act-export-admission-list = Einlassliste für ein Gerät ausgegeben
act-form-call-groups = Gruppen gebildet
act-move-call-group = Gruppe aufgerufen oder weitergeführt
act-issue-queue-number = Nummer ausgegeben
act-move-queue-number = Nummer aufgerufen oder weitergeführt
act-move-admission = Schritt einer Vorstellung
act-assumed-gone = Gäste als gegangen gezählt
act-report-cleaned = Saal sauber gemeldet
act-let-in-by-staff = Mit Begründung eingelassen
act-undo-scan = Einlass zurückgenommen
act-undo-step = Schritt zurückgenommen
act-report-everybody-out = Gemeldet: Alle sind draußen
act-take-back-everybody-out = „Alle sind draußen“ zurückgenommen
act-set-house = Zustand des Hauses gesetzt
act-propose-directive = Anweisung vorgeschlagen
act-confirm-directive = Anweisung bestätigt
act-end-directive = Anweisung beendet
act-resume-directive = Anweisung wieder aufgenommen
act-prolong-directive = Anweisung verlängert
act-rewrite-way = Weg einer Anweisung geändert
act-report-incident = Vorfall gemeldet
act-confirm-incident = Vorfall bestätigt
act-end-incident = Vorfall beendet
act-resume-incident = Vorfall wieder aufgenommen
act-resolve-scan-conflict = Scan-Konflikt geklärt
act-reopen-scan-conflict = Scan-Konflikt wieder geöffnet
act-submit-scans = Scans eines Geräts nachgetragen
act-set-lift = Aufzug
act-sensor = Zustand eines Zählers
act-set-sensor-state = Zähler in oder außer Betrieb
act-issue-sensor-token = Neuer Zugang für einen Zähler
act-clamped-at-zero = Zahl auf null begrenzt
act-correct-zone = Von Hand gezählt
act-click-zone = Getippt: hinein oder hinaus
act-rezero = Alle Zahlen auf null
act-set-clock-policy = Zeiten und Regeln des Einlasses
act-set-zone-limit = Grenze eines Bereichs
act-set-group-limit = Grenze eines Rettungswegs
act-set-counter = Was ein Zähler zählt
act-set-policy = Regeln für volle Bereiche
act-set-weather-rules = Regeln für Wetterwarnungen
act-set-headcount-rules = Annahmen der Personenzahl
audit-by-house-file = Hausdatei
audit-by-itself = Digital Sky
audit-by-time = Zeit abgelaufen
audit-by-policy = Regel der Hausdatei
audit-by-weather = Wetterwarnung
audit-older = Ältere
headcount-link = Personenzahl zum Ausdrucken
just-ended-title = Eben beendet
measure-resume = Doch nicht beenden
party-bay-lost = Stellplatz vergeben
party-bay-left = Ohne Aufpreis ist zu haben:
party-plate = Kennzeichen, zum Beispiel HAL-AB 123
house-open-again = Haus wieder öffnen
everybody-out = Alle waren draußen
everybody-out-intro = Nach einer Räumung, in der alle draußen waren: Wer schon eingelassen war, darf mit seiner Karte noch einmal hinein. Sind alle drin geblieben: nicht drücken.
everybody-in = Doch nicht alle waren draußen
everybody-out-done = { $n ->
    [one] Eine Person zählt als draußen und kommt mit ihrer Karte wieder hinein.
   *[other] { $n } Personen zählen als draußen und kommen mit ihren Karten wieder hinein.
}
everybody-in-done = { $n ->
    [one] Zurückgenommen: Eine Person zählt wieder als drin.
   *[other] Zurückgenommen: { $n } Personen zählen wieder als drin.
}
