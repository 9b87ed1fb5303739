-- When a paired device was last given an identity, by the machine's clock and at most once a minute; and who ended a
-- pairing. Rows stay: they are the record.
alter table device
    add column used_at timestamptz,
    add column revoked_by text not null default '';
