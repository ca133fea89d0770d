"""``FENGSUI_TEXT_DATA=… python -m benchmarks.text``: every figure beside its goal, on the fifth that was kept aside."""

from __future__ import annotations

import json
import random
import tempfile
import time
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import insert

from benchmarks.text import garbles
from benchmarks.text.data import Text, folder, texts
from fengsui.explore.phrases import burst
from fengsui.ingest.keys import Vault
from fengsui.ingest.near import Window
from fengsui.settings.keys import Keys
from fengsui.store.database import open_store
from fengsui.store.tables import METADATA, feedback_text
from fengsui.text import clean, cues, features, masks, near, taxonomy
from fengsui.text.fitting import Examples, calibrated, fit, scores, sides
from fengsui.text.fold import fold
from fengsui.text.garbled import garbled
from fengsui.text.live import Live
from fengsui.text.model import Base
from fengsui.text.rules import MOODS, Rules, moods
from fengsui.text.tagger import Tagger
from fengsui.text.tags import LEARNED

REVIEWS = ("hotel", "waimai", "osc")


def told(what: str, value: float, goal: str, n: int | None = None) -> None:
    print(f"{what:58} {value:8.4f}  goal {goal:10}" + (f"  n={n:,}" if n is not None else ""), flush=True)


def fitted(rows: Sequence[Text], labels: Sequence[str]) -> Base:
    """How sharp line and layer are is told by a tenth that a first base has not seen; the base is fitted on all."""
    whole = Examples([row.text for row in rows], labels)
    back = sides(whole.texts, 10) == 3
    first = calibrated(fit(whole.at(np.flatnonzero(~back))), whole.at(np.flatnonzero(back)))
    return fit(whole).sharpened(*first.sharpness)


def sentiment() -> None:
    rows = texts(*REVIEWS)
    kept, aside = [row for row in rows if not row.aside], [row for row in rows if row.aside]
    began = time.process_time()
    base = fitted(kept, [row.mood for row in kept])
    print(f"fitted on {len(kept):,} in {time.process_time() - began:.1f} CPU s, {len(base.to_bytes()) / 1e6:.1f} MB")
    p = scores(base, [row.text for row in aside])[:, base.classes.index("negative")]
    truth = np.array([row.mood == "negative" for row in aside])
    said = p >= 0.5
    right = said == truth
    told("sentiment, pooled accuracy of the negative warning", right.mean(), ">= .925", len(aside))
    for name in REVIEWS:
        mine = np.array([row.source == name for row in aside])
        told(f"  {name}", right[mine].mean(), ">= .89", int(mine.sum()))
    hit = (said & truth).sum()
    told("  precision of negative", hit / said.sum(), "-", int(said.sum()))
    told("  recall of negative", hit / truth.sum(), "-", int(truth.sum()))
    told("  F1 of negative", 2 * hit / (said.sum() + truth.sum()), "-")
    surest = np.argsort(-np.abs(p - 0.5))[: int(0.85 * len(p))]
    told("  the surest 85 %", right[surest].mean(), ">= .95", len(surest))
    gaps = []
    for k in range(10):
        inside = (p >= k / 10) & ((p < (k + 1) / 10) | (k == 9))
        gaps += [(abs(p[inside].mean() - truth[inside].mean()), int(inside.sum()))] if inside.any() else []
    told("  calibration error (ten bins)", sum(gap * n for gap, n in gaps) / len(p), "-")
    without_labels(aside)
    other_domains(rows)


def without_labels(aside: Sequence[Text]) -> None:
    """Words alone; of negative and not, the likelier."""
    rules = Rules(cues.CUES, taxonomy.read(taxonomy.BODY))
    heard = rules.hear(features.page([row.text for row in aside]))
    truth = np.array([row.mood == "negative" for row in aside])
    likelier = np.array([(found := moods(one))[0] > found[MOODS.index("positive")] for one in heard])
    told("no label at all: negative likelier than positive", (likelier == truth).mean(), ">= .80", len(aside))
    tagger = Tagger(cues.CUES, taxonomy.read(taxonomy.BODY))
    tagged = tagger.tags([row.text for row in aside], [()] * len(aside))
    three = np.array([tags.get("sentiment") == "negative" for tags in tagged])
    told("  as tagged, with a neutral class", (three == truth).mean(), "-", len(aside))


