"""What roles and faces are called."""

from collections.abc import Mapping
from typing import Final

from backend.people.models import Face, Role

ROLES: Final[Mapping[Role, str]] = {
    Role.CITY_ADMIN: "市级管理员",
    Role.DISTRICT_MANAGER: "区县管理员",
    Role.INSTITUTION_ADMIN: "单位管理员",
    Role.DEPARTMENT_MANAGER: "部门负责人",
    Role.AUDITOR: "审计员",
    Role.ATTENDANT: "督导员",
}

FACES: Final[Mapping[Face, str]] = {Face.API: "手机端", Face.CONSOLE: "管理台"}
