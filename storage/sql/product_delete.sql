-- $1 id, $2 revision or null, $3 days until it is purged, $4 request id or null, $5 fingerprint
with written as (
    update catalog.product
    set delete_time = now(), purge_time = now() + make_interval(days => $3::integer),
        revision = nextval('catalog.revision'), update_time = now()
    where id = $1::bigint and delete_time is null
      and catalog.require_revision('etag', revision, $2::bigint)
    returning *
), recorded as (
    insert into catalog.request (id, fingerprint, answer)
    select $4::uuid, $5::bytea, to_jsonb(written) from written where $4::uuid is not null
)
select @product_columns@ from written
