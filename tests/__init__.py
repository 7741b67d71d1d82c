"""Tests: unit by package, services on both engines, pages, API, house rules, real browser."""
