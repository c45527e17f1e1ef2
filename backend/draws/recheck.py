"""Rechecks a prize draw offline, with nothing but Python: `python recheck.py draw.json`.

The file is what the draw's public page offers for download. Checked are: the seed is the one that
was promised before the first entry; the list of tickets is the one published at the close; the
winners are the tickets that come first when all are ordered by HMAC-SHA256 of seed and ticket.
"""

import hashlib
import hmac
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any


def entries_digest(tickets: Iterable[str]) -> str:
    """SHA-256, as hex digits, of all tickets in alphabetical order, each on a line of its own."""
    listed = "".join(f"{ticket}\n" for ticket in sorted(tickets))
    return hashlib.sha256(listed.encode("ascii")).hexdigest()


def winning_order(seed: bytes, tickets: Iterable[str]) -> list[str]:
    """The tickets in the order of the draw.

    Each ticket's place follows from HMAC-SHA256 with the seed as key; the message is the digest of
    all entries, a colon and the ticket, so that one entry more or less shuffles everything anew.
    """
    listed = sorted(tickets)
    digest = entries_digest(listed)
    return sorted(listed, key=lambda t: hmac.digest(seed, f"{digest}:{t}".encode(), "sha256"))


def faults(draw: Mapping[str, Any]) -> list[str]:
    """What is wrong with a draw as published; nothing where it is in order."""
    if not draw["seed"]:
        return ["还没有开奖：开奖后请重新下载文件再复核"]
    found = []
    seed, tickets = bytes.fromhex(draw["seed"]), draw["tickets"]
    if hashlib.sha256(seed).hexdigest() != draw["commitment"]:
        found.append("种子与事先公布的承诺不符")
    if len(set(tickets)) != len(tickets):
        found.append("有重复的抽奖号")
    if entries_digest(tickets) != draw["entries_digest"]:
        found.append("抽奖号名单与截止时公布的摘要不符")
    if winning_order(seed, tickets)[: draw["places"]] != draw["winners"]:
        found.append("中奖号与种子算出的不符")
    return found


def source() -> str:
    """This file's own text: what the public page hands out is what the programme draws with."""
    return Path(__file__).read_text(encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Prints the verdict on a draw's file; returns 0 where it is in order, 2 where there is none.

    Args:
        arguments: the path of the file.
    """
    if len(arguments) != 1:
        print("用法：python recheck.py 抽奖文件.json")  # noqa: T201 - a script's verdict
        return 2
    try:
        found = faults(json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        print("读不出抽奖：请使用抽奖页面下载的原始文件。")  # noqa: T201 - as above
        return 2
    print("\n".join(found) or "复核通过：承诺、名单和中奖号全部相符。")  # noqa: T201 - as above
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
