"""Payload → meaning → target → outcome; the durable, idempotent intake of scans."""
