select key, type from catalog.attribute_index order by key
