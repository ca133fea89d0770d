"""探查: from an alert, or any figure and place, to what makes it: slices, words, records, and why there is (no) alert."""

from fengsui.board.curve import Point
from fengsui.board.explore.around import Neighbour, Shift, beside, events, shifts
from fengsui.board.explore.deeper import Search, Searches
from fengsui.board.explore.finding import Finding, Mixed, Part, Sum, find
from fengsui.board.explore.line import YEAR, ZOOMS, Line, cuboids_of, line, zoom_of
from fengsui.board.explore.marks import names
from fengsui.board.explore.overlay import MOST as MOST_BESIDE
from fengsui.board.explore.overlay import Overlay, Together, offered, together
from fengsui.board.explore.question import Question, latest, metrics, of_alert, open_to, unit_of
from fengsui.board.explore.voices import Journey, Said, Voices, journey, voices
from fengsui.board.explore.why import Why, why

__all__ = [
    "MOST_BESIDE",
    "YEAR",
    "ZOOMS",
    "Finding",
    "Journey",
    "Line",
    "Mixed",
    "Neighbour",
    "Overlay",
    "Part",
    "Point",
    "Question",
    "Said",
    "Search",
    "Searches",
    "Shift",
    "Sum",
    "Together",
    "Voices",
    "Why",
    "beside",
    "cuboids_of",
    "events",
    "find",
    "journey",
    "latest",
    "line",
    "metrics",
    "names",
    "of_alert",
    "offered",
    "open_to",
    "shifts",
    "together",
    "unit_of",
    "voices",
    "why",
    "zoom_of",
]
