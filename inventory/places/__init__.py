"""Schools, rooms, cabinets and shelves."""
