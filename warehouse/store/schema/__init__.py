"""What the published file holds, as declared: schemas, tables, views, macros and the dictionary that explains them."""
