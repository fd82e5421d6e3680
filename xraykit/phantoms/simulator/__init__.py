"""The simulator: from the findings of a patient to the picture of a radiograph."""
