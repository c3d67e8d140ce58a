-- $1 id, $2 the columns to change as JSON, $3 revision or null, $4 request id or null,
-- $5 fingerprint, $6 slug to derive or null, $7 attempt at a slug
with wanted as materialized (
    select case when $6::text is null then $2::jsonb
        else jsonb_set($2::jsonb, '{slug}', to_jsonb(catalog.derive_slug($6::text,
            exists (select from catalog.product
                    where slug = $6::text and delete_time is null and id <> $1::bigint),
            $1::bigint, $7::integer, 255))) end as columns
), written as (
    update catalog.product
    set (@product_writable@) = (select @product_writable@
            from jsonb_populate_record(product, (select columns from wanted))),
        revision = nextval('catalog.revision'), update_time = now()
    where id = $1::bigint and delete_time is null
      and catalog.require_revision('product.etag', revision, $3::bigint)
      and catalog.require_category('product.category', ($2::jsonb ->> 'category_id')::bigint)
      and catalog.require_categories('product.additional_categories',
              (select array_agg(value::bigint)
               from jsonb_array_elements_text($2::jsonb -> 'additional_category_ids') as value))
    returning *
), recorded as (
    insert into catalog.request (id, fingerprint, answer)
    select $4::uuid, $5::bytea, to_jsonb(written) from written where $4::uuid is not null
)
select @product_columns@ from written
