-- The canonical tables: what every export is read into, whoever wrote it.
-- Instants are TIMESTAMP in UTC; the *_on DATE beside one is its day in the brand's time zone.
-- Durations are DOUBLE seconds. NULL means unknown, never 0. Identifiers stay text.
-- file_id is the ledger's file that the record's present version came from.
-- Identifiers are stored as they are: to look for repetition in what does not repeat costs more than all it saves.
-- *_key columns are keyed pseudonyms (HMAC-SHA-256 cut to 128 bits), of a type no text of an export can have.

-- One row per contact episode. Key: source, contact_id.
CREATE TABLE contacts (
    file_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    contact_id VARCHAR NOT NULL USING COMPRESSION uncompressed,
    case_id VARCHAR USING COMPRESSION uncompressed,  -- the helpdesk ticket a call or chat belongs to
    grain VARCHAR,                      -- case | interaction
    customer_key UUID,
    customer_alias_key UUID,         -- a second identifier of the same customer (phone beside e-mail)
    order_ref VARCHAR USING COMPRESSION uncompressed,
    order_key UUID,
    order_number BIGINT,                -- a reference of digits only, without zeros in front
    channel VARCHAR,                    -- phone email chat messaging social web sms self_service post store other
    direction VARCHAR,                  -- inbound | outbound | internal
    created_at TIMESTAMP,
    created_on DATE,
    first_reply_at TIMESTAMP,
    first_human_reply_at TIMESTAMP,
    first_bot_reply_at TIMESTAMP,
    resolved_at TIMESTAMP,
    closed_at TIMESTAMP,
    status VARCHAR,                     -- new open pending hold solved closed
    queue VARCHAR,
    team VARCHAR,
    agent_key UUID,
    brand VARCHAR,
    country VARCHAR,
    lang VARCHAR,
    reason_raw VARCHAR,
    reason VARCHAR,
    reason_by VARCHAR,                  -- vendor | rule | none
    ivr_s DOUBLE,
    wait_s DOUBLE,
    ring_s DOUBLE,
    talk_s DOUBLE,
    hold_s DOUBLE,
    wrap_s DOUBLE,
    handle_s DOUBLE,
    queued BOOLEAN,                     -- the call reached a queue
    answered BOOLEAN,
    abandoned BOOLEAN,
    short_abandon BOOLEAN,
    in_hours BOOLEAN,
    callback BOOLEAN,
    first_reply_s DOUBLE,
    first_reply_business_s DOUBLE,
    resolution_s DOUBLE,
    agent_replies INTEGER,
    customer_messages INTEGER,
    reopens INTEGER,
    transfers INTEGER,
    escalated BOOLEAN,
    bot_involved BOOLEAN,
    bot_handed_off_at TIMESTAMP,
    automated BOOLEAN,
    spam BOOLEAN,
    merged_into VARCHAR,
    updated_at TIMESTAMP,
    subject VARCHAR,                    -- these three only with --keep-text
    tags VARCHAR,
    body VARCHAR
);

-- Order numbers a contact's text mentions, as pseudonyms. Key: source, contact_id, order_key.
CREATE TABLE mentions (
    source VARCHAR NOT NULL,
    contact_id VARCHAR NOT NULL USING COMPRESSION uncompressed,
    order_key UUID NOT NULL,
    explicit BOOLEAN NOT NULL           -- letters, a word or its length say that it is the number of an order
);

-- One row per order. Key: source, brand, order_ref.
CREATE TABLE orders (
    file_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    order_ref VARCHAR NOT NULL USING COMPRESSION uncompressed,
    order_key UUID,
    order_number BIGINT,                -- its digits, without the shop's letters and zeros in front
    number_key UUID,                    -- pseudonym of these digits, where order_key is that of more
    customer_key UUID,
    customer_alias_key UUID,
    ordered_at TIMESTAMP,
    ordered_on DATE,
    cancelled_at TIMESTAMP,
    value DECIMAL(18, 2),
    currency VARCHAR,
    brand VARCHAR,
    country VARCHAR,
    n_lines INTEGER,
    updated_at TIMESTAMP
);

