"""What boards are called, and how they count."""

from collections.abc import Mapping
from typing import Final

from backend.rankings.policy import MIN_GROUP, Board, BoardMeasure

BOARDS: Final[Mapping[Board, str]] = {
    Board.DEPARTMENTS: "部门",
    Board.INSTITUTIONS: "单位",
    Board.DISTRICTS: "区县",
}
MEASURES: Final[Mapping[BoardMeasure, str]] = {
    BoardMeasure.PER_HEAD: "人均积分",
    BoardMeasure.TOTAL: "总积分",
}
FORMULAS: Final[Mapping[BoardMeasure, str]] = {
    BoardMeasure.PER_HEAD: "人均积分 ＝ 本月计入排名的积分 ÷ 人数（含没有记录的人），"
    "不足千分之一分的舍去；"
    f"不满 {MIN_GROUP} 人的不列出；分数相同的名次并列。",
    BoardMeasure.TOTAL: "总积分 ＝ 本月计入排名的积分之和；"
    f"不满 {MIN_GROUP} 人的不列出；分数相同的名次并列。",
}
