-- Whether a pairing was begun in the house's own network: those have codes that nobody from elsewhere can take.
alter table pairing add column is_near boolean not null default false;
