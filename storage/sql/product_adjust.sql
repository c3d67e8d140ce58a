-- Parameters: fragments/write_items.sql
with item as materialized (
    @write_items@
), before as materialized (
    @product_before@
), checked as materialized (
    @product_checked@
), written as (
    update catalog.product
    set inventory = (was).inventory + (item ->> 'delta')::bigint,
        revision = nextval('catalog.revision'), update_time = now()
    from checked
    where product.id = checked.id
      and ((was).inventory::numeric + (item ->> 'delta')::bigint
               between -9223372036854775808 and 9223372036854775807
           or catalog.refuse('NX011', at || 'delta', 'the stock cannot be counted any more'))
      and ((was).allow_backorder or (was).inventory::numeric + (item ->> 'delta')::bigint >= 0
           or catalog.refuse('NX009', at || 'delta', format('there are only %s in stock',
                  (was).inventory)))
    returning product.id, ordinal, was, product as now
), audited as (
    @product_audited@
), recorded as (
    @write_recorded@
)
@product_answer@
