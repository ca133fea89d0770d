"""One leader at a time, a standby within two seconds of its death, and no write by one whose time is over."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from fengsui.store import leadership
from fengsui.store.database import open_store
from fengsui.store.leadership import Leadership, LostLeadership, this_process, try_lead
from fengsui.store.tables import METADATA, leader

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)

HOLDER = """
import sys, time
from datetime import UTC, datetime
from fengsui.store.database import open_store
from fengsui.store.leadership import try_lead
lead = try_lead(open_store(sys.argv[1]), "first", datetime(2026, 11, 18, tzinfo=UTC))
print("leads" if lead else "stands by", flush=True)
time.sleep(60)
"""


def must_lead(store: Engine, holder: str, now: datetime = NOW) -> Leadership:
    lead = try_lead(store, holder, now)
    assert lead is not None
    return lead


def test_of_two_candidates_one_leads(store: Engine):
    lead = must_lead(store, "one")
    assert try_lead(store, "two", NOW) is None
    lead.release()
    lead.release()
    second = must_lead(store, "two", LATER)
    assert second.epoch == lead.epoch + 1
    with store.connect() as conn:
        row = conn.execute(select(leader)).mappings().one()
    assert (row["holder"], row["since"]) == ("two", LATER)
    second.release()


def test_the_fence_notes_when_the_leader_was_seen(store: Engine):
    lead = must_lead(store, "one")
    with store.begin() as conn:
        lead.fence(LATER)(conn)
    with store.connect() as conn:
        row = conn.execute(select(leader)).mappings().one()
    assert (row["since"], row["seen_at"]) == (NOW, LATER)
    lead.release()


def test_a_write_of_the_old_epoch_is_refused_and_rolled_back(store: Engine):
    old = must_lead(store, "one")
    old.release()  # as when a network cut ended its session and it does not know
    new = must_lead(store, "two", LATER)
    with pytest.raises(LostLeadership) as fault, store.begin() as conn:
        old.fence(LATER + timedelta(hours=1))(conn)
    assert fault.value.params == {"epoch": old.epoch}
    with store.begin() as conn:
        new.fence(LATER)(conn)
        assert conn.execute(select(leader.c.seen_at)).scalar_one() == LATER
    new.release()


def test_a_killed_leader_is_followed_within_two_seconds(store: Engine, store_url: str):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, store_url], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "leads\n"
        assert try_lead(store, "standby", NOW) is None
        holder.kill()  # SIGKILL: no clean-up of its own
        killed = time.monotonic()
        while (lead := try_lead(store, "standby", NOW)) is None:
            assert time.monotonic() - killed < 2
            time.sleep(0.05)
        assert lead.epoch == 2
        lead.release()
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def test_an_election_that_fails_gives_the_lock_back(store: Engine, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object) -> int:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(leadership, "_elect", broken)
        with pytest.raises(OSError, match="full"):
            try_lead(store, "one", NOW)
    must_lead(store, "two").release()


def test_a_store_in_memory_cannot_be_led():
    store = open_store("sqlite:///:memory:")
    METADATA.create_all(store)
    with pytest.raises(ValueError, match="memory"):
        try_lead(store, "one", NOW)


def test_the_lock_lies_beside_the_database(sqlite_store: Engine, tmp_path: Path):
    lead = must_lead(sqlite_store, this_process())
    assert (tmp_path / "store.db.leader").exists()
    lead.release()
