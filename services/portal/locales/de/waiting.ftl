# Behind a waiting room: until when its pass is good
pass-until = Sie können buchen bis
pass-longest = Länger geht es nicht, denn andere warten.
pass-ends = In zwei Minuten oder früher läuft Ihre Zeit zum Buchen ab.
pass-over = Ihre Zeit zum Buchen ist abgelaufen. Im Warteraum können Sie sich noch einmal anstellen.
# In it: while it is not their turn soon
waiting-line = Sie stehen in der Reihe
# In it: whether waiting has a point
waiting-unlikely = Wahrscheinlich reichen die Plätze nicht bis zu Ihnen
waiting-unlikely-note = Sicher ist das nicht: Manche geben Plätze zurück, dann rückt die Reihe nach.
waiting-before-you = In der Reihe vor Ihnen:
waiting-stay = Lassen Sie diese Seite offen: Eingelassen wird, wer da ist. Wer wiederkommt, hat seinen Platz noch.
waiting-left = Noch freie Plätze:
# Held places of a showing that are one's own
places-held-own = Was noch da war, haben Sie selbst reserviert
places-own-order = Zu Ihrer Reservierung