-- One row per parcel. Key: source, parcel_id. The promise is the first one made.
CREATE TABLE parcels (
    file_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    parcel_id VARCHAR NOT NULL USING COMPRESSION uncompressed,
    order_ref VARCHAR USING COMPRESSION uncompressed,
    order_key UUID,
    order_number BIGINT,                -- a reference of digits only, without zeros in front
    brand VARCHAR,
    carrier VARCHAR,
    mode VARCHAR,                       -- home | relay | locker | store | bulky
    country VARCHAR,
    shipped_at TIMESTAMP,
    promised_from TIMESTAMP,
    promised_to TIMESTAMP,              -- a promise of a day ends with that day
    promised_on DATE,
    promise_kind VARCHAR,               -- slot | day | range
    last_promised_to TIMESTAMP,
    promise_file_id INTEGER,            -- the ledger's file in which the promise was seen first
    promise_updated_at TIMESTAMP,       -- and the record's own updated_at there
    first_attempt_at TIMESTAMP,
    first_attempt_on DATE,
    attempts INTEGER,
    delivered_at TIMESTAMP,
    delivered_on DATE,
    returned_at TIMESTAMP,
    lost BOOLEAN,
    status VARCHAR,
    complete BOOLEAN,                   -- delivered in full
    updated_at TIMESTAMP
);

-- One row per message sent about an order. Key: source, notice_id.
CREATE TABLE notices (
    file_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    notice_id VARCHAR NOT NULL USING COMPRESSION uncompressed,
    order_ref VARCHAR USING COMPRESSION uncompressed,
    order_key UUID,
    brand VARCHAR,
    kind VARCHAR,                       -- shipped | delay | slot | delivered
    channel VARCHAR,
    sent_at TIMESTAMP,
    sent_on DATE,
    updated_at TIMESTAMP
);

-- One row per survey invitation or answer. Key: source, survey_id.
CREATE TABLE surveys (
    file_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    survey_id VARCHAR NOT NULL USING COMPRESSION uncompressed,
    kind VARCHAR,                       -- csat | nps | ces | fcr | enps
    scale_min DOUBLE,
    scale_max DOUBLE,
    score DOUBLE,
    sent_at TIMESTAMP,
    sent_on DATE,
    answered_at TIMESTAMP,
    answered_on DATE,
    contact_id VARCHAR USING COMPRESSION uncompressed,
    order_ref VARCHAR USING COMPRESSION uncompressed,
    order_key UUID,
    customer_key UUID,
    brand VARCHAR,
    country VARCHAR,
    channel VARCHAR,
    driver VARCHAR,
    updated_at TIMESTAMP
);

-- One row per commercial gesture. Key: source, gesture_id.
CREATE TABLE gestures (
    file_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    gesture_id VARCHAR NOT NULL USING COMPRESSION uncompressed,
    order_ref VARCHAR USING COMPRESSION uncompressed,
    order_key UUID,
    contact_id VARCHAR USING COMPRESSION uncompressed,
    brand VARCHAR,
    amount DECIMAL(18, 2),
    currency VARCHAR,
    decided_by_agent BOOLEAN,
    given_at TIMESTAMP,
    given_on DATE,
    updated_at TIMESTAMP
);

-- One row per month, channel and brand: what was spent on the channel. Key: source, month, channel, brand. An amount of no
-- brand is that of all brands together.
CREATE TABLE costs (
    file_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    month VARCHAR NOT NULL,             -- 2025-03
    begins_at TIMESTAMP NOT NULL,       -- its first moment
    begins_on DATE NOT NULL,
    channel VARCHAR NOT NULL,
    brand VARCHAR,
    amount DECIMAL(18, 2) NOT NULL,
    currency VARCHAR,
    updated_at TIMESTAMP
);

