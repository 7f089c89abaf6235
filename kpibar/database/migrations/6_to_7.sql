-- What was spent on each channel, by month.
CREATE TABLE costs (
    file_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    month VARCHAR NOT NULL,
    begins_at TIMESTAMP NOT NULL,
    begins_on DATE NOT NULL,
    channel VARCHAR NOT NULL,
    brand VARCHAR,
    amount DECIMAL(18, 2) NOT NULL,
    currency VARCHAR,
    updated_at TIMESTAMP
);
