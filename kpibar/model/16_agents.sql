-- Agents: the people who answered contacts, each with a short name made of its pseudonym: the first four signs of it,
-- more where another agent of the database has the same. It stays the same until such another agent comes.
-- Grain: one row per agent. Key: agent_number (a number without meaning, its place in the order of pseudonyms);
-- agent_id too.
SELECT
    row_number() OVER (ORDER BY agent_id NULLS LAST) AS agent_number,
    agent_id,
    'agent ' || CASE
        WHEN count(*) OVER (PARTITION BY substr(agent_id, 1, 4)) = 1 THEN substr(agent_id, 1, 4)
        WHEN count(*) OVER (PARTITION BY substr(agent_id, 1, 6)) = 1 THEN substr(agent_id, 1, 6)
        WHEN count(*) OVER (PARTITION BY substr(agent_id, 1, 8)) = 1 THEN substr(agent_id, 1, 8)
        ELSE agent_id
    END AS agent
FROM (SELECT DISTINCT CAST(agent_key AS STRING) AS agent_id FROM contacts WHERE agent_key IS NOT NULL) AS agents
