product_id, id, @variant_writable@, coalesce(price_currency, parent_currency),
coalesce(price_amount, parent_amount), create_time, update_time, @variant_revision@
