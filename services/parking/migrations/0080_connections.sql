-- What speaks to the car park from outside: who issued and revoked which token, for the record, and when each spoke last.
create table token_act (
    id bigint generated always as identity primary key,
    -- A camera, a feed or a partner of the house file. One that it no longer names leaves its acts behind.
    device_id text not null,
    step text not null constraint token_act_step check (step in ('issued', 'revoked')),
    at timestamptz not null,
    by text not null
);
create index token_act_of_device on token_act (device_id, id);
create function token_act_stays() returns trigger language plpgsql as $$
begin
    raise exception 'the record of tokens is append-only' using constraint = 'token_act_append_only';
end
$$;
create trigger token_act_append_only before update or delete or truncate on token_act
    for each statement execute function token_act_stays();

-- Written at most once a minute and device: it is for people who look whether something still speaks.
create table token_use (
    device_id text primary key,
    used_at timestamptz not null
);
