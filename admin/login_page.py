"""The page to sign in on, wherever somebody is sent to it."""

from collections.abc import Mapping

from flask import render_template, request

NAMES = {"login_name": "登录名", "password": "密码", "again": "再输一次密码"}


def login_page(
    *,
    expired: bool = False,
    left: bool = False,
    refusal: str = "",
    errors: Mapping[str, str] | None = None,
    draft: str = "",
    next_path: str = "",
) -> str:
    """The login form.

    Args:
        expired: a session has ended.
        left: the reader has just logged out.
        refusal: why nobody was let in.
        errors: a sentence by field.
        draft: a sealed form to be sent once somebody is in.
        next_path: where the login leads on to.
    """
    return render_template(
        "login/explain.html",
        expired=expired,
        left=left,
        refusal=refusal,
        errors=errors or {},
        values={"login_name": request.form.get("login_name", "")},
        draft=draft,
        next_path=next_path,
    )
