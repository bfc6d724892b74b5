"""importcut: which localisation projects cut the most imports."""
