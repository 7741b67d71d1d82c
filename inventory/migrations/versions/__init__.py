"""One module a step; each works with the release before it."""
