-- When showings go on sale, and until when places are kept for whom.

-- Showings that go on sale together, as the house file announces them.
create table release (
    id text primary key,
    name jsonb not null,
    first_day date not null,
    last_day date not null,
    -- Which titles; empty: all of these days.
    titles text[] not null,
    on_sale_at timestamptz not null,
    -- As the file says; the instant above may have been moved since.
    file_on_sale_at timestamptz not null,
    constraint release_days check (first_day <= last_day)
);

alter table showing
    add column on_sale_at timestamptz,
    add column release_id text references release,
    add column school_quota integer not null default 0,
    -- So many minutes before the start, what is left of what was kept is free for all.
    add column door_release_minutes integer not null default 0,
    add column staff_release_minutes integer not null default 0,
    add column school_release_minutes integer not null default 0,
    add column protected_release_minutes integer not null default 5,
    -- When its offer changes next by itself.
    add column next_turn_at timestamptz not null default '-infinity',
    add constraint showing_quotas check (
        door_quota >= 0 and staff_quota >= 0 and school_quota >= 0 and door_release_minutes >= 0
        and staff_release_minutes >= 0 and school_release_minutes >= 0 and protected_release_minutes >= 0);
create index showing_by_turn on showing (next_turn_at);
create index showing_of_release on showing (release_id) where release_id is not null;
drop view showing_with_title;
create view showing_with_title as
    select s.*, t.name as title, t.description, t.category, r.name as release_name
    from showing s join title t on t.id = s.title_id left join release r on r.id = s.release_id;

alter table booking drop constraint booking_channel,
    add constraint booking_channel check (channel in ('online', 'door', 'staff', 'school'));
