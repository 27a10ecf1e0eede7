DELETE FROM lake.publication.part AS p
WHERE office = ? AND EXISTS (
    FROM written_parts AS w WHERE w.table_name = p.table_name AND w.year IS NOT DISTINCT FROM p.year
)
