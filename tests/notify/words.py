"""What a surge tells, as the alert room writes it into an outbox row."""

PARAMS = {
    "title": "alerts.title.count_up",
    "lead": "alerts.lead.count_up",
    "since": "2026-11-18T06:20:00+00:00",
    "slice": "channel=App|org.1=华南",
    "metric": "支付投诉",
    "span": 720,
    "observed": 60,
    "expected": 6,
    "excess": 54,
    "ratio": 10,
}
