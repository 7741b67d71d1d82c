"""The first installation, the people of a school, and their badges."""
