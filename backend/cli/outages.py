"""What a command says when what it stands on is missing: one sentence, not a traceback."""

_UNDEFINED = frozenset({"42P01", "42703", "42883", "3F000"})  # table, column, function, schema
_READ_ONLY = frozenset({"25006", "53300", "53100"})  # standby, too many connections, disk full


def sentence_of(error: Exception) -> str | None:
    """The sentence for an outage of database, Redis or disk; None for a fault of our own.

    Told by the names of the errors' modules: most commands load neither SQLAlchemy nor Redis.
    """
    if isinstance(error, OSError):
        where = f"{error.filename}：" if error.filename else ""
        return f"{where}{error.strerror or error}，请核对路径、权限与空间。"
    module, _, _ = type(error).__module__.partition(".")
    if module == "redis":
        return f"无法连接 Redis，请检查 TANPUHUI_REDIS_URL：{_first_line(error)}"
    if module != "sqlalchemy" or not hasattr(error, "orig"):
        return None
    state = getattr(error.orig, "sqlstate", None)
    if state in _UNDEFINED:
        return "数据库还没有升级到这个版本的结构，请先运行 tanpuhui db upgrade。"
    if type(error).__name__ == "OperationalError" or state in _READ_ONLY:
        said = _first_line(error.orig)
        return f"数据库暂时不可用，请检查 TANPUHUI_DATABASE_URL 后重试：{said}"
    return None


def _first_line(error: object) -> str:
    return (str(error).splitlines() or [""])[0]
