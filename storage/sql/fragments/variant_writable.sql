sku, title, price_currency, price_amount, inventory, attributes, position
