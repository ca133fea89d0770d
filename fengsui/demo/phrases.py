"""What the invented customers write, put together from parts: opening, problem, detail, emotion and request.

Each second-level category has its own problems; details carry order numbers, amounts, dates, and sometimes a phone number
or an e-mail address (so that the masks have work). Cue words of the media or the regulator are rare on purpose.
"""

from __future__ import annotations

from random import Random

PROBLEMS: dict[str, tuple[str, ...]] = {
    "支付失败": (
        "付款一直转圈，最后提示支付失败",
        "银行卡绑定成功却付不了款",
        "结账时页面报错，订单没生成",
        "扫码付款提示系统繁忙",
        "余额够却提示余额不足",
    ),
    "重复扣款": ("同一笔订单被扣了两次钱", "取消订单以后还是扣了款", "账单里多出一笔扣款", "分期的钱这个月扣了两遍"),
    "优惠未抵扣": ("满减没有抵扣，按原价收了钱", "红包用了却没有减钱", "结账时显示的优惠和扣款对不上", "支付立减没有生效"),
    "配送延误": (
        "包裹三天没有更新物流",
        "说好次日达，现在还没发货",
        "快递一直停在中转站",
        "预约的送货时间又被改了",
        "订单显示派送中，等了一天没人来",
    ),
    "包裹破损": ("收到的箱子压扁了，里面的东西也坏了", "外包装破了，商品进了水", "玻璃瓶碎在箱子里", "快递被拆开过"),
    "签收异常": ("显示已签收，但我没有收到", "快递员没打电话就放在驿站", "被别人代签了，找不到包裹", "地址没错却被退回去了"),
    "退款进度": (
        "退货已经签收一周，退款还没到账",
        "退款显示成功，银行卡里没有",
        "退款金额少了运费",
        "退款一直是处理中",
        "客服说两天到账，现在五天了",
    ),
    "退货受理": ("申请退货被拒绝，理由看不懂", "上门取件一直没人来", "退货地址填错了改不了", "七天无理由不给退"),
    "自助退款": ("自助退款点了没有反应", "自助退款找不到入口", "自助退款提示要联系人工", "自助退款的进度在哪里看"),
    "质量瑕疵": ("用了两天就坏了", "衣服洗一次就掉色", "充电时发热很厉害", "刚打开就有划痕", "做工粗糙，线头很多"),
    "描述不符": ("颜色和图片差很多", "页面写的材质和实物不一样", "尺码偏小两号", "标称容量和实际不符"),
    "缺件错发": ("少发了一件配件", "收到的不是我买的型号", "赠品没有放在包裹里", "两件只收到一件"),
    "验证码": ("一直收不到验证码", "验证码输入正确却提示错误", "换了手机号收不到短信", "验证码等十分钟才来"),
    "账号冻结": ("账号突然被冻结，登不进去", "解冻申请提交了没有回复", "提示账号有风险，不让下单", "账号被别人改了密码"),
    "实名认证": ("实名认证一直不通过", "人脸识别总是失败", "证件照片传不上去", "身份信息更新不了"),
    "积分": ("积分少了一千多", "积分兑换的东西没有发", "积分到期没有提醒", "签到的积分没有到账"),
    "会员续费": ("没有同意就自动续费了", "续费的价格和宣传不一样", "取消自动续费找不到地方", "会员到期提前了一个月"),
    "优惠券": ("优惠券显示已使用，可我没有用", "领的券结账时不能用", "券的使用条件没有写清楚", "生日券没有发给我"),
    "服务用语": ("客服说话很不耐烦", "客服没听完就挂了电话", "问什么都是复制粘贴的回答", "客服讲话阴阳怪气"),
    "等待时间": ("排队等了半个小时没人接", "在线客服一直显示前面还有人", "电话转了三次还没有解决", "留言两天没有人回"),
    "承诺未兑现": (
        "上次答应补偿，到现在没有给",
        "说好今天回电，没有人打来",
        "客服承诺的赔付被取消了",
        "说帮我登记，结果查不到记录",
    ),
    "维修进度": ("送修两周没有消息", "维修单一直是检测中", "修好的机器寄回来还是老毛病", "说缺配件，等了一个月"),
    "上门预约": ("约好的师傅没有来", "上门时间改了三次", "师傅上门说要另外收费", "预约页面选不了时间"),
    "保修政策": ("还在保修期却要收费", "保修卡上的日期不对", "换新以后保修怎么算没人说清楚", "电池不在保修范围内吗"),
}

