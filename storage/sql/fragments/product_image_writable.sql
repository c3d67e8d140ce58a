alt_text, position
