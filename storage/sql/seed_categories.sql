-- The sample catalog's categories; those that are there already are left alone.
with wanted (slug, title, above, position, description) as (values
    ('sample-living', 'Living', null, 1, 'Rooms to sit in'),
    ('sample-kitchen', 'Kitchen', null, 2, 'Rooms to cook in'),
    ('sample-outdoor', 'Outdoor', null, 3, 'Gardens and balconies'),
    ('sample-office', 'Office', null, 4, 'Rooms to work in'),
    ('sample-sofas', 'Sofas', 'sample-living', 1, 'Seats for two and more'),
    ('sample-lamps', 'Lamps', 'sample-living', 2, 'Light where it is wanted'),
    ('sample-shelves', 'Shelves', 'sample-living', 3, 'Places for books'),
    ('sample-pans', 'Pans', 'sample-kitchen', 1, 'To fry and to braise'),
    ('sample-knives', 'Knives', 'sample-kitchen', 2, 'To cut and to carve'),
    ('sample-benches', 'Benches', 'sample-outdoor', 1, 'To sit in the sun'),
    ('sample-planters', 'Planters', 'sample-outdoor', 2, 'Homes for plants'),
    ('sample-desks', 'Desks', 'sample-office', 1, 'To sit or stand at'),
    ('sample-chairs', 'Chairs', 'sample-office', 2, 'For a day of work')
), roots as (
    insert into catalog.category (title, slug, description, position, ancestor_ids, path)
    select title, slug, description, position, '{}', title from wanted
    where above is null
      and not exists (select from catalog.category as live
                      where live.slug = wanted.slug and live.delete_time is null)
    returning id, slug, ancestor_ids, path
), all_roots as (
    select id, slug, ancestor_ids, path from roots
    union all
    select id, slug, ancestor_ids, path from catalog.category
    where slug in (select slug from wanted where above is null) and delete_time is null
), leaves as (
    insert into catalog.category
        (title, slug, parent_id, description, position, ancestor_ids, path)
    select title, wanted.slug, root.id, description, position, root.ancestor_ids || root.id,
           root.path || ' > ' || title
    from wanted join all_roots as root on root.slug = wanted.above
    where not exists (select from catalog.category as live
                      where live.slug = wanted.slug and live.delete_time is null)
    returning 1
)
select (select count(*) from roots) + (select count(*) from leaves)
