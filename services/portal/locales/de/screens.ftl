## What the monitors play, and how they are kept
media-title = Bilder und Filme
media-upload = Hochladen
media-kinds = PNG, JPEG oder WebP bis 5 MB, MP4 oder WebM bis 30 MB, am besten 1920 × 1080. Filme laufen ohne Ton.
media-file = Datei
media-name = Name (leer: wie die Datei heißt)
media-none = Noch nichts hochgeladen.
media-look = Ansehen
media-delete = Löschen
media-delete-sure = Ja, löschen
media-deleted = Gelöscht.
media-used = In:
media-stored = Gespeichert: { $name }
media-empty = Es kam keine Datei an, oder sie ist leer. Bitte eine Datei auswählen.
media-refused = Nicht angenommen. Möglich sind PNG, JPEG und WebP bis 5 MB, MP4 und WebM bis 30 MB; es zählt der Inhalt, nicht der Name der Datei.
playlists-title = Abspiellisten
playlists-none = Noch keine Abspielliste.
playlists-first-media = Zuerst Bilder oder Filme hochladen.
playlist-new = Neue Abspielliste
playlist-edit = Abspielliste ändern
playlist-facts = { $some ->
    [one] 1 Bild oder Film
   *[other] { $some } Bilder und Filme
}, zusammen { $all } Sekunden
playlist-name = Name
playlist-help = Was Bild oder Film sagen, lesen auch alle, die es nicht sehen; und es steht auf dem Monitor, wenn sich eine Datei nicht abspielen lässt. Zeilen ohne Bild zählen nicht. Die Reihenfolge folgt der Platznummer.
playlist-medium = Bild oder Film
playlist-nothing = – nichts –
playlist-seconds = Sekunden
playlist-place = Platz
playlist-says = Was es sagt
playlist-stored = Gespeichert: { $name }
playlist-removed = Entfernt.
playlist-refused = So geht es nicht. Jede Zeile braucht 3 bis 600 Sekunden und einen deutschen Text; die Liste braucht einen Namen.
schedules-title = Zeiten
schedules-none = Es läuft keine Abspielliste: Alle Monitore zeigen, wofür sie da sind.
schedules-first-list = Zuerst eine Abspielliste anlegen.
schedule-new = Abspielliste einplanen
schedule-edit = Zeit ändern
schedule-list = Abspielliste
schedule-groups = Monitore (keine Auswahl: alle)
schedule-days = Tage
schedule-part = Tageszeit
schedule-own = Eigene Zeiten
schedule-from = von
schedule-until = bis
schedule-limits = Nur an diesen Tagen (leer: ohne Grenze)
schedule-first = Erster Tag
schedule-last = Letzter Tag
schedule-beside = daneben
schedule-instead = statt des Üblichen
schedule-beside-help = Neben dem, was der Monitor sonst zeigt, nicht an dessen Stelle
schedule-from-day = ab { $day }
schedule-until-day = bis { $day }
schedule-stored = Eingeplant: { $name }
schedule-removed = Entfernt.
schedule-refused = So geht es nicht. Bitte Tageszeit und Tage prüfen.
every-day = täglich
weekday-1 = Mo
weekday-2 = Di
weekday-3 = Mi
weekday-4 = Do
weekday-5 = Fr
weekday-6 = Sa
weekday-7 = So
change = Ändern
remove = Entfernen
remove-sure = Ja, entfernen
store = Speichern
leave = Abbrechen
screen-look = Ansehen
screen-health = Wie es ihm geht
screen-heard = Zuletzt gehört
screen-never = noch nie
screen-neighbours = Nachbarn, die einspringen
screen-stands-in = Springt ein für
screen-setup = Einrichtung
screen-is-changed = Anders als in der Hausdatei
screen-location = Ort
screen-profile = Aufgabe
screen-orientation = Ausrichtung
screen-landscape = quer
screen-portrait = hochkant
screen-distance = Leseabstand in Metern
screen-own-group = Gruppe
screen-groups = Auch in den Gruppen
screen-new-group = Neue Gruppe (kleine Buchstaben, Ziffern, Bindestrich)
screen-changed = Gespeichert; der Monitor zeigt es schon.
screen-reset = Wieder wie in der Hausdatei
screen-details = Einzelheiten
profile-foyer = Foyer: nächste Vorstellungen
profile-dome-door = Tür zum Saal
profile-wayfinding = Wegweiser
profile-parking = Parkplatz
profile-cafe = Ausgabe des Cafés
profile-queue = Aufrufnummern
profile-room-door = Tür eines Raums
group-queue = Aufrufnummern
group-room-door = Türen der Räume
health-revision = Gezeigter Stand
health-revisions = { $some } von { $all }
health-size = Bildfläche
health-clock = Uhr des Geräts
health-zone = Zeitzone
health-room = Freier Speicher
health-player = Abspieler
health-name = Gerätename
health-address = Adresse im Netz
health-status = Sagt von sich
heard-seconds = vor { $n } s
heard-minutes = vor { $n } min
faults-title = Störungen
faults-none = Keine gemeldet.
fault-open = offen
fault-over = vorbei
fault-media = Bild oder Film lässt sich nicht abspielen
fault-clock = Uhr geht falsch
fault-no-data = Keine Verbindung zum Haus
fault-offline = Nicht für Ausfälle gerüstet
fault-script = Fehler im Abspieler
fault-plays = Nachweise wurden nicht angenommen
absences-title = Stumm gewesen
absences-none = In den letzten 35 Tagen nie.
absences-never-heard = Von diesem Monitor wurde noch nie etwas gehört. Solange das so ist, wird er nicht vermisst.
absences-week = { $n ->
    [0] In den letzten sieben Tagen nie.
    [one] In den letzten sieben Tagen einmal, { $time }.
   *[other] In den letzten sieben Tagen { $n }-mal, zusammen { $time }.
}
picture-title = Bild vom Schirm
picture-ask = Neues Bild anfordern
picture-now-asked = Angefordert. Die Antwort steht in einigen Sekunden hier.
picture-none = Noch keines angefordert.
picture-taken = Aufgenommen um { $time }.
picture-drawn = Um { $time } von der Seite selbst gezeichnet. Was ein anderes Programm darüberlegt, ist nicht darauf.
picture-asked = Angefordert um { $time }, noch ohne Antwort. Seite neu laden.
picture-no-answer = Angefordert um { $time }; der Monitor hat nicht geantwortet.
picture-not-supported = Angefordert um { $time }. Der Monitor konnte kein Bild seines Schirms machen. Was er zeigt, steht links und unter „Ansehen“.
preview-title = Vorschau: { $name }
preview-link = Vorschau zu jeder Zeit
preview-day = Tag
preview-time = Uhrzeit
preview-show = Zeigen
preview-no-time = Diesen Zeitpunkt gibt es nicht. Bitte Tag und Uhrzeit prüfen.
preview-too-far = Das ist mehr als 400 Tage entfernt.
preview-note = Nach allem, was jetzt bekannt ist. Der Monitor selbst zeigt jeden Text so groß, wie es sein Leseabstand verlangt.
plays-title = Was lief: { $name }
plays-link = Was wirklich lief
plays-csv = Als Tabelle (CSV)
plays-none = Für diesen Tag ist nichts gemeldet.
plays-what = Was
plays-times = Wie oft
plays-long = Wie lange
plays-first = Zuerst
plays-last = Zuletzt
plays-note = Wie es der Monitor gemeldet hat. War er ohne Netz, kommt es nach.
play-content = Anzeige: { $class }
day-before = Tag davor
day-after = Tag danach
monitor-estimated = geschätzt
monitor-degraded = ungenau

