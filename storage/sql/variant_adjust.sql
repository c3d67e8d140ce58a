-- Parameters: fragments/write_items.sql. The product keeps still.
with item as materialized (
    @write_items@
), before as materialized (
    @variant_before@
), checked as materialized (
    @variant_checked@
), written as (
    update catalog.variant
    set inventory = (was).inventory + (item ->> 'delta')::bigint,
        revision = nextval('catalog.revision'), update_time = now()
    from checked
    where variant.id = checked.id
      and ((was).inventory::numeric + (item ->> 'delta')::bigint
               between -9223372036854775808 and 9223372036854775807
           or catalog.refuse('NX011', at || 'delta', 'the stock cannot be counted any more'))
      and (parent_allows_backorder or (item ->> 'delta')::bigint > 0
           or (was).inventory::numeric + (item ->> 'delta')::bigint >= 0
           or catalog.refuse('NX009', at || 'delta', format('there are only %s in stock',
                  (was).inventory)))
    returning variant.id, variant.product_id, ordinal, was, variant as now, parent_currency,
        parent_amount
), seen as (
    @variant_seen@
), audited as (
    @variant_audited@
), recorded as (
    @variant_recorded@
)
@variant_answer@
