"""Things and cabinets → what stands on a label or a card → `labels`, read back."""
