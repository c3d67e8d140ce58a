-- $1 all writable columns as JSON, $2 id or null, $3 slug to derive or null, $4 attempt at a slug,
-- $5 request id or null, $6 fingerprint
with given as materialized (
    select catalog.claim_id('catalog.product_id_seq',
               (select last_value from catalog.product_id_seq), $2::bigint) as new_id,
           wanted.*
    from jsonb_populate_record(null::catalog.product, $1::jsonb) as wanted
), named as materialized (
    select given.*, case when $3::text is null then slug else catalog.derive_slug($3::text,
        exists (select from catalog.product where slug = $3::text and delete_time is null),
        new_id, $4::integer, 255) end as new_slug
    from given
), written as (
    insert into catalog.product (id, @product_writable@)
    select new_id, title, new_slug, description, price_currency, price_amount, category_id,
           additional_category_ids, brand, tags, attributes, inventory, allow_backorder, state
    from named
    where catalog.require_category('product.category', category_id)
      and catalog.require_categories('product.additional_categories', additional_category_ids)
    returning *
), recorded as (
    insert into catalog.request (id, fingerprint, answer)
    select $5::uuid, $6::bytea, to_jsonb(written) from written where $5::uuid is not null
)
select @product_columns@ from written
