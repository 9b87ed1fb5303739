-- Whoever eats after the showing keeps the bay until then.

-- From collecting a meal until the bay is free again.
alter table site add meal_minutes integer not null default 45
    constraint site_meal check (meal_minutes between 0 and 180);

-- Until when the party needs its bay for its meal, as the kitchen has told; null: nothing is told of one. Cancelled: there
-- will be none, which may be taken back.
alter table parking_right add meal_until timestamptz, add meal_cancelled boolean not null default false;
