"""What places, their states and classes of waste are called."""

from collections.abc import Mapping
from typing import Final

from backend.places.models import Datum, PlaceKind, PlaceState, WasteClass

PLACE_KINDS: Final[Mapping[PlaceKind, str]] = {
    PlaceKind.RECYCLING_POINT: "回收投放点",
    PlaceKind.CANTEEN: "食堂",
    PlaceKind.STAIRWELL: "楼梯间",
    PlaceKind.VENUE: "活动场所",
}
PLACE_STATES: Final[Mapping[PlaceState, str]] = {
    PlaceState.OPEN: "正常使用",
    PlaceState.PAUSED: "暂停使用",
    PlaceState.CLOSED: "已停用",
}
WASTE_CLASSES: Final[Mapping[WasteClass, str]] = {
    WasteClass.RECYCLABLE: "可回收物",
    WasteClass.HAZARDOUS: "有害垃圾",
    WasteClass.FOOD_WASTE: "易腐垃圾",
    WasteClass.RESIDUAL: "其他垃圾",
}
DATUMS: Final[Mapping[Datum, str]] = {
    Datum.GCJ02: "高德、腾讯地图坐标（GCJ-02）",
    Datum.WGS84: "GPS 坐标（WGS-84）",
}
SCREEN_PURPOSES: Final[Mapping[PlaceKind, str]] = {
    PlaceKind.RECYCLING_POINT: "记录分类投放",
    PlaceKind.CANTEEN: "记录光盘行动",
    PlaceKind.STAIRWELL: "记录走楼梯",
    PlaceKind.VENUE: "记录到访",
}
