"""Documents, ledger lines, and the proof that ledger, thing and card agree."""
