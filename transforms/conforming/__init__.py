"""Texts into typed values with states, of known org units, with notes and problems; then observations and measures."""
