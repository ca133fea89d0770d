"""Words: catalogues per room and language, and the one function that turns a code with parameters into a sentence.

What is stored or raised is ``(code, params)``; words are chosen when somebody reads it (DESIGN §6). Every room brings
``<lang>/<room>.po``; nothing here knows the rooms.
"""

from fengsui.locale.language import LANGUAGES, language
from fengsui.locale.say import has, say
from fengsui.locale.words import condition_name, handling_name, role_name, tier_mark, tier_name

__all__ = ["LANGUAGES", "condition_name", "handling_name", "has", "language", "role_name", "say", "tier_mark", "tier_name"]
