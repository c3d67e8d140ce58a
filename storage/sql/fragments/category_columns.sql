id, @category_writable@, path, ancestor_ids, cardinality(ancestor_ids),
create_time, update_time, delete_time, purge_time, revision
