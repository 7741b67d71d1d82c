"""What all pages share: who acts, the language, forms, filters, headers, error pages."""