-- The ledger: one row per table filled from a file; the first one of a file accounts for the file's lines.
CREATE TABLE files (
    file_id INTEGER PRIMARY KEY,
    sha256 VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    size BIGINT NOT NULL,               -- bytes
    layout VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    entity VARCHAR NOT NULL,
    brand VARCHAR,
    encoding VARCHAR NOT NULL,
    delimiter VARCHAR NOT NULL,
    reading VARCHAR NOT NULL,           -- hash of how it was read: layout, zones, reasons, hours, repair
    as_of TIMESTAMP,                    -- the instant up to which the export speaks
    as_of_on DATE,
    ingested_at TIMESTAMP NOT NULL,
    records BIGINT NOT NULL,            -- data records read = the sum of the counts below
    added BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    superseded BIGINT NOT NULL,         -- a newer version of the same record was known
    folded BIGINT NOT NULL,             -- line items or events folded into another record
    rejected BIGINT NOT NULL,
    dropped BIGINT NOT NULL,            -- records the layout leaves aside
    repaired BIGINT NOT NULL,           -- how many of the records read were repaired: no fate of their own
    removed BIGINT NOT NULL,            -- records an earlier reading of the file brought, taken out by this one
    lines BIGINT NOT NULL,              -- physical lines = the sum of the six below; all 0 for a file's further tables
    preamble BIGINT NOT NULL,           -- before the header
    header BIGINT NOT NULL,
    blank BIGINT NOT NULL,
    footer BIGINT NOT NULL,             -- totals and notices below the records
    record_lines BIGINT NOT NULL,       -- lines of records, whatever became of them
    rejected_lines BIGINT NOT NULL,     -- lines that are no record
    stated_timezone VARCHAR,            -- what was said of how to read it, beside brand and layout; NULL: nothing
    stated_date_order VARCHAR,          -- or the order the file showed
    stated_encoding VARCHAR,
    keep_text BOOLEAN NOT NULL,
    stated_from DATE,                   -- the days its records were wanted of, from and until; NULL: no limit
    stated_until DATE,
    chain VARCHAR NOT NULL              -- SHA-256 over the chain of the entry before and this entry, as_of excepted
);

-- Every record or line that was not loaded, with its reason. No customer data: the shape of the value only.
CREATE TABLE rejects (
    file_id INTEGER NOT NULL,
    line BIGINT NOT NULL,               -- the first physical line of what was rejected
    last_line BIGINT NOT NULL,
    column_name VARCHAR,
    shape VARCHAR,
    code VARCHAR NOT NULL,
    reason VARCHAR NOT NULL
);

-- Which canonical columns each source fills (a column absent from an export is unknown, not empty).
CREATE TABLE columns_held (
    file_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    entity VARCHAR NOT NULL,
    column_name VARCHAR NOT NULL
);

-- Values of a listed column that the layout does not know; loaded as 'other' and counted. Of rare ones the shape only.
CREATE TABLE unknown_values (
    file_id INTEGER NOT NULL,
    column_name VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    n BIGINT NOT NULL
);

-- What a user should know of a file although its records were loaded: a stable code, the column or value it is about
-- ('' where it is about none), and how many records it concerns.
CREATE TABLE remarks (
    file_id INTEGER NOT NULL,
    code VARCHAR NOT NULL,
    about VARCHAR NOT NULL,
    records BIGINT NOT NULL
);

-- Up to when each source speaks, per canonical table.
CREATE TABLE sources (
    source VARCHAR NOT NULL,
    entity VARCHAR NOT NULL,
    as_of TIMESTAMP,
    as_of_on DATE
);

-- The name under which the records of a brand are stored, for each folded spelling (see brands.py).
CREATE TABLE brands (
    folded VARCHAR PRIMARY KEY,
    name VARCHAR NOT NULL
);

-- Pseudonyms of who and what was forgotten (kpibar forget): records of before that day are not taken in again.
CREATE TABLE forgotten (
    key UUID NOT NULL,
    kind VARCHAR NOT NULL,              -- person | order | contact, or the table whose record it numbers
    scope VARCHAR,                      -- the brand of an order, the source of a record
    forgotten_at TIMESTAMP NOT NULL
);

CREATE TABLE meta (
    name VARCHAR PRIMARY KEY,
    value VARCHAR NOT NULL
);

-- Which earlier versions of these tables the database had, and when it was migrated from each.
CREATE TABLE migrations (
    from_version INTEGER NOT NULL,
    migrated_at TIMESTAMP NOT NULL      -- UTC
);
