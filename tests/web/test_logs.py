"""One JSON object a line, from our code and from libraries, with the request's id."""

import json
import logging

import pytest
import structlog

from backend import logs
from backend.web.logs import bind_request


def test_lines_of_ours_and_of_libraries_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    bind_request("abc12345")
    structlog.get_logger("x").info("went", text="两行\r\nX: 1")
    structlog.get_logger("x").debug("unheard")
    logging.getLogger("library").warning("%s said", "it")
    structlog.get_logger("x").error("failed", exc_info=ValueError("broken"))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["went", "it said", "failed"]
    assert {line["request_id"] for line in lines} == {"abc12345"}
    assert lines[0]["text"] == "两行\r\nX: 1"
    assert lines[1]["logger"] == "library"
    assert lines[2]["level"] == "error"
    assert "ValueError: broken" in lines[2]["exception"]


def test_a_new_request_forgets_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO")
    bind_request("first-id")
    structlog.contextvars.bind_contextvars(member_id=1)
    bind_request("second-id")
    structlog.get_logger("x").info("went")
    line = json.loads(capsys.readouterr().err)
    assert (line["request_id"], "member_id" in line) == ("second-id", False)
