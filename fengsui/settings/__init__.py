"""``fengsui.toml``: what the operator of a deployment decides. Imports nothing of ours.

``load(path) -> Settings`` or ``SettingsFault`` with every mistake; ``open_keys(settings) -> Keys`` when a process needs them.
"""

from fengsui.settings.channel import Channel
from fengsui.settings.dimension import Dimension
from fengsui.settings.keys import Keys, open_keys
from fengsui.settings.lines import key_lines, line_of_key
from fengsui.settings.loader import load, parse
from fengsui.settings.mistakes import Mistake, SettingsFault
from fengsui.settings.model import Settings
from fengsui.settings.secret import Secret
from fengsui.settings.source import Source
from fengsui.settings.span import parse_span

__all__ = [
    "Channel",
    "Dimension",
    "Keys",
    "Mistake",
    "Secret",
    "Settings",
    "SettingsFault",
    "Source",
    "key_lines",
    "line_of_key",
    "load",
    "open_keys",
    "parse",
    "parse_span",
]
