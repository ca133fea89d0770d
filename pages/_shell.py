"""The script that Streamlit runs for every page: who is asking -> allowed pages -> navigation -> run."""

from pages.look.shell import run

run()
