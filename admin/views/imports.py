"""Files taken in: template, trial with what would change, then all of it or the good rows."""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from flask import Blueprint, Response, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from admin.auth import CITY, PLACE_WRITERS, scope
from admin.forms.organisations import TakeMode, Taking
from admin.forms.reading import submitted
from backend.clock import shanghai_time
from backend.errors import DomainError
from backend.organisations import import_file
from backend.organisations.imports import import_organisations
from backend.people import roster_file
from backend.people.models import Role
from backend.people.roster import import_roster
from backend.spreadsheets.marking import marked
from backend.spreadsheets.reading import MAX_FILE_BYTES, read_table
from backend.spreadsheets.uploads import ImportOutcome, Upload, keep, kept
from backend.web import problems, transaction
from backend.web.access import actor, console_roles
from backend.web.body import accepts_body
from backend.web.context import backend, now
from backend.web.counting import Limit
from backend.web.limits import limited
from backend.web.transaction import connection

pages = Blueprint("imports", __name__)

_SHOWN: Final = 200
_AROUND: Final = 65_536
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Reading a large workbook takes seconds of a processor.
_UPLOADS: Final = (Limit("uploads", 10, 60), Limit("uploads-day", 200, 86_400))


class TakesIn(Protocol):
    """Takes a file in: as a whole or its good rows; or only tries it."""

    def __call__(self, data: bytes, *, whole: bool, trial: bool) -> ImportOutcome:
        """What came of it."""
        ...


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file that is taken in.

    Attributes:
        word: as addresses have it.
        title: in Chinese.
        purpose: what it brings, and what it leaves.
        roles: who may.
        template: makes the empty workbook.
        run: takes a file in, or tries it.
        after: endpoint that shows what came in.
    """

    word: str
    title: str
    purpose: str
    roles: tuple[Role, ...]
    template: Callable[[], bytes]
    run: TakesIn
    after: str


def _organisations(data: bytes, *, whole: bool, trial: bool) -> ImportOutcome:
    content = import_file.parse_organisations(read_table(data))
    report = import_organisations(
        connection(),
        rows=content.rows,
        unreadable=content.problems,
        now=now(),
        all_or_nothing=whole,
        dry_run=trial,
        actor_id=actor().member_id,
    )
    counts = (
        ("新增区县", report.districts),
        ("新增系统", report.systems),
        ("新增单位", report.institutions),
        ("新增部门", report.departments),
        ("单位更名", report.renamed),
        ("年度数据", report.years),
    )
    return ImportOutcome(
        written=report.written,
        counts=counts,
        unchanged=report.unchanged,
        refused=report.refused,
        problems=report.problems,
        ignored=content.ignored,
    )


def _roster(data: bytes, *, whole: bool, trial: bool) -> ImportOutcome:
    report = import_roster(
        connection(),
        data=data,
        keys=backend().keys,
        now=now(),
        all_or_nothing=whole,
        dry_run=trial,
        within=scope(PLACE_WRITERS),
        actor_id=actor().member_id,
    )
    before = report.imported_before
    return ImportOutcome(
        written=report.written,
        counts=(("新增人员", report.created), ("更新人员", report.updated)),
        unchanged=report.unchanged,
        refused=report.refused,
        problems=report.problems,
        ignored=report.ignored_columns,
        changes=report.changes,
        note=f"这个文件曾于 {shanghai_time(before):%Y-%m-%d %H:%M} 导入过。" if before else "",
    )


SOURCES: Final = (
    FileKind(
        "organisations",
        "导入区县、系统、单位和部门",
        "表格里有而系统里没有的予以新建，单位更名予以更新；表格里没有的保持不变，导入从不撤销或删除。",
        CITY,
        import_file.template,
        _organisations,
        "institutions.listing",
    ),
    FileKind(
        "roster",
        "导入花名册",
        "按单位和工号新增或更新人员；表格里没有的人员保持不变。手机号只保存校验值，用于成员绑定时核对。",
        PLACE_WRITERS,
        roster_file.template,
        _roster,
        "institutions.listing",
    ),
)


def _routes(source: FileKind) -> None:
    """The pages of one kind of file."""
    address, word = f"/imports/{source.word}", source.word

    @pages.get(address, endpoint=word)
    @console_roles(*source.roles)
    def show() -> str:
        return _page(source)

    @pages.get(f"{address}/template.xlsx", endpoint=f"{word}_template")
    @console_roles(*source.roles)
    def template() -> Response:
        return _workbook(source.template(), f"{source.title}模板.xlsx")

    @pages.post(address, endpoint=f"try_{word}")
    @console_roles(*source.roles)
    @accepts_body(MAX_FILE_BYTES + _AROUND)
    @limited(*_UPLOADS)
    def attempt() -> ResponseReturnValue:
        return _tried(source)

    @pages.post(f"{address}/take", endpoint=f"take_{word}")
    @console_roles(*source.roles)
    @limited(*_UPLOADS)
    def take() -> ResponseReturnValue:
        return _taken(source)

    @pages.get(f"{address}/marked.xlsx", endpoint=f"{word}_marked")
    @console_roles(*source.roles)
    def mark() -> ResponseReturnValue:
        upload = _kept(source)
        if upload is None:
            return redirect(url_for(f"imports.{word}"), 303)
        workbook = marked(read_table(upload.data), upload.outcome.problems)
        return _workbook(workbook, f"标出错误-{upload.name.rpartition('.')[0] or '表格'}.xlsx")


for _source in SOURCES:
    _routes(_source)


def _tried(source: FileKind) -> ResponseReturnValue:
    """Tries the uploaded file and keeps it with what came of it."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return _page(source, error="请先选择填好的表格文件（.xlsx 或 CSV）。"), 422
    data = file.stream.read(MAX_FILE_BYTES + 1)
    try:
        outcome = source.run(data, whole=False, trial=True)
    except DomainError as error:
        transaction.roll_back()
        return _page(source, error=f"{file.filename[:80]}：{error.message}"), (
            problems.status_of(error)
        )
    _keep(source, Upload(file.filename[:80], data, outcome))
    return redirect(url_for(f"imports.{source.word}"), 303)


