"""The sentences of the judge, of what is done next, and of alerts, in Chinese."""

from __future__ import annotations

import re

from nginxgen.report.sayings import Saying, Sayings

_TOO_FEW = r"too few to judge \((?P<least>[\d,]+) are needed\)"
_METRIC = r"(?P<metric>[\w.-]+)"
_SEEN = r"(?P<seen>\S+(?: \S+)?? \(.*?requests?\))"
_ENDING = (
    r"(?P<ending>holds|does not hold|does not hold, which asks for attention|is not contradicted|"
    r"is not certain, and would not soon be|is not certain yet(?:; about [\d,]+ more requests like these would tell)?)"
)


def _of(*pairs: tuple[str, str]) -> tuple[Saying, ...]:
    return tuple(Saying(re.compile(pattern, re.DOTALL), form) for pattern, form in pairs)


_ENDINGS = _of(
    ("holds", "满足"),
    ("does not hold", "不满足"),
    ("does not hold, which asks for attention", "不满足，需要关注"),
    ("is not contradicted", "未被推翻"),
    ("is not certain yet", "尚不确定"),
    ("is not certain, and would not soon be", "尚不确定，短期内也无法确定"),
    (
        "is not certain yet; about (?P<number>[\\d,]+) more requests like these would tell",
        "尚不确定，约再有 {number} 个同类请求即可判定",
    ),
)
_NUMBERS = _of(
    (
        r"(?P<value>.+?) \((?P<lower>.+?) to any, (?P<number>[\d,]+) requests?\)",
        "{value}（不低于 {lower}，{number} 个请求）",
    ),
    (
        r"(?P<value>.+?) \((?P<lower>.+?) to (?P<upper>.+?), (?P<number>[\d,]+) requests?\)",
        "{value}（{lower} 至 {upper}，{number} 个请求）",
    ),
    (r"(?P<value>.+?) \((?P<number>[\d,]+) requests?\)", "{value}（{number} 个请求）"),
)
_OTHER = _SEEN.replace("seen", "other")
_BESIDE = (
    (rf", stable {_OTHER}", "，稳定版为 {other}"),
    (rf", control {_OTHER}", "，对照组为 {other}"),
    (rf", baseline (?P<name>\S+) {_OTHER}", "，基线 {name} 为 {other}"),
    ("", ""),
)
_GATES = (
    *(
        (
            rf"{_METRIC} of (?P<version>\S+) is{lately} {_SEEN}{beside}: (?P<asked>.+?) {_ENDING}",
            f"{{version}} {when}的{{metric}}为 {{seen}}{told}：{{asked}} {{ending}}",
        )
        for lately, when in ((" lately", "最近"), ("", ""))
        for beside, told in _BESIDE
    ),
    (rf"{_METRIC} is {_SEEN}: (?P<asked>.+?) {_ENDING}", "{metric}为 {seen}：{asked} {ending}"),
    (rf"{_METRIC} is {_SEEN}: {_ENDING}", "{metric}为 {seen}：{ending}"),
    (rf"{_METRIC} is (?P<value>[^:]+): (?P<asked>.+?) {_ENDING}", "{metric}为 {value}：{asked} {ending}"),
    (rf"{_METRIC} is not known: (?P<error>.+)", "{metric}未知：{error}"),
    (rf"{_METRIC} has no value", "{metric}没有数值"),
    (rf"{_METRIC} says yes(?P<value>| \(.+\))", "{metric}：是{value}"),
    (rf"{_METRIC} says no(?P<value>| \(.+\))", "{metric}：否{value}"),
    (rf"{_METRIC} says nothing(?P<value>| \(.+\))", "{metric}：没有回答{value}"),
    (
        rf"{_METRIC}: no request of (?P<version>.+) measured, {_TOO_FEW}",
        "{metric}：没有测到 {version} 的请求，不足以评判（至少需要 {least} 个）",
    ),
    (
        rf"{_METRIC}: (?P<number>[\d,]+) requests? of (?P<version>.+) measured, {_TOO_FEW}",
        "{metric}：只测到 {version} 的 {number} 个请求，不足以评判（至少需要 {least} 个）",
    ),
    (
        rf"{_METRIC}: (?P<number>[\d,]+) requests of (?P<version>.+) are {_TOO_FEW}",
        "{metric}：{version} 只有 {number} 个请求，不足以评判（至少需要 {least} 个）",
    ),
    (
        rf"{_METRIC}: the weight decided (?P<number>[\d,]+) requests, {_TOO_FEW}",
        "{metric}：由权重决定的请求只有 {number} 个，不足以评判（至少需要 {least} 个）",
    ),
    (rf"{_METRIC}: no baseline (?P<name>.+) is saved", "{metric}：没有保存过基线 {name}"),
    (rf"{_METRIC}: stable had no requests to compare with", "{metric}：稳定版没有可供比较的请求"),
    (rf"{_METRIC}: nothing to judge", "{metric}：没有可评判的内容"),
    ("there is no gate, so nothing was judged", "没有设置门槛，因此未作评判"),
    ("nothing was judged", "未作评判"),
)
_STEPS = (
    ("not started", "尚未开始"),
    ("it begins", "开始第一个阶段"),
    ("resumed", "已恢复"),
    ("finished: every step has passed", "已完成：所有阶段均已通过"),
    ("the canary is the new stable", "灰度版已转为稳定版"),
    ("the canary is stable on every host", "灰度版在所有主机上已是稳定版"),
    (r"step (?P<step>\d+) has passed: (?P<why>.+)", "阶段 {step} 通过：{why}"),
    (r"every step has passed: (?P<why>.+)", "所有阶段均已通过：{why}"),
    (r"step (?P<step>\d+) bakes for (?P<left>[^:]+) more: (?P<why>.+)", "阶段 {step} 还要观察 {left}：{why}"),
    (
        r"not certain yet, so step (?P<step>\d+) bakes for up to (?P<left>[^:]+) more: (?P<why>.+)",
        "尚不确定，阶段 {step} 最多再观察 {left}：{why}",
    ),
    (r"still not certain after (?P<spent>[^:]+): (?P<why>.+)", "观察 {spent} 后仍不确定：{why}"),
    (r"aborted: (?P<why>.+)", "已中止：{why}"),
    (r"paused: (?P<why>.+)", "已暂停：{why}"),
    (r"waits (?P<why>for .+)", "{why}"),
    (r"waits: (?P<detail>.+)", "等待：{detail}"),
    (r"for somebody to approve step (?P<step>\d+)", "等待批准阶段 {step}"),
    (r"for its window to open, which is not within a week", "等待发布窗口，一周之内没有"),
    (r"for its window to open, which is (?P<at>.+)", "等待发布窗口，{at} 开放"),
    (r"for (?P<name>\S+) to finish", "等待 {name} 完成"),
    (r"step (?P<step>\d+) may begin", "阶段 {step} 可以开始"),
    (r"(?P<name>\S+) was aborted, so this does not begin", "{name} 已中止，因此不再开始"),
    (r"somebody else has changed the fleet: (?P<detail>.+)", "主机被他人改动：{detail}"),
    (r"the fleet has drifted: (?P<detail>.+)", "主机配置发生漂移：{detail}"),
    (r"the last change was cut off: (?P<detail>.+)", "上一次变更中途中断：{detail}"),
    (r"the abort was cut off: (?P<detail>.+)", "中止操作中途中断：{detail}"),
    (r"the plan has changed: (?P<detail>.+)", "发布计划已改变：{detail}"),
    (r"the hook (?P<name>.+?) failed: (?P<detail>.+)", "钩子 {name} 失败：{detail}"),
    (r"it does not begin: (?P<detail>.+)", "未能开始：{detail}"),
    (r"by (?P<who>[^\s@]+@\S+)", "由 {who} 操作"),
)
_ALERTS = (
    *(
        (rf"(?P<level>\[P\d\]) (?P<name>\S+): {english}{word}", f"{{level}} {{name}}：{chinese}{told}")
        for word, told in (
            ("aborted", "已中止"), ("paused", "已暂停"), ("waiting", "等待中"), ("attention", "需要关注"),
            ("trouble", "异常"), ("finished", "已完成"), ("failed", "执行失败"),
        )
        for english, chinese in (("", ""), ("resolved: ", "已恢复："))
    ),
    ("it goes on", "继续进行"),
    ("it waits no longer", "不再等待"),
    ("the step is over", "该阶段已结束"),
    ("what failed before has been done", "先前失败的操作已完成"),
    (r"(?P<canary>\S+) beside (?P<stable>\S+): no step yet", "{canary} 对比 {stable}：尚无阶段"),
    (
        r"(?P<canary>\S+) beside (?P<stable>\S+): step (?P<step>\d+) of (?P<steps>\d+), (?P<weight>.+ %)",
        "{canary} 对比 {stable}：阶段 {step} / {steps}，{weight}",
    ),
    (r"since (?P<at>\d{4}-.+ UTC)", "始于 {at}"),
    (r"it had been said (?P<ago>.+) before", "{ago} 前曾发出"),
    (r"next: (?P<command>nginxgen .+)", "下一步：{command}"),
)  # fmt: skip
_CHANGES = (
    (r"weight (?P<weight>[\d.]+ %)", "权重 {weight}"),
    ("canary off", "灰度关闭"),
    (r"(?P<canary>\S+) is stable", "{canary} 转为稳定版"),
)

SAYINGS = Sayings(_of(*_GATES, *_STEPS, *_ALERTS, *_CHANGES), _NUMBERS, _ENDINGS)
