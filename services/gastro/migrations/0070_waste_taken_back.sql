-- An entry that was recorded by mistake is taken back, and stays on record.
alter table waste
    add column taken_back_at timestamptz,
    add column taken_back_by text,
    add constraint waste_taken_back check ((taken_back_at is null) = (taken_back_by is null));
