drop index catalog.product_title_order, catalog.product_brand_order, catalog.product_price_order,
    catalog.product_inventory_order, catalog.product_state_order, catalog.product_create_time_order,
    catalog.product_update_time_order, catalog.product_by_brand__price,
    catalog.product_allow_backorder_order, catalog.product_attributes_live, catalog.product_tags_live;
drop statistics catalog.product_flags, catalog.product_price;
drop table catalog.attribute_index;
drop table catalog.index_pending;
drop function catalog.attribute_index_name, catalog.attribute_index_text, catalog.index_put_off,
    catalog.index_build_next;
-- With the indexes of attributes that nexusctl has made.
drop function catalog.attribute_number, catalog.attribute_text, catalog.attribute_boolean cascade;
