"""Draws finished tables. Text comes from `say` (language.Voice); the caller gives the claim as title."""
