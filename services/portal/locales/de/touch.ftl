## How long one waits, and what is done with one touch
waits-title = Wartezeiten
wait-door = Bis alle drin sind
wait-span = { $some } bis { $all } min
wait-unknown = unbekannt
wait-not-measured = noch nicht genug gemessen
wait-pace = { $n ->
    [one] 1 Person in der Stunde
   *[other] { $n } Personen in der Stunde
}
zone-stop = Stopp
zone-stopped = Zugang gestoppt
zone-let-in = Freigeben
preset-orders = Ein Druck ordnet sofort an:
preset-reports = Ein Druck meldet, und die Monitore zeigen es:
preset-else = Anderes:
evacuation-open = Räumung …
evacuation-follows = „Räumung auslösen“ räumt das Haus: alle Monitore, kein Einlass, Personenzahlen.
exercise = Räumungsübung beginnen
exercise-intro = Eine Übung läuft wie im Ernstfall ab, nur sagen Monitore und Warnungen nach außen, dass es eine Übung ist. Der Knopf darüber macht jederzeit Ernst daraus.
presses-lost = Ein Tipp auf + oder − kam nicht an. Bitte den Bereich nachzählen.
directive-cause = Warum umleiten? (lesen die Gäste)
cause-known = was das Haus selbst weiß
cause-full = voll
cause-cleaning = wird gereinigt
cause-fault = technische Störung
cause-private = geschlossene Gesellschaft
cause-wait = lange Wartezeit
directive-reason = Notiz (liest nur das Personal)
directive-in = Gilt in Minuten (0: sofort)
measure-from = ab
