"""Chinese words of the energy statistics."""

from collections.abc import Mapping
from typing import Final

from backend.register.statistics.models import StatementState
from backend.register.statistics.queries import Axis

STATES: Final[Mapping[StatementState, str]] = {
    StatementState.DRAFT: "填报中",
    StatementState.SUBMITTED: "待区县审核",
    StatementState.REVIEWED: "待会审",
    StatementState.SEALED: "已封存",
    StatementState.SUPERSEDED: "已被更正替代",
}
AXES: Final[Mapping[Axis, str]] = {
    Axis.DISTRICT: "区县",
    Axis.SYSTEM: "系统",
    Axis.TYPE: "单位性质",
    Axis.INSTITUTION: "单位",
}
