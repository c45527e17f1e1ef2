"""Verifies a receipt of the 碳普惠 ledger, or the file of one's balances of a sealed month.

Offline: python3 verify_receipt.py FILE.json KEY. Needs Python 3.8 and nothing else. KEY is the
ledger's public key (NAME+ID+BASE64), from where the operator cannot change it. Exit codes:
0 proven, and what is printed; 1 not proven, and why; 2 called in another way; 3 no balances: the
month's seal is signed, but the file holds no balance and proves nothing of anybody.
"""

from __future__ import annotations

import json
import re
import struct
import sys
from base64 import b64decode, b64encode
from datetime import date, datetime, timedelta, timezone
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any, NoReturn

P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT_OF_MINUS_1 = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)
RECEIPT = "format entry_id leaf action index path checkpoint"
FILE, MONTH = "format month items", "month tree_size accounts root note sealed_at"
ITEM = "account_id kind unit amount leaf index path"
NUMBERS = {"entry_id", "index", "tree_size", "accounts", "account_id", "amount"}
OTHERS: dict[str, Any] = {
    "path": list,
    "items": list,
    "month": (str, dict),
    "action": (str, type(None)),
}
ENTRY = struct.Struct(">B16sq16sqiqqqqqq32s32si")  # the layouts 1 of docs/proofs.md
START = datetime(2000, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - not before Python 3.11
START_DAY = date(2000, 1, 1)
TRANSFER, BALANCE = struct.Struct(">iqq4sq"), struct.Struct(">B16sHBq4sq")
KINDS = {1: "member_reduction", 2: "member_points", 4: "redemption_pending"}
NONE_OF_OURS = "the file is none that this ledger hands out"
LARGEST, LONGEST_NUMBER = 1_000_000, 20


class NotProvenError(ValueError):
    pass


class NoBalancesError(Exception):
    pass


def must(holds: object, sentence: str) -> None:  # an assertion that -O leaves in place
    if not holds:
        raise NotProvenError(sentence)


def data(text: object, what: str) -> bytes:
    written = str(text) if isinstance(text, str) else ""
    may_be = len(written) % 4 == 0 and re.fullmatch("[A-Za-z0-9+/]+=?=?", written)
    must(may_be and b64encode(b64decode(written)).decode() == written, f"{what} is no base64")
    return b64decode(written)


def point(code: bytes) -> tuple[int, int]:  # RFC 8032, section 5.1.3
    y, sign = int.from_bytes(code, "little") & (2**255 - 1), code[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * ROOT_OF_MINUS_1 % P
    on_curve = y < P and (x * x - square) % P == 0 and (x or not sign)
    must(on_curve, "a key or a signature is no point of Ed25519")
    return (x if x & 1 == sign else P - x, y)


def add(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    t, x = D * a[0] * b[0] * a[1] * b[1], a[0] * b[1] + b[0] * a[1]
    return (x * pow(1 + t, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, P) % P)


def times(factor: int, a: tuple[int, int]) -> tuple[int, int]:
    total = (0, 1)
    while factor:
        total, a, factor = add(total, a) if factor & 1 else total, add(a, a), factor >> 1
    return total


def signed_text(note: str, key: str) -> str:  # C2SP signed-note; RFC 8032, section 5.1.7
    name, key_id, encoded = [*key.split("+", 2), "", ""][:3]
    public = data(encoded, "KEY") if encoded else b""
    named = sha256(name.encode() + b"\n" + public).hexdigest()[:8]
    right = len(public) == 33 and public[0] == 1 and named == key_id
    must(right, "KEY is no public key of a ledger: NAME+ID+BASE64, as it was published")
    body, blank, lines = note.rpartition("\n\n")
    must(blank and lines[-1:] == "\n", "the note is no text with lines of signatures after it")
    must(not re.search("[\0-\x09\x0b-\x1f\x7f]", note), "the note holds control characters")
    signatures = []
    for line in lines[:-1].split("\n"):
        read = re.fullmatch("\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)", line)
        must(read, "a line after the note's text is no signature")
        signature = data(read[2], "a signature") if read and read[1] == name else b""
        if signature[:4].hex() == key_id and len(signature) == 68:
            signatures.append(signature[4:])
    must(signatures, "nothing in it is signed by KEY: it is of another ledger or key")
    must(len(signatures) == 1, "it is signed more than once by the same key")
    message, sig = (body + "\n").encode("utf-8", "surrogatepass"), signatures[0]
    h = int.from_bytes(sha512(sig[:32] + public[1:] + message).digest(), "little") % Q
    s = int.from_bytes(sig[32:], "little")
    base = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    holds = s < Q and times(s, base) == add(point(sig[:32]), times(h, point(public[1:])))
    must(holds, "the signature is not KEY's: the note was changed")
    return body + "\n"


def signed_root(note: str, key: str, log: str) -> tuple[str, int, bytes, list[str]]:
    # C2SP tlog-checkpoint; `log` is what follows the ledger's name in the origin of its log.
    origin, size, root_, *more = [*signed_text(note, key)[:-1].split("\n"), "", ""]
    wanted = key.split("+", 1)[0] + log
    must(origin == wanted, f"the signed root is of another log than {wanted}")
    must(re.fullmatch("0|[1-9][0-9]{0,18}", size), "the signed note names no size")
    signed = data(root_, "the signed root")
    must(len(signed) == 32, "the signed note names no root")
    return origin, int(size), signed, more[:-2]


def root(leaf: bytes, place: int, size: int, path: list[Any]) -> bytes:  # RFC 9162, 2.1.3.2
    must(0 <= place < size, "the tree has no such leaf")
    hashed, last = sha256(b"\0" + leaf).digest(), size - 1
    for each in path:
        sibling = data(each, "a hash of the path")
        must(last, "the path is too long")
        must(len(sibling) == 32, "the path holds what is no hash")
        on_right = place & 1 or place == last
        hashed = sha256(b"\1" + (sibling + hashed if on_right else hashed + sibling)).digest()
        while on_right and not place & 1 and place:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    must(last == 0, "the path is too short")
    return hashed


def shaped(document: Any, fields: str) -> dict[str, Any]:
    must(isinstance(document, dict) and set(document) == set(fields.split()), NONE_OF_OURS)
    for name in fields.split():
        kind = int if name in NUMBERS else OTHERS.get(name, str)
        of_kind = isinstance(document[name], kind) and not isinstance(document[name], bool)
        must(of_kind, f"{NONE_OF_OURS}: look at {name}")
    return dict(document)


def amount_of(unit: bytes, amount: int) -> str:
    whole, part = divmod(abs(amount), 1000)
    told = f"{'-' * (amount < 0)}{whole}.{part:03d}".rstrip("0").rstrip(".")
    return f"{told} points" if unit == b"mpt " else f"{told} g of CO2e"


def account_of(account: int) -> str:
    code, owner = account >> 12 & 15, account >> 16
    whose = "the programme" if account < 0 else f"{'campaign' if code == 3 else 'member'} {owner}"
    return f"account {account} of {whose}"


def verify_entry(receipt: dict[str, Any], key: str) -> str:
    origin, size, signed, _ = signed_root(receipt["checkpoint"], key, "")
    leaf, told = data(receipt["leaf"], "the leaf"), receipt["action"]
    led_to = root(leaf, receipt["index"], size, receipt["path"])
    must(led_to == signed, "leaf and path do not lead to the signed root")
    must(len(leaf) >= ENTRY.size and leaf[0] == 1, "the leaf has another layout than 1")
    _, _, entry, kind, posted, day, member, act, *_, action, count = ENTRY.unpack_from(leaf)
    must(len(leaf) == ENTRY.size + TRANSFER.size * count, "the leaf is no entry")
    must(entry == receipt["entry_id"], "the leaf is of another entry")
    digest = bytes(32) if told is None else sha256(data(told, "the action")).digest()
    must(digest == action, "the action is not the one that was sealed")
    at, on = START + timedelta(microseconds=posted), START_DAY + timedelta(days=day)
    head = f"OK: entry {entry} ({kind.decode().rstrip()}) is leaf {receipt['index']} of {size}"
    about = f"  posted {at:%Y-%m-%d %H:%M:%S} UTC, counts for {on}"
    about += "".join(f", {what} {n}" for what, n in (("member", member), ("action", act)) if n)
    lines = [f"{head} in {origin}", about]
    for _, debit, credit, unit, amount in TRANSFER.iter_unpack(leaf[ENTRY.size :]):
        moved = f"{amount_of(unit, amount)} ({amount} {unit.decode().rstrip()})"
        lines.append(f"  {moved}: {account_of(debit)} -> {account_of(credit)}")
    return "\n".join([*lines, "So it was signed; none of it was changed since."])


def verify_balance(item: Any, month: dict[str, Any], signed: bytes) -> str:
    claim = shaped(item, ITEM)
    leaf, index, account = data(claim["leaf"], "a leaf"), claim["index"], claim["account_id"]
    led_to = root(leaf, index, month["accounts"], claim["path"])
    must(led_to == signed, "leaf and path of a balance do not lead to the signed root")
    must(len(leaf) == BALANCE.size and leaf[0] == 1, "a leaf is no balance")
    _, _, year, number, sealed, unit, amount = BALANCE.unpack(leaf)
    must(f"{year}-{number:02d}" == month["month"], "a leaf is of another month")
    must((sealed, amount) == (account, claim["amount"]), "a leaf is of another account or amount")
    must(unit.decode().rstrip() == claim["unit"], "a leaf is of another unit")
    code, expires = account >> 12 & 15, account & 4095
    must(account > 0 and KINDS.get(code) == claim["kind"], "an account is of another kind")
    what = {1: " avoided", 2: " to spend", 4: " set aside for redemptions"}[code]
    year, number = 2020 + (expires - 1) // 12, (expires - 1) % 12 + 1
    until = f", ending with {year}-{number:02d}" if expires else ""
    exact = f"{amount} {claim['unit']}, account {account}, leaf {index} of {month['accounts']}"
    return f"  {amount_of(unit, amount)}{what}{until} ({exact})"


def verify_month(document: dict[str, Any], key: str) -> str:
    month, items = shaped(document["month"], MONTH), document["items"]
    named = re.fullmatch("[0-9]{4}-(0[1-9]|1[0-2])", str(month["month"]))
    told = re.fullmatch(
        "[0-9]{4}(-[0-9]{2}){2}T[0-9:.]{8,15}[+-][0-9]{2}:[0-9]{2}", month["sealed_at"]
    )
    must(named and told, "the file names no month, or no instant of its sealing")
    log = f"/month/{month['month']}"
    origin, size, signed, more = signed_root(month["note"], key, log)
    must(month["accounts"] == size, "the number of accounts is not the signed one")
    must(data(month["root"], "the root") == signed, "the root is not the signed one")
    ledger = re.fullmatch("ledger ([1-9][0-9]{0,18}) ([^ ]+)", more[0] if more else "")
    must(
        ledger and len(data(ledger[2], "the ledger's root")) == 32,
        "the seal does not say which tree it counts",
    )
    counted = int(ledger[1]) if ledger else 0
    must(month["tree_size"] == counted, "the size of the tree is not the signed one")
    lines = [verify_balance(item, month, signed) for item in items]
    if not lines:
        raise NoBalancesError(f"{origin} is signed, but the file proves nothing of anybody")
    places = [item["index"] for item in items]
    must(places == sorted(set(places)), "the balances are not in their order, or one stands twice")
    members = {item["account_id"] >> 16 for item in items}
    must(len(members) == 1, "the balances are of more than one member")
    head = f"OK: at the end of {month['month']} member {members.pop()} held, sealed as {origin}:"
    tail = f"Counted were the entries among the first {counted} leaves of the ledger."
    return "\n".join([head, *lines, tail, "That the member has no other account is not proven."])


def verify(document: Any, key: str) -> str:
    format_ = document.get("format") if isinstance(document, dict) else None
    if format_ == "tanpuhui.month.v1":
        return verify_month(shaped(document, FILE), key)
    must(format_ == "tanpuhui.receipt.v1", f"{NONE_OF_OURS}, or this script is too old for it")
    return verify_entry(shaped(document, RECEIPT), key)


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    must(len(dict(pairs)) == len(pairs), "a field stands twice")
    return dict(pairs)


def number(text: str) -> int:
    must(len(text) <= LONGEST_NUMBER, "a number is too long")
    return int(text)


def refuse(_: str) -> NoReturn:
    raise NotProvenError("a number is no whole number")


HOOKS: dict[str, Any] = {"parse_int": number, "parse_float": refuse, "parse_constant": refuse}
HOOKS["object_pairs_hook"] = unique


def load(path: str) -> Any:
    with Path(path).open("rb") as file:
        content = file.read(LARGEST + 1)
    must(len(content) <= LARGEST, f"{NONE_OF_OURS}: it is too large")
    try:
        return json.loads(content.decode(), **HOOKS)
    except NotProvenError:
        raise
    except (ValueError, RecursionError):
        raise NotProvenError(f"{NONE_OF_OURS}: it is no JSON") from None


def main(arguments: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # both are text
    if len(arguments) != 2:
        print("usage: python3 verify_receipt.py FILE.json KEY", file=sys.stderr)
        return 2
    try:
        print(verify(load(arguments[0]), arguments[1]))
    except NoBalancesError as nothing:
        print(f"NO BALANCES: {nothing}")
        return 3
    except NotProvenError as error:
        print(f"NOT PROVEN: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"NOT PROVEN: the file cannot be read: {error.strerror}", file=sys.stderr)
        return 1
    except (ValueError, OverflowError, struct.error):
        print(f"NOT PROVEN: {NONE_OF_OURS}, or KEY is no key", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
