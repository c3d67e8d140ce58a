-- Parameters: fragments/write_items.sql. The product keeps still.
with item as materialized (
    @write_items@
), before as materialized (
    @variant_before@
), checked as materialized (
    @variant_checked@
), written as (
    update catalog.variant
    set (@variant_writable@) = (select @variant_writable@
            from jsonb_populate_record(checked.was, checked.item -> 'columns')),
        revision = nextval('catalog.revision'), update_time = now()
    from checked
    where variant.id = checked.id
      and (coalesce((item -> 'columns' ->> 'inventory')::bigint, 0) >= 0
           or parent_allows_backorder
           or catalog.refuse('NX003', at || 'inventory',
                  'must not be negative unless the product has allow_backorder set'))
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
