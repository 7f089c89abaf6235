CREATE TABLE forgotten (
    key UUID NOT NULL,
    kind VARCHAR NOT NULL,
    scope VARCHAR,
    forgotten_at TIMESTAMP NOT NULL
);
