-- Codes that were issued anew: those of an older generation open nothing.
create table reissued (
    -- A ticket, or a visit (the code of the whole party).
    id uuid primary key,
    generation integer not null
);
