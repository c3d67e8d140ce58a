-- $1 id, $2 the columns to change as JSON, $3 revision or null, $4 request id or null,
-- $5 fingerprint, $6 slug to derive or null, $7 attempt at a slug
with changes as materialized (
    select case when $6::text is null then $2::jsonb
        else jsonb_set($2::jsonb, '{slug}', to_jsonb(catalog.derive_slug($6::text,
            exists (select from catalog.category
                    where slug = $6::text and delete_time is null and id <> $1::bigint),
            $1::bigint, $7::integer, 128))) end as columns
), given as materialized (
    select category.ancestor_ids as old_ancestor_ids, category.path as old_path, wanted.*
    from catalog.category, changes, jsonb_populate_record(category, changes.columns) as wanted
    where category.id = $1::bigint and category.delete_time is null
      and catalog.require_revision('category.etag', category.revision, $3::bigint)
), placed as materialized (
    select given.old_path, given.old_ancestor_ids, given.id, given.title, given.slug,
           given.parent_id, given.description, given.position,
           case when above.id is null then '{}' else above.ancestor_ids || above.id end as ancestor_ids,
           coalesce(above.path || ' > ', '') || given.title as path
    from given left join catalog.category as above on above.id = given.parent_id
    where (not $2::jsonb ? 'parent_id'
           or catalog.require_category('category.parent', given.parent_id))
      and (given.parent_id is null
           or not (given.id = above.id or above.ancestor_ids @> array[given.id])
           or catalog.refuse('NX009', 'category.parent',
                  'a category cannot stand below itself'))
), written as (
    update catalog.category
    set (@category_writable@) = (select @category_writable@ from placed),
        ancestor_ids = placed.ancestor_ids, path = placed.path,
        revision = nextval('catalog.revision'), update_time = now()
    from placed where category.id = placed.id
    returning category.*
), moved as (
    update catalog.category
    set ancestor_ids = placed.ancestor_ids
            || category.ancestor_ids[cardinality(placed.old_ancestor_ids) + 1:],
        path = placed.path || substr(category.path, length(placed.old_path) + 1),
        revision = nextval('catalog.revision'), update_time = now()
    from placed
    where category.ancestor_ids @> array[placed.id]
      and (placed.path, placed.ancestor_ids)
          is distinct from (placed.old_path, placed.old_ancestor_ids)
      and (cardinality(placed.ancestor_ids) - cardinality(placed.old_ancestor_ids)
           + cardinality(category.ancestor_ids) < 32
           or catalog.refuse('NX003', 'category.parent', 'categories can be nested 32 deep'))
), counted as materialized (
    select category.*, @category_product_count@ as product_count from written as category
), recorded as (
    insert into catalog.request (id, fingerprint, answer)
    select $4::uuid, $5::bytea, to_jsonb(counted) from counted where $4::uuid is not null
)
select @category_columns@, product_count from counted
