-- $1 slug
select @category_columns@, @category_product_count@, former_slug, given_up
from (
    select category.*, null::text as former_slug, null::timestamptz as given_up
    from catalog.category where slug = $1 and delete_time is null
    union all
    select category.*, former.slug, former.create_time
    from catalog.category_redirect as former join catalog.category on id = category_id
    where former.slug = $1 and delete_time is null
) as category
order by former_slug nulls first
limit 1
