-- $1, $2 numbers of the first and the last of the sample catalog's products to add. Each number
-- gives the same product every time; those that are there already are left alone.
with shelf (number, slug, nouns, price) as (values
    (0, 'sample-sofas', '{Sofa,Corner Sofa,Daybed,Loveseat}'::text[], 1290),
    (1, 'sample-lamps', '{Floor Lamp,Table Lamp,Pendant,Reading Light}', 79),
    (2, 'sample-shelves', '{Bookcase,Wall Shelf,Sideboard,Ladder Shelf}', 199),
    (3, 'sample-pans', '{Frying Pan,Sauté Pan,Wok,Casserole}', 45),
    (4, 'sample-knives', '{Chef''s Knife,Paring Knife,Bread Knife,Cleaver}', 38),
    (5, 'sample-benches', '{Garden Bench,Folding Bench,Tree Seat,Swing}', 229),
    (6, 'sample-planters', '{Planter,Window Box,Trellis,Raised Bed}', 32),
    (7, 'sample-desks', '{Desk,Standing Desk,Secretary,Workbench}', 349),
    (8, 'sample-chairs', '{Task Chair,Stool,Armchair,Rocking Chair}', 159)
), words as (
    select '{Alder,Birk,Corvo,Dune,Ember,Fjord,Grove,Harbour,Isola,Juniper,Kelso,Linden}'::text[]
               as lines,
           '{Oak,Ash,Walnut,Steel,Copper,Linen,Cane,Granite}'::text[] as materials
), product as (
    select n, shelf.slug as shelf_slug, shelf.price,
           lines[1 + n / 3 % 12] as line, materials[1 + n / 7 % 8] as material,
           nouns[1 + n / 9 % 4] as noun
    from words, generate_series($1::bigint, $2::bigint) as n
        join shelf on shelf.number = n % 9
), written as (
    insert into catalog.product (title, slug, description, price_currency, price_amount,
        category_id, additional_category_ids, brand, tags, attributes, inventory, allow_backorder,
        state)
    select line || ' ' || material || ' ' || noun,
           'sample-' || n || '-' || translate(lower(line || '-' || material || '-' || noun),
               ' é''', '-e'),
           'A ' || lower(noun) || ' in ' || lower(material) || ', from the ' || line || ' line.',
           'EUR', price + n * 37 % 400 + 0.95, category.id, '{}', line,
           array[lower(material), lower(noun)],
           jsonb_build_object('material', lower(material), 'width_cm', 20 + n * 7 % 180,
               'assembly', n % 3 = 0),
           n * 13 % 120, n % 5 = 0, 2
    from product join catalog.category
        on category.slug = product.shelf_slug and category.delete_time is null
    order by n
    on conflict (slug) where delete_time is null do nothing
    returning 1
)
select count(*) from written