# A neighbour speaks for a silent monitor
display-taken-by = Seine Meldung zeigt jetzt: { $name }
display-stands-in = Zeigt auch die Meldung von: { $names }
messages-just-withdrawn = Eben zurückgenommen
message-restore = Wieder zeigen
message-restored = Wird wieder gezeigt.
messages-just-expired = Eben abgelaufen
message-published = veröffentlicht
message-delivered = zum Teil bestätigt
message-rendered = von allen bestätigt
message-on-none = auf keinem Monitor zu sehen
message-waiting = Noch nicht bestätigt haben:

# What the front desk is told of the monitors
alert-monitor-alarm = { $name }: zeigt den Weg hinaus, sein Alarmkontakt hat ausgelöst
alert-monitors-away = Wie es den Monitoren geht, ist gerade nicht zu erfahren.

# In plain German, in turn with the English
monitor-doors-open-easy = Tür ist offen
monitor-last-call-easy = Bitte jetzt kommen
monitor-running-easy = Tür ist zu
monitor-delayed-easy = Beginnt später
monitor-cancelled-easy = Findet nicht statt
monitor-places-easy = { $n ->
    [0] kein Platz mehr
    [one] noch 1 Platz
    *[other] noch { $n } Plätze
}
monitor-estimated-easy = ungefähr
monitor-degraded-easy = nicht genau
monitor-stand = Stand { $time }
monitor-stand-easy = Das war um { $time } Uhr so

# What was done to the monitors, and their panels
displays-audit-title = Protokoll der Monitore
displays-audit-intro = Wer an den Monitoren was wann getan hat, das Neueste zuerst. „time“: von selbst, etwa eine amtliche Warnung.
message-on = Auf { $all ->
    [one] 1 Monitor
    *[other] { $all } Monitoren
}, { $some } haben bestätigt
screen-panel = Für diesen Abstand muss die kurze Seite des Bildschirms mindestens { $n } cm lang sein.