def other_domains(rows: Sequence[Text]) -> None:
    """A base of the other two domains, then corrections of this one, one at a time."""
    for name in REVIEWS:
        others = [row for row in rows if row.source != name]
        live = Live("sentiment", 1, fitted(others, [row.mood for row in others]))
        aside = [row for row in rows if row.source == name and row.aside]
        teach = [row for row in rows if row.source == name and not row.aside]
        random.Random(1).shuffle(teach)
        figures, spent, done = [], [], 0
        for n in (0, 100, 1000):
            for row in teach[done:n]:
                began = time.process_time()
                live.learn(row.text, row.mood)
                spent.append(time.process_time() - began)
            done = n

            said = live.probabilities([row.text for row in aside], features.bags([row.text for row in aside]))
            right = [live.online.classes[at] == row.mood for at, row in zip(said.argmax(axis=1), aside, strict=True)]
            figures.append(f"{n}: {np.mean(right):.3f}")
        shown = ", ".join(figures)
        last = np.quantile(spent, 0.99) * 1000
        print(f"  {name}: other domains, then corrections one by one: {shown}; 99 % in {last:.1f} CPU ms (goal 5)")


def departments() -> None:
    rows = texts("gov", "govraw")
    kept, aside = [row for row in rows if not row.aside], [row for row in rows if row.aside]
    base = fitted(kept, [row.category for row in kept])
    p = scores(base, [row.text for row in aside])
    truth = np.array([base.classes.index(row.category) for row in aside])
    order = np.argsort(-p, axis=1)
    right = order[:, 0] == truth
    told("owning department, first", right.mean(), ">= .90", len(aside))
    told("  among the first two", (order[:, :2] == truth[:, None]).any(axis=1).mean(), ">= .97")
    told("  among the first three", (order[:, :3] == truth[:, None]).any(axis=1).mean(), "-")
    surest = np.argsort(-p.max(axis=1))[: int(0.8 * len(p))]
    told("  the surest 80 %", right[surest].mean(), "-", len(surest))


def masking() -> None:
    held = [json.loads(line) for line in (folder() / "pii" / "pii_synth.jsonl").read_text(encoding="utf-8").splitlines()]
    numbers, names, false, found_n = [0, 0], [0, 0], 0, 0
    for row in held:
        found = [(start, end) for start, end, _ in masks._spans(fold(row["text"]))]
        found_n += len(found)
        false += sum(not any(start < b and a < end for a, b, _ in row["spans"]) for start, end in found)
        for a, b, kind in row["spans"]:
            one = names if kind in ("addr", "name", "title", "wechat", "plate") else numbers
            one[0] += any(start <= a + 1 and end >= b - 1 for start, end in found)
            one[1] += 1
    told("masked numbers, recall", numbers[0] / numbers[1], ">= .995", numbers[1])
    told("masked names, addresses, plates, accounts, recall", names[0] / names[1], ">= .95", names[1])
    told("masking, precision", 1 - false / max(found_n, 1), ">= .99", found_n)


def cleaning() -> None:
    rows = texts(*REVIEWS, "weibo", "airline")
    good = [row.text for row in rows]
    held = [garbled(text) is not None for text in good]
    told("good texts held back by the garbled gate", np.mean(held), "<= .005", len(good))
    made = garbles.made([text for text in good if sum("一" <= char <= "鿿" for char in text) > 8], 200)
    caught = np.mean([garbled(text) is not None for _, text in made])
    told("garbled texts held back", caught, "-", len(made))
    told("  gate, balanced accuracy", (1 - np.mean(held) + caught) / 2, ">= .98")
    right = [clean.language(row.text) == ("en" if row.source == "airline" else "zh") for row in rows]
    told("language of these texts", np.mean(right), ">= .995", len(rows))


def repeats() -> None:
    """One edit in fifteen characters; what is called near among texts that are all different ones; and how fast."""
    draw = random.Random(5)
    rows = [row.text for row in texts(*REVIEWS) if row.aside]
    signs = "".join(rows[:500])
    for name, least, most, goal in (("short (10-19)", 10, 20, ">= .90"), ("long (20 and more)", 20, 10_000, ">= .97")):
        some = [row for row in rows if least <= _han(row) < most][:3000]
        pairs = zip(near.prints(some), near.prints([_edited(row, draw, signs) for row in some]), strict=True)
        found = [a is not None and b is not None and bool({*a.bands} & {*b.bands}) and near.are_near(a, b) for a, b in pairs]
        told(f"near repeats found, {name} Chinese characters", np.mean(found), goal, len(some))
    began, window, at = time.process_time(), Window(None), datetime(2026, 1, 1, tzinfo=UTC)
    linked = 0
    for start in range(0, len(rows), 500):
        for n, one in enumerate(near.prints(rows[start : start + 500]), start):
            linked += window.first(str(n), at + timedelta(seconds=n), one) != str(n)
    told("  different texts called near", linked / len(rows), "<= .02", len(rows))
    told("  texts looked up a CPU second", len(rows) / (time.process_time() - began), ">= 9000")


def _han(text: str) -> int:
    return sum("一" <= char <= "鿿" for char in text)


