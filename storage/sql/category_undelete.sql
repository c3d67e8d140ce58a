-- Parameters: fragments/write_items.sql; one item
with item as materialized (
    @write_items@
), before as materialized (
    select id, category as was from catalog.category where id = (select id from item)
), checked as materialized (
    select item.*, was from item left join before using (id)
    where catalog.require_current(at, 'categories/' || item.id, (was).revision, expected)
      and ((was).delete_time is not null
           or catalog.refuse('NX006', at || 'name', 'categories/' || item.id || ' is not deleted'))
      and ((was).purge_time > now() -- as the purge relies on
           or catalog.refuse('NX005', at || 'name', 'categories/' || item.id
                  || ' is past its purge_time'))
      and ((was).parent_id is null
           or exists (select from catalog.category as above
                      where above.id = (was).parent_id and above.delete_time is null)
           or catalog.refuse('NX009', at || 'name', 'the category above it, categories/'
                  || (was).parent_id || ', is deleted; undelete that one first'))
), restored as materialized (
    select category.id, category as was from catalog.category, checked
    where category.deletion = (checked.was).deletion
), written as (
    update catalog.category
    set delete_time = null, purge_time = null, deletion = null,
        revision = nextval('catalog.revision'), update_time = now()
    from restored where category.id = restored.id
    returning category.id, was, category as now
), taken as (
    delete from catalog.category_redirect using written where slug = (now).slug
), counted as materialized (
    @category_counted@
), audited as (
    @category_audited@
), recorded as (
    @category_recorded@
)
@category_answer@