OPENINGS = (
    "你好，",
    "您好，",
    "客服在吗，",
    "请问一下，",
    "我是老客户了，",
    "麻烦查一下，",
    "昨天到现在，",
    "反映个问题，",
    "",
)
ASKS = {
    "complaint": (
        "请尽快处理。",
        "我要投诉。",
        "给个说法吧。",
        "今天必须解决。",
        "请给我退款。",
        "希望有人回电。",
        "什么时候能处理好？",
        "请主管联系我。",
    ),
    "inquiry": ("请问怎么办？", "麻烦告诉我怎么操作。", "大概要多久？", "谢谢。", "在哪里可以查到？", "能帮我看看吗？"),
    "request": ("请帮我登记。", "请帮我修改。", "请帮我查一下进度。", "申请处理，谢谢。", "请安排人联系我。"),
    "suggestion": ("建议改一下。", "希望以后能改进。", "建议页面上写清楚。"),
}
STRONG = ("太让人失望了，", "非常生气，", "简直是欺骗消费者，", "再也不会来买了，", "已经忍了很久，", "实在无法接受，")
MILD = ("有点着急，", "体验不太好，", "不太满意，", "")
CUES = ("再不处理我就打 12315，", "我会找媒体曝光，", "已经在黑猫投诉了，", "准备向监管部门反映，")
COMMENTS = (
    ("问题没有解决，很失望", "等太久了", "态度不好", "同样的话说了三遍", "推来推去没人负责"),
    ("一般，处理有点慢", "还行吧", "问题解决了一半", "回复太模板化"),
    ("处理得很快，谢谢", "客服很耐心", "解决了，满意", "讲得很清楚", "比上次好多了", ""),
)
MAILS = ("example.com", "example.cn", "example.net")
P_CUE, P_STRONG, P_PHONE, P_MAIL, P_ORDER = 0.001, 0.22, 0.06, 0.02, 0.62


def order_number(rng: Random) -> str:
    return f"DD{rng.randrange(10**11, 10**12)}"


def phone_number(rng: Random) -> str:
    """Eleven digits behind a prefix of real mobile numbers; invented, as everything here."""
    return f"1{rng.choice('3578')}{rng.randrange(10**8, 10**9)}"


def _detail(rng: Random) -> str:
    parts = []
    if rng.random() < P_ORDER:
        parts.append(f"订单号 {order_number(rng)}，")
    if rng.random() < 0.3:
        parts.append(f"金额 {rng.randrange(900, 90000) / 100:.2f} 元，")
    if rng.random() < P_PHONE:
        parts.append(f"我的电话是 {phone_number(rng)}，")
    if rng.random() < P_MAIL:
        parts.append(f"邮箱 u{rng.randrange(10**5)}@{rng.choice(MAILS)}，")
    return "".join(parts)


def _emotion(rng: Random, kind: str) -> str:
    if kind != "complaint":
        return ""
    if rng.random() < P_CUE:
        return rng.choice(CUES)
    return rng.choice(STRONG if rng.random() < P_STRONG else MILD)


def sentence(rng: Random, l2: str, kind: str) -> str:
    """One customer's words about a second-level category."""
    return around(rng, rng.choice(PROBLEMS[l2]), kind)


def around(rng: Random, problem: str, kind: str) -> str:
    """A problem with an opening, details, emotion and request."""
    return f"{rng.choice(OPENINGS)}{problem}，{_detail(rng)}{_emotion(rng, kind)}{rng.choice(ASKS[kind])}"


def comment(rng: Random, csat: int) -> str:
    return rng.choice(COMMENTS[0 if csat <= 2 else 1 if csat == 3 else 2])
