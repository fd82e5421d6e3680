"""What a search leaves behind: table, pictures and a page."""
