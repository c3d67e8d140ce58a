alter table catalog.category
    drop constraint category_slug_check,
    add constraint category_slug_check check (slug ~ '^[-a-zA-Z0-9_]{1,128}$');
alter table catalog.product
    drop constraint product_slug_check,
    add constraint product_slug_check check (slug ~ '^[-a-zA-Z0-9_]{1,255}$');
drop index catalog.product_additional_categories;
drop index catalog.product_category;
create index product_category_live on catalog.product (category_id) where delete_time is null;
create index product_additional_categories_live
    on catalog.product using gin (additional_category_ids) where delete_time is null;
drop index catalog.category_purge;
drop index catalog.product_purge;
drop trigger product_image_tally_truncate on catalog.product_image;
drop trigger product_image_tally_delete on catalog.product_image;
drop trigger product_image_tally_insert on catalog.product_image;
drop trigger variant_tally_truncate on catalog.variant;
drop trigger variant_tally_delete on catalog.variant;
drop trigger variant_tally_insert on catalog.variant;
drop trigger product_tally_update on catalog.product;
drop trigger product_tally_delete on catalog.product;
drop trigger product_tally_insert on catalog.product;
drop trigger product_tally_truncate on catalog.product;
drop function catalog.tally_rows();
drop function catalog.tally_truncated();
drop function catalog.tally_updated();
drop function catalog.tally_deleted();
drop function catalog.tally_inserted();
drop function catalog.tally_of(bigint, bigint[], smallint, timestamptz, bigint);
drop table catalog.product_tally;
