-- How a cell becomes seconds: clocks, and numbers with their units in English, French and ISO 8601.
--
-- A clock of two parts is mm:ss, of three hh:mm:ss: `form` is clock_form() or, in a column whose name speaks of hours
-- and not of mm:ss, whole_clock_form(): there 1:30 may be an hour and a half, and is not read.

-- Hours may pass 24; the parts below may not pass 59.
CREATE OR REPLACE TEMP MACRO clock_form() AS
    '-?[0-9]+:[0-5]?[0-9](:[0-5]?[0-9]([.][0-9]+)?)?';
CREATE OR REPLACE TEMP MACRO whole_clock_form() AS
    '-?[0-9]+:[0-5]?[0-9]:[0-5]?[0-9]([.][0-9]+)?';
-- What the engine's own INTERVAL reads alike: 1d 2h 3m 4s.
CREATE OR REPLACE TEMP MACRO letters_form() AS
    '([0-9]+d ?)?([0-9]+h ?)?([0-9]+m ?)?([0-9]+s)?';
-- PnDTnHnMnS in small letters; a month before the T has no length.
CREATE OR REPLACE TEMP MACRO iso_form() AS
    '([+-])?p(?:([0-9]+)d)?(?:t(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+(?:[.,][0-9]+)?)s)?)?';
-- 1 day 2 hours 3 min 4 s, each part optional; minutes after an hour need no unit: 1 h 05.
CREATE OR REPLACE TEMP MACRO spoken_form() AS
    '([+-])?'
    || '(?:([0-9]+) ?(?:days?|d|jours?|j)[.]?,? ?(?:and |et )?)?'
    || '(?:(?:([0-9]+) ?(?:hours?|hrs?|heures?|h)[.]?,? ?(?:and |et )?)?'
    || '(?:([0-9]+) ?(?:minutes?|mins?|mn|m)[.]?,? ?(?:and |et )?)?'
    || '(?:([0-9]+(?:[.][0-9]+|,[0-9]{1,2}|,[0-9]{4,})?) ?(?:seconds?|secondes?|secs?|s)[.]?)?'
    || '|([0-9]+) ?h ?([0-5][0-9])'
    || '|([0-9]+):([0-5][0-9]):([0-5][0-9]))';

-- The number of a part; a part that is not there is 0.
CREATE OR REPLACE TEMP MACRO part(text) AS coalesce(try_cast(replace(text, ',', '.') AS DOUBLE), 0.0);
CREATE OR REPLACE TEMP MACRO in_seconds(sign, d, h, m, s) AS
    CASE
        WHEN d || h || m || s <> '' THEN CASE sign WHEN '-' THEN -1.0 ELSE 1.0 END
            * (part(d) * 86400 + part(h) * 3600 + part(m) * 60 + part(s) * 1)
    END;

-- The seconds of the parts that each form gives, NULL where it gives none.
CREATE OR REPLACE TEMP MACRO iso_seconds(x) AS
    list_transform(
        [regexp_extract(x, '^(?:' || iso_form() || ')$', ['sign', 'd', 'h', 'm', 's'])],
        lambda w: in_seconds(w.sign, w.d, w.h, w.m, w.s)
    )[1];
CREATE OR REPLACE TEMP MACRO spoken_seconds(x) AS
    list_transform(
        [regexp_extract(x, '^(?:' || spoken_form() || ')$', [
            'sign', 'd', 'h', 'm', 's', 'h_short', 'm_short', 'h_clock', 'm_clock', 's_clock'
        ])],
        lambda w: in_seconds(
            w.sign, w.d, w.h || w.h_short || w.h_clock, w.m || w.m_short || w.m_clock, w.s || w.s_clock
        )
    )[1];
CREATE OR REPLACE TEMP MACRO worded_seconds(cell) AS
    list_transform(
        [trim(regexp_replace(replace(strip_accents(lower(cell)), '−', '-'), '[\s\x{a0}\x{202f}\x{2009}]+', ' ', 'g'))],
        lambda x: CASE WHEN contains(x, 'p') THEN iso_seconds(x) ELSE spoken_seconds(x) END
    )[1];
CREATE OR REPLACE TEMP MACRO clock_seconds(cell) AS
    epoch(try_cast(ltrim(cell, '+') AS INTERVAL))
    / CASE WHEN strlen(cell) - strlen(replace(cell, ':', '')) = 1 THEN 60 ELSE 1 END;

-- hms: a bare number is none
CREATE OR REPLACE TEMP MACRO read_clock(cell, form) AS
    CASE
        WHEN regexp_full_match(cell, '[+]?' || form) THEN clock_seconds(cell)
        WHEN regexp_full_match(cell, letters_form()) THEN epoch(try_cast(cell AS INTERVAL))
        WHEN cell IS NOT NULL THEN worded_seconds(cell)
    END;

-- duration: a bare number is one of milliseconds
CREATE OR REPLACE TEMP MACRO read_duration(cell, form) AS
    CASE
        WHEN regexp_full_match(cell, '-?[0-9]+') THEN CAST(cell AS DOUBLE) / 1000.0
        ELSE read_clock(cell, form)
    END;
