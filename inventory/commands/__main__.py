"""Run the command line as `python -m inventory.commands`."""

from inventory.commands import main

main()
