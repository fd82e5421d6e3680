"""What the readers of all formats share: pictures by name, ids of patients, spellings, remarks."""
