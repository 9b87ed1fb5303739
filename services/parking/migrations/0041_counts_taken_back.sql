-- A count that was typed wrongly can be taken back; that it was counted, by whom, and who took it back, stays.
alter table observation
    -- Whether the class was known before it.
    add column known_before boolean not null default true,
    add column undone_at timestamptz,
    add column undone_by text,
    add constraint observation_undone check ((undone_at is null) = (undone_by is null));
