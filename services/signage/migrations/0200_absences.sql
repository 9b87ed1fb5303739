-- When displays fell silent and were heard of again, so that staff see how often and how long each was away. By the machine's
-- clock, as is when they were heard of last.
create table absence (
    display_id text not null references display on delete cascade,
    silent_from timestamptz not null,
    silent_until timestamptz,
    primary key (display_id, silent_from),
    constraint absence_ends_after_it_begins check (silent_until >= silent_from)
);
create unique index absence_open_once on absence (display_id) where silent_until is null;
insert into absence (display_id, silent_from)
select display_id, last_seen_at from display join presence using (display_id)
where silent and retired_at is null and last_seen_at is not null;
