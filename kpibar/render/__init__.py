"""WRITE: Barometer -> text. No renderer computes a KPI."""
