"""How far draws are, in words."""

from collections.abc import Mapping
from typing import Final

from backend.draws.models import DrawState

DRAW_STATES: Final[Mapping[DrawState, str]] = {
    DrawState.OPEN: "报名中",
    DrawState.CLOSED: "已截止，待开奖",
    DrawState.DRAWN: "已开奖",
}
