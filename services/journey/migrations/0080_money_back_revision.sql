-- What payments has told of a part counts its changes: a payout that the desk had noted by mistake waits there again, and
-- what is told late is known to be older. 0: told before there were revisions.
alter table money_back add column revision integer not null default 0;
