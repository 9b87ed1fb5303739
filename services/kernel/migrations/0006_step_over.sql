-- Moves a consumer's position over a run of events, for a statement of a service that does everything that they call for.
-- Answers false, and moves nothing, when they are not what comes next here, an event of the producer is dead, or somebody else
-- just applies some of them: whoever calls this may hold what they wait for, so it waits for nobody.
create function step_over(its_producer text, stored bigint, reached bigint) returns boolean language plpgsql as $$
begin
    update consumer_pos set last_pub_seq = reached
    where producer = (
        select producer from consumer_pos
        where producer = its_producer and last_pub_seq = stored and not any_dead for update skip locked);
    return found;
end
$$;
