-- When the page of somebody who waits was last asked for, by the machine's clock: who has left is neither counted nor
-- let in. Not in an index, so that noting it again is cheap. Whoever waits when this comes is there again with the page's
-- next request to a process that knows of it: a few seconds later, or when the last one of the version before has stopped.
alter table waiting_place add column seen_at timestamptz not null default 'epoch';
