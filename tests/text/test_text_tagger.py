"""Tags from the first minute: each with a confidence and a source, careful, and nothing guessed of an unknown language."""

from __future__ import annotations

from typing import Any

import pytest

from fengsui.text import taxonomy
from fengsui.text.cues import CUES
from fengsui.text.tagger import Tagger, overlaid, say
from fengsui.text.tags import RULE, source_of, sure_of

TAXONOMY = taxonomy.read(taxonomy.BODY)


def fresh() -> Tagger:
    return Tagger(CUES, TAXONOMY)


OURS = fresh()


def tagged(text: str, ratings: list[dict[str, Any]] | None = None) -> Any:
    return OURS.tags([text], [ratings or []])[0]


def stars(value: float, direction: str = "up") -> dict[str, Any]:
    return {"name": "csat", "value": value, "low": 1, "high": 5, "direction": direction, "aspect": "overall"}


@pytest.mark.parametrize(
    ("said", "ratings", "tone"),
    [
        ("谢谢，很耐心", [], "positive"),
        ("不满意", [], "negative"),
        ("態度差", [], "negative"),
        ("好不好", [], "neutral"),
        ("请问营业时间", [], "neutral"),
        ("", [], None),
        ("谢谢", [stars(1)], "negative"),
        ("太差", [stars(5)], "positive"),
        ("太差", [stars(3)], "negative"),  # a middling rating leaves it to the words
        ("", [stars(5, "down")], "negative"),
        ("很好", [stars(9)], "positive"),  # out of its scale: no rating at all
        ("很好", [{**stars(1), "high": 1}], "positive"),
        ("很好", [{**stars(1), "name": "csat_second"}], "positive"),  # asked after the cure
        ("not helpful", [], "negative"),
        ("又崩了，支付失败", [], "negative"),
        ("处理好慢，好多扣了钱", [], "negative"),
        ("东西不错，但是客服太差", [], "negative"),
    ],
)
def test_ratings_speak_before_words(said: str, ratings: list[dict[str, Any]], tone: str | None) -> None:
    assert tagged(said, ratings).get("sentiment") == tone


def test_each_tag_says_how_sure_and_who() -> None:
    tags = tagged("等了半个小时没人接，再不处理就打12315，马上给我退款！", [stars(1)])
    assert tags["by"] == RULE
    assert (
        source_of(tags, "sentiment") == "rating" and source_of(tags, "issue") == RULE and source_of(tags, "product") == "none"
    )
    assert tags["issue"] == "service/waiting" and tags["department"] == "service" and tags["demand"] == "refund"
    assert tags["urgency"] == "high" and tags["band"] == 3
    assert all(0 < (sure_of(tags, tag) or 0) <= 1 for tag in ("sentiment", "issue", "department", "demand", "urgency"))
    assert {"waiting", "impatience", "regulator"} <= tags["cues"].keys()


def test_an_unsure_department_is_offered_with_its_runners_up() -> None:
    choices = tagged("快递把发票弄丢了，退款也没到账")["choices"]["department"]
    assert {choices[0][0], choices[1][0]} == {"finance", "logistics"}
    assert choices[0][1] >= choices[1][1] > 0


@pytest.mark.parametrize(
    "said", ["注文した商品がまだ届きません", "서비스가 너무 느려요", "Где мой заказ?", "el pedido no ha llegado y es malo"]
)
def test_an_unknown_language_passes_untagged_and_says_so(said: str) -> None:
    tags = tagged(said)
    assert tags["untagged"] == "language" and "sentiment" not in tags and tags["cues"] == {}
    assert tagged(said, [stars(1)])["sentiment"] == "negative"  # a rating needs no language


def test_a_batch_is_tagged_as_its_texts_alone() -> None:
    texts = ["太差了", "", "谢谢", "支付失败", "Where is my parcel, still waiting", "物流三天没更新"] * 3
    assert OURS.tags(texts, [[]] * len(texts)) == [tagged(text) for text in texts]


def test_what_a_person_said_holds_for_the_next_version() -> None:
    before = tagged("物流太慢")
    say(before, "sentiment", "positive")
    say(before, "issue", None)
    after = overlaid(tagged("物流太慢，还破损"), before)
    assert after["sentiment"] == "positive" and after["negative"] == 0.0 and source_of(after, "sentiment") == "person"
    assert "issue" not in after and source_of(after, "issue") == "person"


def test_a_correction_teaches_at_once() -> None:
    mine = fresh()
    text = "顾问把我晾在那里"
    assert mine.tags([text], [[]])[0]["sentiment"] != "negative"
    for _ in range(4):
        mine.learn("sentiment", text, "negative")
    tags = mine.tags([text, "谢谢，很耐心"], [[], []])
    assert tags[0]["sentiment"] == "negative" and source_of(tags[0], "sentiment") == "model@0"
    assert tags[1]["sentiment"] == "positive"


def test_a_class_of_a_new_taxonomy_is_learned_too() -> None:
    mine = fresh()
    for _ in range(6):
        mine.learn("issue", "充电桩坏了充不进去", "product/charger")
    assert mine.tags(["充电桩坏了充不进去"], [[]])[0]["issue"] == "product/charger"


def test_hostile_text_is_only_text() -> None:
    for said in ("\ud800 差", "<script>alert(1)</script>", "%s {0} \x00", "😡" * 3000, "a" * 50_000):
        assert tagged(said)["by"] == RULE


def test_a_page_of_one_word_makes_nobody_deaf_to_the_rest() -> None:
    """Fifty questions called neutral at one press share their small words with every complaint."""
    mine = fresh()
    asked = (
        "麻烦查一下，在哪里可以查到物流",
        "您好，我的订单什么时候发货",
        "我是老客户了，请问怎么开发票",
        "客服在吗，怎么改地址",
    )
    for n in range(50):
        mine.learn("sentiment", f"{asked[n % 4]}，订单号 DD{n}", "neutral")
    angry = ["麻烦查一下，东西是坏的，太差了", "我是老客户了，客服态度恶劣，再也不买了", "您好，我的订单一直没人管，非常失望"]
    assert [one["sentiment"] for one in mine.tags(angry, [[]] * 3)] == ["negative"] * 3
    assert mine.tags(["您好，请问怎么改地址，订单号 DD99"], [[]])[0]["sentiment"] == "neutral"
