UPDATE temp.staged_indicator AS i SET state = ?
FROM temp.held_source AS s
WHERE i.state = 'not_reported' AND s.indicator = i.indicator AND EXISTS (
    FROM temp.held_node AS n WHERE n.year = i.year AND n.org_code = i.org_code AND n.unit_level = s.unit_level
)
