copy catalog.product (@product_writable@, create_time, update_time) from stdin
