-- The ways in which a contact is tied to an order, the surest first.
-- reference: the contact states the number of the order. reference digits: it states a number of which the order has
-- the digits, without letters and zeros in front. text: its text mentions the number. text digits: its text mentions
-- the digits. customer: the customer names the order in another contact of the same
-- days, or placed it in the weeks before, or its promise ended then.
-- Grain: one row per way. Key: linked_by.
SELECT linked_by, place
FROM (
    VALUES ('reference', 1), ('reference digits', 2), ('text', 3), ('text digits', 4), ('customer', 5)
) AS ways (linked_by, place)
