"""Reads a page's filters and forms: blanks count as left out, mistakes come back by field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import flask
import marshmallow as ma

from backend.errors import FieldError, InvalidInputError
from backend.web.parsing import StrictParser
from backend.web.schemas import StrictSchema


class FormParser(StrictParser):
    """The strict parser for browsers' forms, which send an empty text for what was left out."""

    def pre_load(
        self, location_data: Any, *, schema: ma.Schema, req: flask.Request, location: str
    ) -> Any:
        """Drops what was left blank, so that a required field says so."""
        data = super().pre_load(location_data, schema=schema, req=req, location=location)
        return {name: value for name, value in data.items() if value not in ("", [])}


_parser = FormParser()


@dataclass(frozen=True, slots=True)
class Submission:
    """A form as it was sent.

    Attributes:
        values: what the schema made of it; empty when something is wrong.
        errors: a Chinese sentence by field; fields inside a list stand under the list's name.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """What is wrong, for a page that shows it in one place; empty when nothing is."""
        return next(iter(self.errors.values()), "")


def filters(schema: type[StrictSchema]) -> dict[str, Any]:
    """The filters in the page's address.

    Raises:
        InvalidInputError: names every filter at fault.
    """
    return cast("dict[str, Any]", _parser.parse(schema(), location="query"))


def submitted(schema: type[StrictSchema]) -> Submission:
    """The form that was posted, or what is wrong with it."""
    try:
        return Submission(values=_parser.parse(schema(), location="form"))
    except InvalidInputError as error:
        return Submission(errors=by_field(error.fields))


def by_field(errors: Sequence[FieldError]) -> dict[str, str]:
    """The first sentence for each field; `hours.0.from` stands under `hours`."""
    found: dict[str, str] = {}
    for error in errors:
        found.setdefault(error.field.partition(".")[0], error.message)
    return found


def typed(blank: Mapping[str, str]) -> dict[str, str]:
    """The texts of a form as they were sent, to be shown again.

    Args:
        blank: every field with what it shows when nothing was sent.
    """
    return {name: flask.request.form.get(name, "") for name in blank}


def differing(sent: Mapping[str, str], stands: Mapping[str, str]) -> dict[str, str]:
    """What was typed and is not what stands now, for whoever came second with a change.

    Args:
        sent: the form's texts; lines may end as browsers end them.
        stands: the same fields as they are now.
    """
    unfolded = {name: value.replace("\r\n", "\n") for name, value in sent.items()}
    return {name: value for name, value in unfolded.items() if value != stands[name]}
