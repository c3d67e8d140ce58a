-- $1 [{"slug", "title", "above": slug or null, "position", "description"}, ...], all of one depth:
-- adds those that are not there. Their number.
with wanted as (
    select * from rows from (jsonb_to_recordset($1::jsonb)
        as (slug text, title text, above text, position integer, description text))
        with ordinality as given (slug, title, above, position, description, place)
), written as (
    insert into catalog.category
        (title, slug, parent_id, description, position, ancestor_ids, path)
    select wanted.title, wanted.slug, above.id, wanted.description, wanted.position,
           case when above.id is null then '{}' else above.ancestor_ids || above.id end,
           coalesce(above.path || ' > ', '') || wanted.title
    from wanted left join catalog.category as above
        on above.slug = wanted.above and above.delete_time is null
    where not exists (select from catalog.category as live
                      where live.slug = wanted.slug and live.delete_time is null)
    order by wanted.place
    returning 1
)
select count(*) from written
