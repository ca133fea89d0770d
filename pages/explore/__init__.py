"""探查: from an alert, or from any figure, to the slice, the words and the records that make it."""
