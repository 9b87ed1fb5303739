-- Why codes were issued anew may say how a guest was. It is erased after a while, as what the door writes; that somebody did it,
-- when, and which codes stays. Nothing else of the record may ever be changed.
alter table reissue add column erased_at timestamptz;
create index reissue_to_erase on reissue (at) where erased_at is null;

create or replace function reissue_stays() returns trigger language plpgsql as $$
declare
    erased reissue;
begin
    if tg_op = 'UPDATE' and old.erased_at is null and new.erased_at >= old.at + interval '72 hours' then
        erased := old;
        erased.erased_at := new.erased_at;
        erased.reason := '';
        if new is not distinct from erased then
            return new;
        end if;
    end if;
    raise exception 'the record of reissued codes is append-only' using constraint = 'reissue_append_only';
end $$;
drop trigger reissue_append_only on reissue;
create trigger reissue_append_only before delete or truncate on reissue
    for each statement execute function reissue_stays();
create trigger reissue_only_erased before update on reissue
    for each row execute function reissue_stays();
