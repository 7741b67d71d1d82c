"""Exchange is about spreadsheets in and out: schools' ledgers read, checked and written."""
