-- Whether a ticket may be on paper: the printer was sent it. An attempt that found no printer, or no roll, is none.
alter table ticket add column may_be_out boolean not null default false;
-- Of what was tried before, nobody noted how far it came.
update ticket set may_be_out = true where attempts > 0;
