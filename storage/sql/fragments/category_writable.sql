title, slug, parent_id, description, position
