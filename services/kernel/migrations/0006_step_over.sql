-- Moves a consumer's position over a run of events, for a statement of a service that does everything that they call for.
-- Answers false, and moves nothing, when they are not what comes next here or an event of the producer is dead.
create function step_over(its_producer text, stored bigint, reached bigint) returns boolean language plpgsql as $$
begin
    update consumer_pos set last_pub_seq = reached
    where producer = its_producer and last_pub_seq = stored and not any_dead;
    return found;
end
$$;
