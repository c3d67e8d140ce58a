-- Parameters: fragments/write_items.sql
with item as materialized (
    @write_items@
), before as materialized (
    select id, product as was from catalog.product
    where id in (select id from item)
    order by id for no key update
), checked as materialized (
    select item.*, was from item left join before using (id)
    where catalog.require_current(at, 'products/' || item.id, (was).revision, expected)
      and ((was).delete_time is not null
           or catalog.refuse('NX006', at || 'name', 'products/' || item.id || ' is not deleted'))
), written as (
    update catalog.product
    set delete_time = null, purge_time = null,
        revision = nextval('catalog.revision'), update_time = now()
    from checked where product.id = checked.id
    returning product.id, ordinal, was, product as now
), shown_again as (
    update catalog.variant set is_live = true from written where product_id = written.id
), taken as (
    delete from catalog.product_redirect using written where slug = (now).slug
), audited as (
    @product_audited@
), recorded as (
    @write_recorded@
)
@product_answer@
