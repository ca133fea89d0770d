"""预案: the first checklist of each tier. Centres put their own contacts and wording in."""

from __future__ import annotations

from typing import Any


def _step(id_: str, zh: str, en: str) -> dict[str, Any]:
    return {"id": id_, "text": {"zh_CN": zh, "en": en}}


PLANS: dict[str, Any] = {
    "tier-1": {
        "name": {"zh_CN": "一般预警预案", "en": "Plan for a general alert"},
        "tier": 1,
        "owner_role": "duty",
        "steps": [
            _step("read", "看三条原文，核实是不是真事", "Read three records and check that it is real"),
            _step("answer", "按正常流程回复客户", "Answer the customers as usual"),
            _step("record", "记下原因", "Write the cause down"),
        ],
    },
    "tier-2": {
        "name": {"zh_CN": "重要预警预案", "en": "Plan for an important alert"},
        "tier": 2,
        "owner_role": "duty",
        "steps": [
            _step("read", "看原文，核实范围和起始时间", "Read the records; check scope and start"),
            _step("team", "联系责任部门，确认原因和恢复时间", "Call the team in charge; cause and time of recovery"),
            _step("wording", "发统一口径给坐席", "Give the agents one wording"),
            _step("customers", "回访受影响客户", "Call the affected customers back"),
            _step("record", "记下原因和做法", "Write down cause and cure"),
        ],
        "wording": {
            "zh_CN": "您反映的问题我们已经在查，今天之内给您答复；不需要重复提交。",
            "en": "We are looking into it and answer you today; there is no need to report it again.",
        },
    },
    "tier-3": {
        "name": {"zh_CN": "严重预警预案", "en": "Plan for a severe alert"},
        "tier": 3,
        "owner_role": "manager",
        "steps": [
            _step("call", "电话通知值班主管和责任部门", "Phone the duty manager and the team in charge"),
            _step("meet", "15 分钟内发起会商，定级别和负责人", "Meet within 15 minutes; settle tier and owner"),
            _step("wording", "发布客户公告和坐席口径", "Publish a notice to customers and one wording for agents"),
            _step("report", "每 30 分钟续报一次", "Report every 30 minutes"),
            _step("customers", "联系受影响客户，重点客户先联系", "Contact the affected customers, key customers first"),
            _step("final", "恢复后终报，24 小时内复盘", "Final report on recovery, review within 24 hours"),
        ],
        "wording": {
            "zh_CN": "我们知道服务出了问题，正在抢修，恢复后主动通知您；请不要重复操作，已扣的款项会核对退回。",
            "en": "We know of the failure and are mending it. Please do not try again: amounts taken are checked and returned.",
        },
    },
}
