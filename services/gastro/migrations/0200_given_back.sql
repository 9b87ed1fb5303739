-- What the counter has given back of orders that were placed and paid there: so that it is told what is still owed.
create table given_back (
    given_back_id uuid primary key,
    order_id uuid not null references meal_order on delete cascade,
    cents bigint not null constraint given_back_cents check (cents > 0),
    at timestamptz not null,
    by text not null,
    -- It was noted by mistake.
    taken_back_at timestamptz,
    taken_back_by text,
    constraint given_back_taken_back check ((taken_back_at is null) = (taken_back_by is null))
);
create index given_back_of_order on given_back (order_id, at);
create index given_back_lately on given_back (at) where taken_back_at is null;
alter table meal_order add column given_back bigint not null default 0;
-- What is over was given back when there was no way to note it.
update meal_order set given_back = gives_back where not on_board;
-- The counter gives back no more than it must.
alter table meal_order add constraint meal_order_given_back check (given_back between 0 and gives_back);
create index meal_order_gives_back on meal_order (order_id) where gives_back > given_back;
