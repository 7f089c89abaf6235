-- The tables of schema version 6.
CREATE TABLE contacts (
    file_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    contact_id VARCHAR NOT NULL,
    case_id VARCHAR,
    grain VARCHAR,
    customer_key UUID,
    customer_alias_key UUID,
    order_ref VARCHAR,
    order_key UUID,
    order_number BIGINT,
    channel VARCHAR,
    direction VARCHAR,
    created_at TIMESTAMP,
    created_on DATE,
    first_reply_at TIMESTAMP,
    first_human_reply_at TIMESTAMP,
    first_bot_reply_at TIMESTAMP,
    resolved_at TIMESTAMP,
    closed_at TIMESTAMP,
    status VARCHAR,
    queue VARCHAR,
    team VARCHAR,
    agent_key UUID,
    brand VARCHAR,
    country VARCHAR,
    lang VARCHAR,
    reason_raw VARCHAR,
    reason VARCHAR,
    reason_by VARCHAR,
    ivr_s DOUBLE,
    wait_s DOUBLE,
    ring_s DOUBLE,
    talk_s DOUBLE,
    hold_s DOUBLE,
    wrap_s DOUBLE,
    handle_s DOUBLE,
    queued BOOLEAN,
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
    subject VARCHAR,
    tags VARCHAR,
    body VARCHAR
);

CREATE TABLE mentions (
    source VARCHAR NOT NULL,
    contact_id VARCHAR NOT NULL,
    order_key UUID NOT NULL,
    explicit BOOLEAN NOT NULL
);

CREATE TABLE orders (
    file_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    order_ref VARCHAR NOT NULL,
    order_key UUID,
    order_number BIGINT,
    number_key UUID,
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

CREATE TABLE parcels (
    file_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    parcel_id VARCHAR NOT NULL,
    order_ref VARCHAR,
    order_key UUID,
    order_number BIGINT,
    brand VARCHAR,
    carrier VARCHAR,
    mode VARCHAR,
    country VARCHAR,
    shipped_at TIMESTAMP,
    promised_from TIMESTAMP,
    promised_to TIMESTAMP,
    promised_on DATE,
    promise_kind VARCHAR,
    last_promised_to TIMESTAMP,
    promise_file_id INTEGER,
    promise_updated_at TIMESTAMP,
    first_attempt_at TIMESTAMP,
    first_attempt_on DATE,
    attempts INTEGER,
    delivered_at TIMESTAMP,
    delivered_on DATE,
    returned_at TIMESTAMP,
    lost BOOLEAN,
    status VARCHAR,
    complete BOOLEAN,
    updated_at TIMESTAMP
);

CREATE TABLE notices (
    file_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    notice_id VARCHAR NOT NULL,
    order_ref VARCHAR,
    order_key UUID,
    brand VARCHAR,
    kind VARCHAR,
    channel VARCHAR,
    sent_at TIMESTAMP,
    sent_on DATE,
    updated_at TIMESTAMP
);

CREATE TABLE surveys (
    file_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    survey_id VARCHAR NOT NULL,
    kind VARCHAR,
    scale_min DOUBLE,
    scale_max DOUBLE,
    score DOUBLE,
    sent_at TIMESTAMP,
    sent_on DATE,
    answered_at TIMESTAMP,
    answered_on DATE,
    contact_id VARCHAR,
    order_ref VARCHAR,
    order_key UUID,
    customer_key UUID,
    brand VARCHAR,
    country VARCHAR,
    channel VARCHAR,
    driver VARCHAR,
    updated_at TIMESTAMP
);

CREATE TABLE gestures (
    file_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    gesture_id VARCHAR NOT NULL,
    order_ref VARCHAR,
    order_key UUID,
    contact_id VARCHAR,
    brand VARCHAR,
    amount DECIMAL(18, 2),
    currency VARCHAR,
    decided_by_agent BOOLEAN,
    given_at TIMESTAMP,
    given_on DATE,
    updated_at TIMESTAMP
);

CREATE TABLE files (
    file_id INTEGER PRIMARY KEY,
    sha256 VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    size BIGINT NOT NULL,
    layout VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    entity VARCHAR NOT NULL,
    brand VARCHAR,
    encoding VARCHAR NOT NULL,
    delimiter VARCHAR NOT NULL,
    reading VARCHAR NOT NULL,
    as_of TIMESTAMP,
    as_of_on DATE,
    ingested_at TIMESTAMP NOT NULL,
    records BIGINT NOT NULL,
    added BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    superseded BIGINT NOT NULL,
    folded BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    dropped BIGINT NOT NULL,
    repaired BIGINT NOT NULL,
    removed BIGINT NOT NULL,
    lines BIGINT NOT NULL,
    preamble BIGINT NOT NULL,
    header BIGINT NOT NULL,
    blank BIGINT NOT NULL,
    footer BIGINT NOT NULL,
    record_lines BIGINT NOT NULL,
    rejected_lines BIGINT NOT NULL,
    stated_timezone VARCHAR,
    stated_date_order VARCHAR,
    stated_encoding VARCHAR,
    keep_text BOOLEAN NOT NULL,
    stated_from DATE,
    stated_until DATE,
    chain VARCHAR NOT NULL
);

CREATE TABLE rejects (
    file_id INTEGER NOT NULL,
    line BIGINT NOT NULL,
    last_line BIGINT NOT NULL,
    column_name VARCHAR,
    shape VARCHAR,
    code VARCHAR NOT NULL,
    reason VARCHAR NOT NULL
);

CREATE TABLE columns_held (
    file_id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    entity VARCHAR NOT NULL,
    column_name VARCHAR NOT NULL
);

CREATE TABLE unknown_values (
    file_id INTEGER NOT NULL,
    column_name VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    n BIGINT NOT NULL
);

CREATE TABLE remarks (
    file_id INTEGER NOT NULL,
    code VARCHAR NOT NULL,
    about VARCHAR NOT NULL,
    records BIGINT NOT NULL
);

CREATE TABLE sources (
    source VARCHAR NOT NULL,
    entity VARCHAR NOT NULL,
    as_of TIMESTAMP,
    as_of_on DATE
);

CREATE TABLE brands (
    folded VARCHAR PRIMARY KEY,
    name VARCHAR NOT NULL
);

CREATE TABLE forgotten (
    key UUID NOT NULL,
    kind VARCHAR NOT NULL,
    scope VARCHAR,
    forgotten_at TIMESTAMP NOT NULL
);

CREATE TABLE meta (
    name VARCHAR PRIMARY KEY,
    value VARCHAR NOT NULL
);

CREATE TABLE migrations (
    from_version INTEGER NOT NULL,
    migrated_at TIMESTAMP NOT NULL
);
