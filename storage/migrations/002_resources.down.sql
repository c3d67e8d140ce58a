drop function catalog.changes(jsonb, jsonb);
drop function catalog.shown(catalog.product_image);
drop function catalog.shown(catalog.variant);
drop function catalog.shown(catalog.category);
drop function catalog.shown(catalog.product);
drop function catalog.shown_names(text, bigint[]);
drop function catalog.shown_money(text, numeric);
drop function catalog.shown_time(timestamptz);
drop function catalog.require_current(text, text, bigint, bigint);
-- An answer to many cannot be replayed by what was before.
delete from catalog.request where jsonb_array_length(answer) <> 1;
update catalog.request set answer = answer -> 0;
drop table catalog.audit_entry, catalog.category_redirect, catalog.product_redirect,
    catalog.product_image, catalog.variant;
alter table catalog.product drop column primary_image_id, drop column variant_count,
    drop constraint product_inventory;
update catalog.product set inventory = 0 where inventory < 0;
alter table catalog.product add constraint product_inventory_check check (inventory >= 0);
alter table catalog.category drop column deletion;
