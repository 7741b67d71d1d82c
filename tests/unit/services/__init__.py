"""Tests of services, on both engines."""
