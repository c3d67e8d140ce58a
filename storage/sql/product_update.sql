-- $1 id, $2 the columns to change as JSON, $3 revision or null, $4 request id or null, $5 fingerprint
with written as (
    update catalog.product
    set (@product_writable@) =
            (select @product_writable@ from jsonb_populate_record(product, $2::jsonb)),
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
