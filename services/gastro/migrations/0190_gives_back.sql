-- What the counter gives back of an order that was placed and paid there: no money is known here, but how much it is.
alter table meal_order add column gives_back bigint not null default 0 constraint meal_order_gives_back check (gives_back >= 0);
