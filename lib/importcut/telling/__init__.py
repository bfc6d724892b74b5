"""Telling: from tables to words, charts and files."""
