"""How far correction runs are, in words."""

from collections.abc import Mapping
from typing import Final

from backend.corrections.models import RunState

RUN_STATES: Final[Mapping[RunState, str]] = {
    RunState.SIMULATING: "试算中",
    RunState.SIMULATED: "待批准",
    RunState.RUNNING: "执行中",
    RunState.DONE: "已完成",
    RunState.CANCELLED: "已取消",
}
