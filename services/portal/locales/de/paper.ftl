## Der Tag auf Papier
paper-title = Tagesliste
paper-link = Tagesliste drucken
paper-hint = Bitte jeden Morgen drucken: Fällt das Netz aus, wird nach dieser Liste eingelassen und abgehakt.
paper-again = Neu laden
paper-today = Heute
paper-tomorrow = Morgen
paper-none = An diesem Tag ist keine Vorstellung.
paper-nobody = Niemand hat gebucht.
paper-doors = Einlass
paper-until = bis
paper-booked = { $some } von { $all } Plätzen gebucht
paper-assistance = { $n ->
    [one] 1 Gast braucht Begleitung
   *[other] { $n } Gäste brauchen Begleitung
}
paper-parties = Buchungen nach Kurzzeichen
paper-reference = Kurzzeichen
paper-people = Personen
paper-in = schon drin
paper-needs = mit Begleitung
paper-seats = Plätze
paper-tick = da
