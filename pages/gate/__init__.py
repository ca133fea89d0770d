"""The plain HTTP side: sign-in page, sign-out, health, and the door before every page. No Streamlit script runs here."""
