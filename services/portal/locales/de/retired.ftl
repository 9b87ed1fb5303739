## Monitors that were taken down
retired-title = Abgehängte Monitore
retired-help = Sie stehen nicht mehr in der Datei des Hauses und zeigen nichts. Steht einer wieder darin, hängt er wieder, wie er war.
retired-none = Kein Monitor ist abgehängt.
retired-since = Abgehängt seit { $time }
