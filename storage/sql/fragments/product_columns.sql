id, @product_writable@, create_time, update_time, delete_time, purge_time, revision
