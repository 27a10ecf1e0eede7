INSERT INTO lake.publication.part BY NAME
SELECT ? AS office, * FROM written_parts WHERE row_count IS NOT NULL
