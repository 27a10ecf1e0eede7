CASE indicator_id
/* formulas */
END
