-- $1 all writable columns as JSON, $2 id or null, $3 slug to derive or null, $4 attempt at a slug,
-- $5 request id or null, $6 fingerprint
with given as materialized (
    select catalog.claim_id('catalog.category_id_seq',
               (select last_value from catalog.category_id_seq), $2::bigint) as new_id,
           wanted.*
    from jsonb_populate_record(null::catalog.category, $1::jsonb) as wanted
), placed as materialized (
    select given.new_id, given.title, given.parent_id, given.description, given.position,
           case when $3::text is null then given.slug else catalog.derive_slug($3::text,
               exists (select from catalog.category where slug = $3::text and delete_time is null),
               given.new_id, $4::integer, 128) end as new_slug,
           case when above.id is null then '{}' else above.ancestor_ids || above.id end
               as new_ancestor_ids,
           coalesce(above.path || ' > ', '') || given.title as new_path
    from given left join catalog.category as above
        on above.id = given.parent_id and above.delete_time is null
    where catalog.require_category('category.parent', given.parent_id)
), written as (
    insert into catalog.category (id, @category_writable@, ancestor_ids, path)
    select new_id, title, new_slug, parent_id, description, position, new_ancestor_ids, new_path
    from placed
    where cardinality(new_ancestor_ids) < 32 or catalog.refuse('NX003', 'category.parent',
              'categories can be nested 32 deep')
    returning *
), recorded as (
    insert into catalog.request (id, fingerprint, answer)
    select $5::uuid, $6::bytea, to_jsonb(written) || '{"product_count": 0}'
    from written where $5::uuid is not null
)
select @category_columns@, 0::bigint from written
