"""``/claim/TOKEN``: the alert of a personal link on a phone, and the one button to take it. No Streamlit script runs here."""
