"""MEASURE: the catalogue of KPIs as data, and the statements that compute them."""
