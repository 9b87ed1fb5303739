-- Kitchen systems: what each token is for, when it spoke last, and its end; and what staff decide of messages that the
-- kitchen's own system has not taken.

-- Rows stay: they are the record.
alter table kds_token
    add column token_id uuid not null default gen_random_uuid() constraint kds_token_id unique,
    add column name text not null default '',
    -- Written at most once a minute.
    add column used_at timestamptz,
    add column revoked_at timestamptz,
    add column revoked_by text not null default '';
alter table kds_token add constraint kds_token_end check ((revoked_at is null) = (revoked_by = ''));
create function kds_token_stays() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and (new.hash, new.token_id, new.issued_at, new.issued_by, new.name)
            = (old.hash, old.token_id, old.issued_at, old.issued_by, old.name)
        and (old.revoked_at is null or (new.revoked_at, new.revoked_by) = (old.revoked_at, old.revoked_by)) then
        return new;
    end if;
    raise exception 'the record of tokens is append-only' using constraint = 'kds_token_append_only';
end
$$;
create trigger kds_token_append_only before update or delete on kds_token
    for each row execute function kds_token_stays();

alter table kds_push
    -- Null: not known, it is older than this column.
    add column made_at timestamptz,
    -- Under which it is sent instead of its id, since staff sent one again that had been refused.
    add column key uuid,
    -- Empty: nobody has given it up.
    add column given_up_by text not null default '',
    add column given_up_reason text not null default '';
alter table kds_push add constraint kds_push_given_up check
    ((given_up_by = '') = (given_up_reason = '') and (given_up_by = '' or next_try_at is null));
create index kds_push_refused on kds_push (seq) where next_try_at is null and problem <> '';
