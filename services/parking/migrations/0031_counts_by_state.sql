-- What is asked for at every hold and every look at the site, without walking through all that is sold: holds that have
-- run out, cars that are in with a right, rights whose cars are expected.
create index parking_right_held on parking_right (expires_at) where state = 'held';
create index parking_right_in on parking_right (class, valid_until) where state = 'checked_in';
create index parking_right_expected on parking_right (class, valid_from) where state = 'confirmed';
