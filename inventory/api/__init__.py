"""What all JSON shares: tokens, reading bodies strictly, cursors, the OpenAPI document."""
