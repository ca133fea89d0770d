"""我的账户: password, two-step verification and sessions of whoever is signed in. Plain pages, no Streamlit script runs."""
