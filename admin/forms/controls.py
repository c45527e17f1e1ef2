"""A page with one plain form: its controls, what it asks of a sender, and what becomes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from admin.forms.reading import by_field, submitted
from backend.errors import DomainError, ErrorKind
from backend.web import transaction
from backend.web.schemas import StrictSchema

_TOLD_BESIDE = frozenset({ErrorKind.INVALID, ErrorKind.CONFLICT})


@dataclass(frozen=True, slots=True)
class Control:
    """One field of a form.

    Attributes:
        name: as the schema names it.
        label: in Chinese.
        hint: what it must hold; may be empty.
        kind: text, whole, decimal, date, choice, or tick.
        required: whether it must be filled in.
        options: value and words of each, for a choice.
        value: what stands in it at first.
    """

    name: str
    label: str
    hint: str = ""
    kind: str = "text"
    required: bool = True
    options: Sequence[tuple[str, str]] = ()
    value: str = ""


@dataclass(frozen=True, slots=True)
class FormPage:
    """A form with its surroundings.

    Attributes:
        title: what it does.
        controls: in order.
        button: the verb of its button.
        back: where giving up leads.
        crumbs: the way to it.
        told: what follows from it, said before the button; may be empty.
        final: whether it cannot be undone.
        idle: why there is nothing to do; then no form is shown.
    """

    title: str
    controls: Sequence[Control]
    button: str
    back: str
    crumbs: Sequence[tuple[str, str]] = field(default=())
    told: str = ""
    final: bool = False
    idle: str = ""

    def show(
        self, values: Mapping[str, str] | None = None, errors: Mapping[str, str] | None = None
    ) -> str:
        """The page, blank or as it was sent with what is wrong."""
        return render_template(
            "organisations/form.html",
            form=self,
            values=values or {control.name: control.value for control in self.controls},
            errors=errors or {},
            names={control.name: control.label for control in self.controls},
        )

    def answer(
        self, schema: type[StrictSchema], act: Callable[[Mapping[str, Any]], str]
    ) -> ResponseReturnValue:
        """Does what was sent and leads on, or shows the form again with what is wrong.

        Args:
            schema: of the form.
            act: does it with the values, and says where to go.
        """
        sent = submitted(schema)
        errors = sent.errors
        if not errors:
            try:
                return redirect(act(sent.values), 303)
            except DomainError as error:
                if not error.fields and error.kind not in _TOLD_BESIDE:
                    raise
                errors = by_field(error.fields) or {self.controls[0].name: error.message}
            transaction.roll_back()
        typed = {control.name: request.form.get(control.name, "") for control in self.controls}
        return self.show(typed, errors), 422
