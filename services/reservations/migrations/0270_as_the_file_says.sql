-- What the house file does not say any more is not offered any more.

-- A price that was taken out of it: nobody is charged by it any more, and its day may have another price. Whoever was charged
-- by it keeps the row.
alter table tariff add column ended boolean not null default false;
-- Two prices may change places in one file.
alter table tariff drop constraint tariff_one_per_day,
    add constraint tariff_one_per_day exclude using btree (category with =, class with =, valid_from with =)
        where (not ended) deferrable initially deferred;

-- A release that was taken out: showings to come do not wait for it any more.
alter table release add column withdrawn boolean not null default false;

-- Rises when something else is said of a plan's places; the places themselves stay.
alter table layout add column revision integer not null default 1;
