"""Passes on what arrives."""
