"""Questions that pages ask. All take a read-only engine and, where slices are involved, the reader's scope."""

from fengsui.board.read.desk import Burning, Desk, burning, desk, everything_of, live, today
from fengsui.board.read.detail import Detail, detail
from fengsui.board.read.people import JUDGES, colleagues
from fengsui.board.read.picture import Picture, latest_version, picture, stamp
from fengsui.board.read.running import Running, running, worker_seen_at
from fengsui.board.read.sources import SourceDetail, quarantined, source_detail
from fengsui.board.read.system import SystemAlert, lasting, system_alerts

__all__ = [
    "JUDGES",
    "Burning",
    "Desk",
    "Detail",
    "Picture",
    "Running",
    "SourceDetail",
    "SystemAlert",
    "burning",
    "colleagues",
    "desk",
    "detail",
    "everything_of",
    "lasting",
    "latest_version",
    "live",
    "picture",
    "quarantined",
    "running",
    "source_detail",
    "stamp",
    "system_alerts",
    "today",
    "worker_seen_at",
]
