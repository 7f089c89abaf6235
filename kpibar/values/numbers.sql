-- How a cell becomes a number: digits with one decimal sign, and thousands separators where nothing else can be meant.
--
-- `sign` is the decimal sign, '.' or ',': the one that the column shows, else the one that the layout states. Of
-- "1.234,56" the plain form is asked first, then the groups of three: by_points fits, the points go, the comma becomes
-- a point, and 1234.56 is cast. "1.234" is a plain number where `sign` is '.', and none where it is ','.

-- Digits with or without decimals, read as a number.
CREATE OR REPLACE TEMP MACRO plain_number(sign) AS
    replace('[+-]?[0-9]*[.]?[0-9]+', '[.]', '[' || sign || ']');
-- The same, read as an amount: three decimals may be thousands; no cent is lost on two.
CREATE OR REPLACE TEMP MACRO plain_amount(sign) AS
    replace('[+-]?([0-9]+|[0-9]*[.]([0-9]{1,2}|[0-9]{4,}))', '[.]', '[' || sign || ']');
-- The same, read as a whole number: decimals other than zeros are none.
CREATE OR REPLACE TEMP MACRO plain_whole_number(sign) AS
    replace('[+-]?[0-9]+([.](0{1,2}|0{4,}))?', '[.]', '[' || sign || ']');

-- Groups of three set apart by blanks or apostrophes, commas, points; a second group or a decimal sign settles it.
CREATE OR REPLACE TEMP MACRO by_blanks() AS
    '[+-]?[1-9][0-9]{0,2}(( [0-9]{3})+|(''[0-9]{3})+)([.,][0-9]+)?';
CREATE OR REPLACE TEMP MACRO by_commas() AS
    '[+-]?[1-9][0-9]{0,2}((,[0-9]{3})+[.][0-9]+|(,[0-9]{3}){2,})';
CREATE OR REPLACE TEMP MACRO by_points() AS
    '[+-]?[1-9][0-9]{0,2}(([.][0-9]{3})+,[0-9]+|([.][0-9]{3}){2,})';

-- Plain blanks, apostrophes and minus signs, none of them around the number.
CREATE OR REPLACE TEMP MACRO tidy(cell) AS
    trim(regexp_replace(replace(replace(cell, '−', '-'), '’', ''''), '[\s\x{a0}\x{202f}\x{2009}]', ' ', 'g'));

-- The digits of a tidy text with a point before the decimals; NULL where it can be read in two ways or in none.
CREATE OR REPLACE TEMP MACRO pointed(tidy_text, plain) AS
    list_transform([tidy_text], lambda n: CASE
        WHEN regexp_full_match(n, plain) THEN replace(n, ',', '.')
        WHEN regexp_full_match(n, by_blanks()) THEN replace(replace(replace(n, ' ', ''), '''', ''), ',', '.')
        WHEN regexp_full_match(n, by_commas()) THEN replace(n, ',', '')
        WHEN regexp_full_match(n, by_points()) THEN replace(replace(n, '.', ''), ',', '.')
    END)[1];

-- num, secs, minutes, hours, days, ms, epoch
CREATE OR REPLACE TEMP MACRO read_number(cell, sign) AS
    CASE
        WHEN regexp_full_match(cell, plain_number(sign)) THEN try_cast(replace(cell, ',', '.') AS DOUBLE)
        WHEN cell IS NOT NULL THEN try_cast(pointed(tidy(cell), plain_number(sign)) AS DOUBLE)
    END;

-- whole
CREATE OR REPLACE TEMP MACRO read_whole_number(cell, sign) AS
    CASE
        WHEN regexp_full_match(cell, plain_whole_number(sign))
            THEN try_cast(try_cast(replace(cell, ',', '.') AS DOUBLE) AS INTEGER)
        WHEN NOT regexp_full_match(cell, '[+-]?[0-9]*[.,]?[0-9]+')
            THEN list_transform([read_number(cell, sign)], lambda w: CASE
                WHEN w = floor(w) THEN try_cast(w AS INTEGER)
            END)[1]
    END;

-- A currency before or after an amount.
CREATE OR REPLACE TEMP MACRO currency() AS
    '(\p{Sc}|EUR|USD|GBP|CHF|CAD|AUD|NZD|JPY|CNY|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|MAD|TND|DZD|XOF|XAF|XPF|BRL|MXN|'
    || 'INR|KRW|SGD|HKD|ZAR|AED|SAR|ILS|Fr[.]|kr[.]?|zł|Kč|Ft|lei)';
CREATE OR REPLACE TEMP MACRO money_before() AS '(' || currency() || ' ?)?';
CREATE OR REPLACE TEMP MACRO money_after() AS '( ?' || currency() || ')?';
-- One sign at most: before or after the currency, or after the amount; or parentheses.
CREATE OR REPLACE TEMP MACRO amount_form() AS
    '[+-]? ?' || money_before() || '[0-9.,][0-9 .,'']*' || money_after()
    || '|' || money_before() || '[+-] ?[0-9.,][0-9 .,'']*' || money_after()
    || '|' || money_before() || '[0-9.,][0-9 .,'']*-' || money_after()
    || '|' || money_before() || '[0-9.,][0-9 .,'']*' || money_after() || '-'
    || '|[(]' || money_before() || '[0-9.,][0-9 .,'']*' || money_after() || '[)]';

-- money: with or without its currency; (12.50) and 12.50- are negative.
CREATE OR REPLACE TEMP MACRO read_amount(cell, sign) AS
    CASE
        WHEN regexp_full_match(cell, plain_amount(sign)) THEN try_cast(replace(cell, ',', '.') AS DECIMAL(18, 2))
        WHEN cell IS NOT NULL THEN list_transform([tidy(cell)], lambda a: CASE
            WHEN regexp_full_match(a, amount_form()) THEN
                try_cast(
                    pointed(trim(regexp_extract(a, '[0-9.,][0-9 .,'']*')), plain_amount(sign)) AS DECIMAL(18, 2)
                ) * CASE WHEN contains(a, '-') OR starts_with(a, '(') THEN -1 ELSE 1 END
        END)[1]
    END;
