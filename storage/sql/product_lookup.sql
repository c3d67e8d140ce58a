-- $1 slug
select @product_columns@, former_slug, given_up
from (
    select product.*, null::text as former_slug, null::timestamptz as given_up
    from catalog.product where slug = $1 and delete_time is null
    union all
    select product.*, former.slug, former.create_time
    from catalog.product_redirect as former join catalog.product on id = product_id
    where former.slug = $1 and delete_time is null
) as product
order by former_slug nulls first
limit 1
