title, slug, description, price_currency, price_amount, category_id, additional_category_ids,
brand, tags, attributes, inventory, allow_backorder, state
