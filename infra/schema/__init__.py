"""The shape of the database: migrations of the control schema, of each tenant and of the keys."""
