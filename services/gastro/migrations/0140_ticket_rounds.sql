-- After a substitution a station's ticket is replaced by one of the next round, or its station has nothing left to make.
-- The old one stays as what was printed, and is shown, called ready and printed no more.
alter table ticket add column ended boolean not null default false;
