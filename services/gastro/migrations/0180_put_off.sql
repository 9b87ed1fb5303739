-- What is put off until it can no longer be taken back: so nobody is told of it too early, and no money moves twice.
create table substituted (
    order_id uuid primary key references meal_order on delete cascade,
    until_at timestamptz not null,
    line integer not null constraint substituted_line check (line >= 0),
    -- What was ordered, and comes back when the substitution is taken back.
    replaced jsonb not null,
    added_allergens integer[] not null,
    -- What goes back then; null: nothing.
    exchanged jsonb
);
-- Staff have answered that the money goes back, which happens then; null: nobody has.
alter table affected_order add column refund_at timestamptz;
