"""Several collections as one: their catalogs merged, with aligned labels and patients that are nobody else's."""
