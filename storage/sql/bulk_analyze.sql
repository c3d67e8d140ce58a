analyze catalog.product, catalog.category, catalog.product_tally
