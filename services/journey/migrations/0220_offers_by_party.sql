-- How many an offer is for is what its visit's party says, by their needs.
alter table rebooking_offer drop column people;