def _taken(source: FileKind) -> ResponseReturnValue:
    """Takes in the file that was tried, if it still can be."""
    upload = _kept(source)
    if upload is None:
        return _page(source, error="上传的文件已过保留时间，请重新上传。"), 422
    sent = submitted(Taking)
    if sent.errors:
        return _page(source, error=sent.sentence), 422
    if upload.outcome.written:
        return redirect(url_for(f"imports.{source.word}"), 303)
    try:
        outcome = source.run(upload.data, whole=sent.values["mode"] is TakeMode.ALL, trial=False)
    except DomainError as error:
        transaction.roll_back()
        return _page(source, error=error.message), problems.status_of(error)
    _keep(source, replace(upload, outcome=outcome))
    return redirect(url_for(f"imports.{source.word}"), 303)


def _page(source: FileKind, *, error: str = "") -> str:
    upload = _kept(source)
    return render_template(
        "organisations/import.html",
        source=source,
        upload=upload,
        changes=upload.outcome.changes[:_SHOWN] if upload else (),
        shown=upload.outcome.problems[:_SHOWN] if upload else (),
        error=error,
    )


def _owner(source: FileKind) -> str:
    return f"{source.word}:{actor().member_id}"


def _keep(source: FileKind, upload: Upload) -> None:
    keep(backend().redis, backend().keys, _owner(source), upload)


def _kept(source: FileKind) -> Upload | None:
    return kept(backend().redis, backend().keys, _owner(source))


def _workbook(data: bytes, name: str) -> Response:
    return send_file(io.BytesIO(data), mimetype=_XLSX, as_attachment=True, download_name=name)
