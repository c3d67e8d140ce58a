do $$
declare
    made text;
begin
    -- What is below knows nothing of those.
    while catalog.index_build_next() is not null loop
    end loop;
    -- With all that depends on them: triggers and indexes.
    drop table catalog.search_entry, catalog.search_word, catalog.search_category;
    for made in select oid::regprocedure from pg_proc
        where pronamespace = 'catalog'::regnamespace and proname like 'search\_%' loop
        execute format('drop function %s cascade', made);
    end loop;
    drop type catalog.search_term;
    drop text search configuration catalog.names;
    drop text search configuration catalog.prose;
    drop text search dictionary catalog.stem;
end
$$;
