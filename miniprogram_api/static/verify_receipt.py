"""Verifies a receipt of the 碳普惠 ledger offline: python3 verify_receipt.py RECEIPT.json KEY.

Needs Python 3.8 and nothing else. KEY is the ledger's public key (NAME+ID+BASE64), from where the
operator cannot change it. Exit code 0: the entry stands in the signed tree; 1: it does not.
"""

from __future__ import annotations

import json
import struct
import sys
from base64 import b64decode, b64encode
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any

P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT_OF_MINUS_1 = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)
FIELDS = {"format", "entry_id", "leaf", "action", "index", "path", "checkpoint"}
ENTRY = struct.Struct(">B16sq16sqiqqqqqq32s32si")  # layout 1, docs/proofs.md
TRANSFER = struct.Struct(">iqq4sq")


def must(holds: object, sentence: str) -> None:  # an assertion that -O leaves in place
    if not holds:
        raise ValueError(sentence)


def data(text: str) -> bytes:
    must(b64encode(b64decode(text)).decode() == text, "not canonical base64")
    return b64decode(text)


def point(code: bytes) -> tuple[int, int]:  # RFC 8032, section 5.1.3
    y, sign = int.from_bytes(code, "little") & (2**255 - 1), code[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * ROOT_OF_MINUS_1 % P
    must(y < P and (x * x - square) % P == 0 and (x or not sign), "not a point of Ed25519")
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
    name, key_id, encoded = key.split("+", 2)
    public, (body, lines) = data(encoded), note.rsplit("\n\n", 1)
    must(sha256(name.encode() + b"\n" + public).hexdigest()[:8] == key_id, "not a public key")
    found = [
        data(line.split(" ")[2])
        for line in lines.splitlines()
        if line.startswith(f"\u2014 {name} ")
    ]
    (sig,) = (each[4:] for each in found if each[:4].hex() == key_id and len(each) == 68)
    text, s = body + "\n", int.from_bytes(sig[32:], "little")
    h = int.from_bytes(sha512(sig[:32] + public[1:] + text.encode()).digest(), "little") % Q
    base = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    right = add(point(sig[:32]), times(h, point(public[1:])))
    must(s < Q and times(s, base) == right, "the signature is not of this key")
    return text


def root(hashed: bytes, place: int, last: int, path: list[bytes]) -> bytes:  # RFC 9162, 2.1.3.2
    must(0 <= place <= last, "no such leaf in this tree")
    for sibling in path:
        must(last, "the path is too long")
        on_right = place & 1 or place == last
        hashed = sha256(b"\1" + (sibling + hashed if on_right else hashed + sibling)).digest()
        while on_right and not place & 1 and place:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    must(last == 0, "the path is too short")
    return hashed


def verify(receipt: dict[str, Any], key: str) -> str:
    must(set(receipt) == FIELDS and receipt["format"] == "tanpuhui.receipt.v1", "not a receipt")
    must({type(receipt[name]) for name in ("entry_id", "index")} == {int}, "not a receipt")
    origin, size, signed = signed_text(receipt["checkpoint"], key).splitlines()[:3]
    leaf, path = data(receipt["leaf"]), [data(each) for each in receipt["path"]]
    led_to = root(sha256(b"\0" + leaf).digest(), receipt["index"], int(size) - 1, path)
    must(led_to == data(signed), "leaf and path do not lead to the signed root")
    layout, _, entry, kind, *_, action, count = ENTRY.unpack_from(leaf)
    must(layout == 1 and entry == receipt["entry_id"], "the leaf is of another entry")
    told = receipt["action"]
    digest = bytes(32) if told is None else sha256(data(told)).digest()
    must(digest == action, "the action is not the one that was sealed")
    moved = [TRANSFER.unpack_from(leaf, ENTRY.size + TRANSFER.size * n) for n in range(count)]
    lines = [f"  {unit.decode()} {amount}: {a} -> {b}" for _, a, b, unit, amount in moved]
    head = f"OK: entry {entry} ({kind.decode().rstrip()}) is leaf {receipt['index']} of {size}"
    return "\n".join([f"{head} in {origin}", *lines])


if __name__ == "__main__":
    try:
        print(verify(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), sys.argv[2]))
    except (ValueError, KeyError, TypeError, IndexError, OSError, struct.error) as error:
        sys.exit(f"NOT PROVEN: {error}")
