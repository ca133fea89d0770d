"""How good cleaning, masking and tagging are, on labelled texts that are not part of the project ($FENGSUI_TEXT_DATA)."""
