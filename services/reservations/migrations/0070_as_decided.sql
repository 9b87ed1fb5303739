-- Ends a statement that has written less than was decided, and all it has written with it. Whoever has decided knows
-- this error by its code, and decides again.
create function as_decided(wanted bigint, variadic done bigint[]) returns void language plpgsql as $$
begin
    if wanted <> any (done) then
        raise exception 'written: %, decided: %', done, wanted using errcode = 'SKY01';
    end if;
end $$;
