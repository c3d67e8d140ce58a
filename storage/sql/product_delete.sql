-- Parameters: fragments/write_items.sql
with item as materialized (
    @write_items@
), before as materialized (
    @product_before@
), checked as materialized (
    @product_checked@
), written as (
    update catalog.product
    set delete_time = now(),
        purge_time = now() + make_interval(days => (item ->> 'purge_days')::integer),
        revision = nextval('catalog.revision'), update_time = now()
    from checked where product.id = checked.id
    returning product.id, ordinal, was, product as now
), hidden as (
    update catalog.variant set is_live = false from written where product_id = written.id
), forgotten as (
    -- There is one if another gave the slug up while this one took it.
    delete from catalog.product_redirect using written where slug = (was).slug
), audited as (
    @product_audited@
), recorded as (
    @write_recorded@
)
@product_answer@
