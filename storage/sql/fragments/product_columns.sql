id, @product_writable@, id, primary_image_id, variant_count, create_time, update_time, delete_time,
purge_time, revision
