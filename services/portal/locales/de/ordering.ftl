# Bestellen: Abholzeit, Tabletts einer Gruppe, Tresen
menu-food = Speisen
menu-drinks = Getränke
menu-combos = Menüs
pickup-just-before = kurz vorher, voraussichtlich um { $time }
pickup-just-before-unknown = kurz vorher
pickup-right-after = so bald wie möglich, voraussichtlich um { $time }
pickup-right-after-unknown = so bald wie möglich
pickup-too-late = nicht mehr möglich
pickup-time-full = { $time }, voll
pickup-time-few = { $time }, nicht mehr alles
tray-title = Essen für eine Gruppe, auf Tabletts
tray-intro = Für eine Schulklasse oder einen Verein: Jedes Tablett hat einen Namen, den Sie selbst wählen, und die Küche deckt es so. Für wenige Gäste ist die Liste oben einfacher.
tray-hint = Zum Beispiel „1 – vegetarisch“ oder „Mars“. Bitte keine Namen von Personen: Die Küche sieht sie auf ihrer Tafel. Am Ende des Tages werden sie gelöscht.
tray-nth = Tablett { $n }
tray-name = Name des Tabletts
tray-item = { $n }. Gericht oder Getränk
tray-count = Anzahl
tray-show = Änderungen zeigen
tray-row = Noch eine Zeile
tray-copy = Noch so ein Tablett
tray-more = Noch ein leeres Tablett
tray-either = Bitte bestellen Sie entweder einzeln oder auf Tabletts, nicht beides.
tray-choose = Tablett { $name }: Bitte auswählen, was dazugehört.
tray-together = Zusammen:
counter-title = Am Tresen
counter-ticket = Bestellung
counter-intro = Gerichte antippen. Preis und Zeit stehen dann hier. Kassiert wird an der Kasse des Cafés.
counter-less = Eins weniger: { $name }
counter-more = Eins mehr: { $name }
counter-undo = Zurück
counter-clear = Leeren
counter-total = Preis
counter-ready-at = Fertig um
counter-ready = fertig um { $time }
counter-pieces = { $n ->
    [one] Ein Stück
   *[other] { $n } Stück
}
counter-place = Bestellen, Nummer geben
counter-placed = Nummer { $n }
counter-at = Abholung um { $time }
counter-take-back = Zurücknehmen
counter-taken-back = Nummer { $n } ist zurückgenommen.
counter-changed = Das ging gerade nicht. Bitte noch einmal versuchen.
refused-NotWalkUp = Nur Bestellungen vom Tresen werden hier zurückgenommen.
