"""Every code that alerts can store or answer has words in both languages, with the same parameters."""

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest

from fengsui import alerts, notify
from fengsui.alerts import wording
from fengsui.alerts.commands.chips import CHIPS
from fengsui.alerts.commands.table import COMMANDS
from fengsui.alerts.seeds import FLOORS, WEIGHTS
from fengsui.locale.catalogue import catalogue
from fengsui.locale.say import holes, say

ZH, EN = catalogue("zh_CN"), catalogue("en")
MINE = sorted(code for code in {*ZH, *EN} if code.startswith(("alerts.", "notify.")))
PREFIX = re.compile(r"^(alerts|notify)\.[a-z_]+\.[a-z_]+$")


def _literals(package) -> set[str]:
    found = set()
    for path in Path(package.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and PREFIX.match(node.value):
                found.add(node.value)
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "said":
                found |= {f"alerts.factor.{arg.value}" for arg in node.args if isinstance(arg, ast.Constant)}
    return found


def test_the_two_languages_have_the_same_codes():
    assert set(MINE) <= set(ZH)
    assert set(MINE) <= set(EN)


@pytest.mark.parametrize("code", MINE)
def test_the_two_languages_use_the_same_parameters(code):
    assert {name for name, _ in holes(ZH[code])} == {name for name, _ in holes(EN[code])}


def test_every_code_in_the_source_has_words():
    codes = _literals(alerts) | _literals(notify)
    assert len(codes) > 40
    assert {code for code in codes if not code.endswith("_")} - {*ZH} == set()  # those with _ are built, see below


def test_every_built_code_has_words():
    built = {
        f"alerts.{part}.{name}" for name in COMMANDS for part in ("refused.after", "refused.state", "transition", "command")
    }
    built |= {f"alerts.chip.{command}.{chip}" for command, chips in CHIPS.items() for chip in chips}
    built |= {f"alerts.{part}.phrase_{cue}" for cue in wording.CUES for part in ("lead", "title")}
    built |= {f"alerts.cue.{cue}" for cue in {*wording.CUES, *WEIGHTS["cues"]}}
    built |= {f"alerts.floor.{floor}" for floor in FLOORS}
    kinds = ["count", "share", "duration", "gauge", "stock", "lasting", "limit_count", "limit_share", "limit_duration"]
    built |= {f"alerts.{part}.{kind}_{side}" for kind in kinds for side in ("up", "down") for part in ("lead", "title")}
    built |= {f"alerts.notice.{code}" for code in ("opened", "raised", "cleared", "refired")}
    built |= {f"alerts.transition.{code}" for code in ("refired", "joined")}
    built |= {f"alerts.factor.{side}_{shape}" for side in ("inside", "past") for shape in ("share", "duration")}
    assert built - {*ZH} == set()


def test_the_lead_sentence_of_a_stored_alert_reads_as_people_say_it(lite):
    lite.record(n=60, dims={"channel": "App", "org": "华南/广东", "category": "物流/x"})
    lite.sees("channel=App|org.1=华南", observed=60, expected=6, minutes=12)
    lite.advance()
    code, params = wording.lead(lite.one())
    text = say("zh_CN", code, {**params, "metric": "支付投诉"})
    assert text == "从 14:20 起，华南 · App的支付投诉 12 分收到 60 件；平时这段时间约 6 件，多出 54 件，约为平时的 10 倍"
    code, params = wording.title(lite.one())
    assert say("zh_CN", code, {**params, "metric": "支付投诉"}) == "华南 · App：支付投诉突增"


def test_every_stored_reason_of_a_road_can_be_said(lite):
    lite.record(n=9, cues=("outage",))
    lite.record(kind="staff_report", customer=None)
    lite.record(cues=("regulator",))
    lite.sees(observed=30, expected=1)
    for ago in range(6):
        lite.waiting(50, lite.now - timedelta(minutes=ago, seconds=10))
    lite.advance()
    for row in lite.episodes():
        said = [wording.lead(row), wording.title(row)]
        said += [(reason["code"], reason["params"]) for part in row["factors"].values() for reason in part]
        for code, params in said:
            for lang in ("zh_CN", "en"):
                assert "«" not in say(lang, code, params), (code, params)
    assert len(lite.episodes()) >= 4
