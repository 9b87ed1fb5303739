# Plätze, die nicht verkauft werden
block-link = Plätze sperren
block-title = Plätze sperren
block-intro = Gesperrte Plätze werden für diese Vorstellung nicht verkauft, auch nicht an der Kasse. Plätze, die jemand hat, lassen sich erst sperren, wenn die Gruppe umgesetzt ist.
block-now = Nicht im Verkauf
block-again = Wieder verkaufen
block-choose = Freie Plätze sperren
block-reason = Warum?
block-reason-example = Sitz defekt
block-do = Sperren
block-done = Nicht mehr im Verkauf: { $seats }
block-again-done = Wieder im Verkauf: { $seats }
seat-blocked = nicht im Verkauf
