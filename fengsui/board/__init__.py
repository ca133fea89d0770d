"""What the pages show: the worker's versioned picture, and what people did since, read live.

``snapshot.build`` runs in the worker at the end of a tick; ``read.*`` answers pages from a read-only engine and enforces
the reader's organisation scope; ``requests`` hands work to the worker. Nothing here has words: codes and numbers only.
"""

from typing import TypeAlias

from sqlalchemy import Engine

Store: TypeAlias = Engine
"""What pages hand to ``read`` (a read-only one) and to commands (a writable one); they know no more of it."""
