"""Reading arguments strictly: content type, JSON, query parameters, each mistake named."""

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

import flask
import marshmallow as ma
from webargs.flaskparser import FlaskParser

from backend.errors import FieldError, InvalidInputError
from backend.web import strict_json, submissions
from backend.web.fields import StrictBoolean, StrictInteger
from backend.web.messages import field_errors
from backend.web.refusals import MalformedBodyError, UnsupportedMediaTypeError

_TEXT_LOCATIONS = frozenset({"query", "querystring", "form", "path", "view_args", "headers"})


def json_body(request: flask.Request, *, apart: str | None = None) -> strict_json.JsonValue:
    """The JSON value of a request's body.

    Args:
        request: the request.
        apart: name of a list whose items stand or fall by themselves; a refusal stands in the
            place of an item that cannot be read.

    Raises:
        UnsupportedMediaTypeError: 415; the body is not declared as `application/json`.
        MalformedBodyError: 400; there is no body, or it is not strict JSON.
        UnstorableTextError: 422; a text in it cannot be stored.
    """
    declared = request.mimetype
    body = request.get_data(cache=True)
    if declared != "application/json" and (declared or body):
        raise UnsupportedMediaTypeError(
            "请以 JSON 提交，并把请求头 Content-Type 设为 application/json。"
        )
    if not body:
        raise MalformedBodyError(
            "请求体是空的，请提交 JSON 内容。",
            fields=[FieldError("", "empty", "请求体是空的，请提交 JSON 内容。")],
        )
    return strict_json.parse(body) if apart is None else strict_json.parse_apart(body, apart)


class StrictParser(FlaskParser):
    """webargs' parser with the strict reading; flask-smorest's `arguments` uses it."""

    # webargs declares this as an instance's; it is never written to.
    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {  # noqa: RUF012
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": ma.RAISE,
        "querystring": ma.RAISE,
        "form": ma.RAISE,
    }

    def load_json(self, req: flask.Request, schema: ma.Schema) -> Any:
        """The strict JSON body; a schema may name a list whose items are read apart."""
        return json_body(req, apart=getattr(schema, "APART", None))

    def load_querystring(self, req: flask.Request, schema: ma.Schema) -> Any:
        """The query parameters; one given twice must be a list in the schema."""
        self._check_texts(req.args.items(multi=True))
        proxy = super().load_querystring(req, schema)
        self._check_repeats(req.args.lists(), proxy.multiple_keys)
        return proxy

    def load_form(self, req: flask.Request, schema: ma.Schema) -> Any:
        """The fields of a form; one given twice must be a list in the schema."""
        self._check_texts(req.form.items(multi=True))
        proxy = super().load_form(req, schema)
        self._check_repeats(req.form.lists(), proxy.multiple_keys)
        return proxy

    @staticmethod
    def _check_texts(items: Iterable[tuple[str, str]]) -> None:
        for name, value in items:
            if "\x00" in name or "\x00" in value:
                sentence = "内容中含有空字符（NUL），请删除后再提交。"
                shown = name.replace("\x00", "\ufffd")[:200]
                raise InvalidInputError(sentence, fields=[FieldError(shown, "nul", sentence)])

    @staticmethod
    def _check_repeats(lists: Iterable[tuple[str, list[str]]], multiple: Iterable[str]) -> None:
        for name, values in lists:
            if len(values) > 1 and name not in multiple:
                sentence = "同一个参数出现了两次，请只保留一个。"
                raise InvalidInputError(
                    sentence, fields=[FieldError(name[:200], "duplicate_key", sentence)]
                )

    def pre_load(
        self, location_data: Any, *, schema: ma.Schema, req: flask.Request, location: str
    ) -> Any:
        """Reads integers and truth values where a location carries nothing but text."""
        del req
        if location not in _TEXT_LOCATIONS:
            return location_data
        named = [name for name in location_data if name not in submissions.OWN_FIELDS]
        return {name: _read(schema, name, location_data[name]) for name in named}

    def handle_error(
        self,
        error: ma.ValidationError,
        req: flask.Request,
        schema: ma.Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """Raises the domain's error for everything a schema refused."""
        del req, schema, error_status_code, error_headers
        messages: Any = error.messages
        (by_field,) = messages.values()  # webargs wraps them in the location's name
        raise InvalidInputError(
            "提交的内容有误，请按提示修改后重试。", fields=tuple(field_errors(by_field))
        ) from error


def _read(schema: ma.Schema, name: str, value: Any) -> Any:
    """A parameter as its field wants it: text becomes an integer or a truth value if it is one."""
    field = next(
        (field for key, field in schema.fields.items() if (field.data_key or key) == name), None
    )
    if isinstance(field, ma.fields.List):
        return [_of_text(field.inner, text) for text in value]
    return _of_text(field, value)


def _of_text(field: object, text: Any) -> Any:
    if isinstance(field, StrictInteger | StrictBoolean) and isinstance(text, str):
        return field.of_text(text)
    return text
