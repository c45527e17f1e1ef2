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
    BoardMeasure.INDEX: "活力指数",
    BoardMeasure.PER_HEAD: "人均积分",
    BoardMeasure.TOTAL: "总积分",
}
FORMULAS: Final[Mapping[BoardMeasure, str]] = {
    BoardMeasure.INDEX: "活力指数 I ＝ 100 ＋ 15 ×（m － μ）÷ √（τ² ＋ σ²/n），限于 40 至 160。"
    "n 是月初冻结的花名册人数，m 是每人积分（有上限）开平方后的平均，没有记录的人按 0 计；"
    "μ、σ²、τ² 取自上一榜期并冻结。八成区间之内的先后不必当真；指数相同的名次并列。",
    BoardMeasure.PER_HEAD: "人均积分 ＝ 本榜期计入排名的积分 ÷ 花名册人数（含没有记录的人），"
    f"不足千分之一分的舍去；不满 {MIN_GROUP} 人的不单列；分数相同的名次并列。",
    BoardMeasure.TOTAL: "总积分 ＝ 花名册上的人本榜期计入排名的积分之和；"
    f"不满 {MIN_GROUP} 人的不单列；分数相同的名次并列。",
}
