-- Of an aggregate only its version changes: in its place, and in no index, where there is room beside it. Of a transaction
-- that tells of hundreds, a third of the time for their heads went into the index.
alter table aggregate_head set (fillfactor = 50);
