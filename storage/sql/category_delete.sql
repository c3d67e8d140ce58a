-- $1 id, $2 revision or null, $3 days until it is purged, $4 request id or null, $5 fingerprint,
-- $6 force
with wanted as materialized (
    select id from catalog.category
    where id = $1::bigint and delete_time is null
      and catalog.require_revision('etag', revision, $2::bigint)
      and ($6::boolean
           or not exists (select from catalog.category as below
                          where below.parent_id = $1::bigint and below.delete_time is null)
           or catalog.refuse('NX009', 'force', 'the category has categories below it; move them, or '
                  || 'set force to delete them too'))
      and ($6::boolean
           or not exists (select from catalog.product
                          where delete_time is null and (category_id = $1::bigint
                                or additional_category_ids @> array[$1::bigint]))
           or catalog.refuse('NX009', 'force', 'products are filed in the category; file them '
                  || 'elsewhere, or set force to delete it all the same'))
), written as (
    update catalog.category
    set delete_time = now(), purge_time = now() + make_interval(days => $3::integer),
        revision = nextval('catalog.revision'), update_time = now()
    from wanted
    where category.delete_time is null
      and (category.id = wanted.id or category.ancestor_ids @> array[wanted.id])
    returning category.*
), counted as materialized (
    select category.*, @category_product_count@ as product_count
    from written as category where id = $1::bigint
), recorded as (
    insert into catalog.request (id, fingerprint, answer)
    select $4::uuid, $5::bytea, to_jsonb(counted) from counted where $4::uuid is not null
)
select @category_columns@, product_count from counted
