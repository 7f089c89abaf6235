-- Tickets a helpdesk opened for a call or chat that is itself a contact: counted too, they would count it twice.
-- A ticket of another channel is not doubled by the call about it, nor by one the customer did not make.
-- Grain: one row per such ticket. Key: source, contact_id.
SELECT DISTINCT ticket.source, ticket.contact_id
FROM contacts AS ticket
JOIN contacts AS episode
    ON episode.case_id = ticket.contact_id
    AND episode.channel = ticket.channel
    AND (episode.brand = ticket.brand OR episode.brand IS NULL OR ticket.brand IS NULL)
WHERE ticket.grain = 'case'
    AND episode.grain = 'interaction'
    AND coalesce(episode.direction, 'inbound') = 'inbound'
    AND NOT coalesce(episode.spam, FALSE)
    AND episode.merged_into IS NULL
