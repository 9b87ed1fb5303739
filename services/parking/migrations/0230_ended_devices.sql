-- When the last pairing of a device ended, by the portal's clock: its identities from before are good for nothing here.
-- `revision` rises over all of them with every change.
create table ended_device (
    device_id text primary key,
    ended_at timestamptz not null,
    revision bigint not null
);
