# Verkaufen: zu viele zugleich, Umbuchen vor einem Warteraum
busy-title = Gerade kaufen sehr viele
busy-kept = Ihre Angaben sind noch da. Ob etwas frei ist, wissen wir gleich.
away-kept = Ihre Angaben sind noch da.
busy-trying = { $n ->
    [one] Wir versuchen es in einer Sekunde noch einmal.
   *[other] Wir versuchen es in { $n } Sekunden noch einmal.
}
busy-by-hand = Bitte drücken Sie in ein paar Sekunden auf den Knopf.
busy-now = Jetzt noch einmal versuchen
busy-change = Angaben ändern
rebook-wait = Vor dieser Vorstellung ist ein Warteraum offen. Sind Sie dran, gehen Sie zurück zu „Mein Besuch“ und wechseln dort.
reseat-wish = Ohne genaue Plätze: wo möchten sie sitzen?

# Am Empfang verkaufen
sell-title = Verkaufen
sell-intro = Für Gäste am Empfang oder am Telefon, auch aus den Kontingenten für Abendkasse, Haus und Schulen.
sell-before = Tag davor
sell-after = Tag danach
sell-day = Tag
sell-none = An diesem Tag ist nichts mehr geplant.
sell-for-schools = für Schulen
sell-free = Frei –
sell-do = Verkaufen
sell-from = Aus welchem Kontingent?
sell-door = Abendkasse
sell-staff = Haus
sell-school = Schule oder Kita
sell-contact-intro = Beides freiwillig. Mit E-Mail kommen Code und Änderungen auch dorthin.
sell-order = Verbindlich buchen
sell-sold = Gebucht
sell-take-along = Kurzzeichen oder Code gelten an Schranke, Tür und Theke. Zum Mitgeben diese Seite drucken oder das Kurzzeichen aufschreiben.
sell-over = Diese Buchung gibt es nicht mehr: abgelaufen oder storniert. Bitte neu wählen.
bay-free-of-charge = kostenlos
bay-accessible-for = nur mit blauem Parkausweis
bay-left = { $n ->
    [0] nichts mehr frei
   *[other] noch { $n } frei
}

# Bevor eine Reservierung endet
hold-ends = In zwei Minuten oder früher läuft Ihre Reservierung ab.
hold-over = Die Reservierung ist abgelaufen. Ihre Plätze können jetzt andere nehmen.
hold-anew = Neu wählen
extend-now = Zehn Minuten mehr
order-try-extend = Das ging gerade nicht. Bitte gleich noch einmal versuchen.
