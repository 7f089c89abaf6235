-- The database tells which earlier versions of its tables it had.
CREATE TABLE migrations (
    from_version INTEGER NOT NULL,
    migrated_at TIMESTAMP NOT NULL
);
