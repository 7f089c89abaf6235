"""Text becomes a typed value: numbers, durations, instants, and the formulas of layouts and KPIs."""
