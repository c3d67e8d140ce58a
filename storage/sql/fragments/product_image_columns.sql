product_id, id, @product_image_writable@, uri, content_type, width, height, size_bytes, sha256,
create_time, update_time, revision