def _edited(text: str, draw: random.Random, signs: str) -> str:
    chars = list(text)
    for _ in range(max(1, round(_han(text) / 15))):
        at = draw.randrange(len(chars))
        chars[at : at + draw.randrange(2)] = draw.choice(signs) * draw.randrange(2)
    return "".join(chars)


def folding() -> None:
    """Simplified texts made traditional by OpenCC (where it is installed: no part of the product) and folded back."""
    try:
        from opencc import OpenCC  # type: ignore[import-not-found]
    except ImportError:
        print("traditional and simplified: not measured, OpenCC is not installed (pip install opencc)")
        return
    rows = [fold(row.text) for row in texts(*REVIEWS) if row.aside]
    for name in ("s2t", "s2hk", "s2tw"):
        turn = OpenCC(name)
        turned = [made if len(made := turn.convert(row)) == len(row) else row for row in rows]
        began = time.process_time()
        back = [fold(row) for row in turned]
        spent = time.process_time() - began
        same = [a == b for one, other in zip(rows, back, strict=True) for a, b in zip(one, other, strict=True)]
        told(f"{name} folded back, characters right", float(np.mean(same)), ">= .999", len(same))
    told("  texts folded a CPU second", len(rows) / spent, "-")


def at_rest() -> None:
    """Raw texts sealed (AES-256-GCM, bound to their record) and stored in SQLite as ingest stores them, one transaction."""
    rows = [row.text for row in texts(*REVIEWS)]
    vault = Vault(Keys(b"c" * 32, b"d" * 32, "k1"))
    with tempfile.TemporaryDirectory() as home:
        store = open_store(f"sqlite:///{home}/rest.db")
        METADATA.create_all(store)
        began = time.process_time()
        sealed = [vault.seal(text.encode(), str(n)) for n, text in enumerate(rows)]
        spent = time.process_time() - began
        told("raw texts sealed a CPU second", len(rows) / spent, "-", len(rows))
        size = sum(map(len, sealed)) / sum(len(text.encode()) for text in rows) - 1
        told("  larger by", size, "-")
        made = [
            {"record_key": str(n), "text": "", "mask_version": 1, "text_hash": str(n), "raw": raw, "key_id": "k1"}
            for n, raw in enumerate(sealed)
        ]
        began = time.process_time()
        with store.begin() as conn:
            conn.execute(insert(feedback_text), made)
        told(
            "raw texts sealed and stored a CPU second", len(rows) / (time.process_time() - began + spent), ">= 50000", len(rows)
        )
        store.dispose()


def bursts() -> None:
    """Twelve words that are rare in one pile of texts and burst in another: among the ten phrases?"""
    rows = [row.text for row in texts("osc", "hotel", "waimai") if 15 <= len(row.text) <= 120]
    random.Random(3).shuffle(rows)
    hits, slowest = 0, 0.0
    for word in garbles.BURSTS:
        saying = [text for text in rows if word in text][:25]
        rest = [text for text in rows if word not in text]
        began = time.process_time()
        found = burst([*rest[:475], *saying], rest[475:4475], 10)
        slowest = max(slowest, time.process_time() - began)
        hits += any(one.text in word or word in one.text for one in found)
    told("bursts found among the ten phrases, of 12", hits, ">= 9")
    told("  slowest window, CPU s", slowest, "<= 1")


def speed() -> None:
    """With a base of its own for each learned tag, as large as they come, read from its bytes as the worker reads it."""
    rows = [row.text for row in texts(*REVIEWS)][:20_000]
    kept = texts("osc")
    body = fit(Examples([row.text for row in kept], [row.mood for row in kept]), strength=1.0).to_bytes()
    tracemalloc.start()
    tagger = Tagger(cues.CUES, taxonomy.read(taxonomy.BODY), [Live(tag, 1, Base.from_bytes(body)) for tag in LEARNED])
    tagger.tags(rows[:2000], [()] * 2000)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    began = time.process_time()
    for start in range(0, len(rows), 2000):
        shown = [masks.mask(clean.clean(text, 20_000)) for text in rows[start : start + 2000] if garbled(text) is None]
        tagger.tags(shown, [()] * len(shown))
    told(
        "records a CPU second: gate, cleaning, masking, tagging",
        len(rows) / (time.process_time() - began),
        ">= 3000",
        len(rows),
    )
    began = time.process_time()

    for start in range(0, len(rows), 2000):
        features.bags(rows[start : start + 2000])
    told("  features alone, texts a CPU second", len(rows) / (time.process_time() - began), ">= 5000")
    told("  peak of traced memory with three models, MB", peak, "<= 250")


def main() -> None:
    for part in (speed, sentiment, departments, masking, folding, cleaning, repeats, bursts, at_rest):
        part()


if __name__ == "__main__":
    main()
