# The car park, for its attendant and its visitors.
bay-family = Family bay
bay-bicycle = Bicycle stand
