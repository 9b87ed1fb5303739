-- Who sells the meals, by day: the house itself, or whoever has leased the café. What a receipt said of it stays on it.
create table seller (
    valid_from date primary key,
    name text not null,
    address text not null,
    -- Empty: not told.
    tax_number text not null
);
-- Null: issued before sellers were named.
alter table receipt add column issuer jsonb;
