-- A counter that is heard again: what it saw before that says nothing of now, and somebody may have come meanwhile.

alter table sensor
    -- Since when it is heard again after it was silent.
    add column heard_again_at timestamptz,
    -- Until when somebody may have passed it unseen: silent, packages lost, samples missing, counts that cannot be.
    add column blind_until timestamptz;
update sensor set blind_until = since where state = 'offline';
