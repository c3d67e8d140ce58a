-- Parameters: fragments/write_items.sql
with item as materialized (
    @write_items@
), before as materialized (
    @product_before@
), checked as materialized (
    @product_checked@
), wished as materialized (
    select checked.*, item ->> 'derive' as derive, slug is not null
           and (exists (select from catalog.product as other
                        where other.slug = wish.slug and other.delete_time is null
                          and other.id <> checked.id)
                or row_number() over (partition by slug
                       order by item ->> 'derive' is not null, ordinal) > 1) as is_taken
    from checked, coalesce(item ->> 'derive', item -> 'columns' ->> 'slug') as wish (slug)
), named as materialized (
    select ordinal, at, id, was, case when derive is null then item -> 'columns'
        else jsonb_set(item -> 'columns', '{slug}', to_jsonb(
            case when $6::integer = 0 and not is_taken then derive
            else catalog.derive_slug(derive, is_taken, id, $6::integer, 255) end)) end as columns
    from wished
    where derive is not null or not is_taken or catalog.refuse('NX006', at || 'slug', 'is in use')
), written as (
    update catalog.product
    set (@product_writable@) = (select @product_writable@
            from jsonb_populate_record(named.was, named.columns)),
        revision = nextval('catalog.revision'), update_time = now()
    from named
    where product.id = named.id
      and (columns ->> 'category_id' is null
           or catalog.require_category(at || 'category', (columns ->> 'category_id')::bigint))
      and (not columns ? 'additional_category_ids'
           or catalog.require_categories(at || 'additional_categories',
                  (select array_agg(value::bigint)
                   from jsonb_array_elements_text(columns -> 'additional_category_ids') as value)))
      and (not columns ?| '{inventory,allow_backorder}'
           or coalesce((columns ->> 'inventory')::bigint, (was).inventory) >= 0
           or coalesce((columns ->> 'allow_backorder')::boolean, (was).allow_backorder)
           or catalog.refuse('NX003', at || 'inventory',
                  'must not be negative unless allow_backorder is set'))
    returning product.id, ordinal, was, product as now
), renamed as (
    @product_renamed@
), taken as (
    delete from catalog.product_redirect using written where slug = (now).slug
), audited as (
    @product_audited@
), recorded as (
    @write_recorded@
)
@product_answer@
