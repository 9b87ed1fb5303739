-- The showing clock's policy, groups that are called to the door, and numbers for walk-ins.

create table clock_policy (
    one boolean primary key default true constraint clock_policy_one check (one),
    policy jsonb not null,
    revision bigint not null default 1
);

create table call_group (
    id uuid primary key,
    showing_id uuid not null,
    -- As called out; 0 is the group that needs assistance.
    number integer not null constraint call_group_number check (number >= 0),
    state text not null default 'formed' constraint call_group_state check (state in
        ('formed', 'called', 'boarding', 'boarded', 'recalled', 'late', 'closed')),
    rows text[] not null,
    called_at timestamptz,
    revision bigint not null default 1,
    constraint call_group_once unique (showing_id, number)
);
create table call_group_party (
    visit_id uuid primary key,
    group_id uuid not null references call_group on delete cascade
);
create index call_group_party_of_group on call_group_party (group_id);

-- The queue of a day; its row is the lock under which numbers are given out.
create table queue_day (
    day date primary key,
    last integer not null,
    last_called integer not null default 0,
    revision bigint not null
);
create table queue_number (
    day date not null references queue_day,
    number integer not null,
    -- For which showing; null: any.
    showing_id uuid,
    people integer not null constraint queue_number_people check (people between 1 and 30),
    state text not null default 'waiting' constraint queue_number_state check (state in
        ('waiting', 'called', 'served', 'missed', 'recalled')),
    issued_at timestamptz not null,
    called_at timestamptz,
    constraint queue_number_once primary key (day, number)
);
