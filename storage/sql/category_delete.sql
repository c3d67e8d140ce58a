-- Parameters: fragments/write_items.sql; one item
with item as materialized (
    @write_items@
), before as materialized (
    select id, category as was from catalog.category
    where id = (select id from item) and delete_time is null
), checked as materialized (
    @category_checked@
), wanted as materialized (
    select id, (item ->> 'purge_days')::integer as purge_days,
           nextval('catalog.revision') as deletion
    from checked
    where ((item ->> 'force')::boolean
           or not exists (select from catalog.category as below
                          where below.parent_id = checked.id and below.delete_time is null)
           or catalog.refuse('NX009', at || 'force', 'the category has categories below it; move '
                  || 'them, or set force to delete them too'))
      and ((item ->> 'force')::boolean
           or not exists (select from catalog.product
                          where delete_time is null and (category_id = checked.id
                                or additional_category_ids @> array[checked.id]))
           or catalog.refuse('NX009', at || 'force', 'products are filed in the category; file '
                  || 'them elsewhere, or set force to delete it all the same'))
), doomed as materialized (
    select category.id, category as was from catalog.category, wanted
    where category.delete_time is null
      and (category.id = wanted.id or category.ancestor_ids @> array[wanted.id])
), written as (
    update catalog.category
    set delete_time = now(), purge_time = now() + make_interval(days => purge_days),
        deletion = wanted.deletion, revision = nextval('catalog.revision'), update_time = now()
    from wanted, doomed where category.id = doomed.id
    returning category.id, was, category as now
), forgotten as (
    -- There is one if another gave the slug up while this one took it.
    delete from catalog.category_redirect using written where slug = (was).slug
), counted as materialized (
    @category_counted@
), audited as (
    @category_audited@
), recorded as (
    @category_recorded@
)
@category_answer@
