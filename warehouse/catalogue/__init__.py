"""The ground floor: declared forms, fields, indicators and registry, and the typed models that read them."""
