-- When parties say that they will be at the house.

create table arrival (
    visit_id uuid primary key,
    -- At the car park or, without a bay, at the door.
    arrives_at timestamptz not null
);
create index arrival_age on arrival (arrives_at);

-- As it was reckoned with.
alter table visit_clock add column arrives_at timestamptz;
