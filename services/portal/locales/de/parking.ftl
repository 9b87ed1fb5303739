# The car park, for its attendant and its visitors.
bay-family = Familienstellplatz
bay-bicycle = Fahrradstellplatz
