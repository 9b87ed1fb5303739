## Official warnings on the monitors
warnings-title = Amtliche Warnungen
feeds-title = Was das Haus selbst abruft
feeds-none = Das Haus ruft keine Warnungen ab. Bitte Warnungen verfolgen und unten einfügen.
feed-new = noch nicht gefragt
feed-good = antwortet
feed-problem = letzte Antwort unbrauchbar
feed-silent = stumm: Warnungen bitte woanders nachsehen
feed-heard = zuletzt gehört
feed-warnings = { $n ->
    [0] keine Warnung
    [one] 1 Warnung
   *[other] { $n } Warnungen
}
feeds-silent = Amtliche Warnungen kommen nicht an
warning-paste = Warnung einfügen
warning-help = Eine Warnung im Format CAP 1.2 (XML) oder eine Liste der Warn-App NINA (JSON), ganz und unverändert. Schwere Warnungen stehen sofort auf allen Monitoren; bei Gewitter oder Sturm schlägt das Haus vor, die Dachterrasse zu schließen. Räumen lässt sich damit nie.
warning-text = Text der Warnung
warning-take = Übernehmen
warning-refused = Das ließ sich nicht lesen. Möglich sind CAP 1.2 (XML) und die Liste der Warn-App (JSON), beides ganz und unverändert.
warnings-shown = { $n ->
    [one] Übernommen: 1 Warnung gilt jetzt auf den Monitoren.
   *[other] Übernommen: { $n } Warnungen gelten jetzt auf den Monitoren.
}
warnings-ended = { $n ->
    [one] 1 frühere Warnung ist aufgehoben.
   *[other] { $n } frühere Warnungen sind aufgehoben.
}
warnings-not-ended = { $n ->
    [one] 1 Warnung eines anderen Absenders bleibt: Aufheben kann sie nur, wer sie gesendet hat, oder Sie auf der Monitorwand.
   *[other] { $n } Warnungen anderer Absender bleiben: Aufheben kann sie nur, wer sie gesendet hat, oder Sie auf der Monitorwand.
}
warnings-none = Nichts davon kommt auf die Monitore.
warnings-problems = { $n ->
    [one] 1 Eintrag war nicht lesbar.
   *[other] { $n } Einträge waren nicht lesbar.
}
warning-not-exercise = Es ist eine Übung, ein Test oder ein Entwurf.
warning-not-cancel = Die Warnung, die es aufhebt, gab es hier nicht.
warning-not-machines = Es ist nicht für Menschen bestimmt.
warning-not-words = Es sagt nichts auf Deutsch.
warning-not-over = Die Warnung ist schon vorbei.
feed-late = Keine Antwort in angemessener Zeit.
feed-unreachable = Nicht erreichbar, oder die Verbindung brach ab.
feed-answered = Der Server lehnt ab: { $status }.
feed-long = Die Antwort ist länger als 1 MB.
feed-unreadable = Die Antwort, oder ein Eintrag darin, ist keine lesbare Warnung.
