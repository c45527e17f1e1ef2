"""Merkle trees as in RFC 6962, section 2: roots, inclusion paths, consistency proofs. Pure.

A subtree of 2**height leaves that is complete never changes again, so its hash is stored. Only
every eighth height is: the hashes between are 255 additions away, and storing them would double
the tree. Everything here says which stored hashes it needs, reads them at once, and folds them.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

HASH_BYTES = 32
# Stored are the hashes of complete subtrees of heights 0, 8, 16, …
STEP = 8
BLOCK = 1 << STEP
EMPTY_ROOT = hashlib.sha256(b"").digest()


class Span(NamedTuple):
    """Stored hashes at one height: those of the subtrees `begin` to `end - 1`."""

    height: int
    begin: int
    end: int


class Leaves(NamedTuple):
    """The leaves `begin` to `end - 1` of a tree: what one hash of a proof stands for."""

    begin: int
    end: int


# Reads the hashes of each span, in its order.
Fetch = Callable[[Sequence[Span]], Sequence[Sequence[bytes]]]


class BrokenTreeError(Exception):
    """A stored hash that a proof needs is not there."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf's content."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node over the hashes of its children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over hashes of leaves, or of complete subtrees of one height.

    Args:
        hashes: 32 bytes each; none give the root of the empty tree.
    """
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    while len(level) > 1:
        paired = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def inclusion_path(index: int, size: int) -> list[Leaves]:
    """What the hashes of an inclusion proof stand for, from the leaf upwards.

    Args:
        index: of the leaf, from 0.
        size: leaves in the tree.

    Raises:
        ValueError: the leaf is not in the tree.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path: list[Leaves] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(Leaves(middle, end))
            end = middle
        else:
            path.append(Leaves(begin, middle))
            begin = middle
    return path[::-1]


def consistency_path(old_size: int, size: int) -> list[Leaves]:
    """What the hashes of a consistency proof stand for, in the order of RFC 6962, section 2.1.2.

    Args:
        old_size: leaves in the earlier tree; its proof is empty for 0 and for `size`.
        size: leaves in the later tree.

    Raises:
        ValueError: the earlier tree is larger.
    """
    if not 0 <= old_size <= size:
        raise ValueError(f"a tree of {old_size} does not come before one of {size}")
    if old_size in (0, size):
        return []
    path: list[Leaves] = []
    begin, end, whole = 0, size, True
    while old_size != end:
        middle = begin + _split(end - begin)
        if old_size <= middle:
            path.append(Leaves(middle, end))
            end = middle
        else:
            path.append(Leaves(begin, middle))
            begin, whole = middle, False
    if not whole:
        path.append(Leaves(begin, end))
    return path[::-1]


def hashes_of(wanted: Sequence[Leaves], fetch: Fetch) -> list[bytes]:
    """The hash over each range of leaves, from what is stored.

    Args:
        wanted: ranges as the two functions above give them, or `Leaves(0, size)` for a root.
        fetch: called once, with all that is needed.

    Raises:
        BrokenTreeError: something of it is not stored.
    """
    parts = [list(_complete_subtrees(leaves)) for leaves in wanted]
    spans = [span for each in parts for span in each]
    found = iter(fetch(spans))
    hashes = []
    for part in parts:
        folded = [_whole(span, next(found)) for span in part]
        hashes.append(_fold_right(folded))
    return hashes


def completed_blocks(size: int, added: Sequence[bytes], fetch: Fetch) -> Mapping[Span, list[bytes]]:
    """The hashes to store when leaves are appended: of the subtrees that they complete.

    Args:
        size: leaves before.
        added: hashes of the new leaves, in order.
        fetch: reads what is stored of the blocks that were begun.

    Returns:
        By height and range, the hashes of complete subtrees of heights 8, 16, …
    """
    new: dict[Span, list[bytes]] = {}
    height, count, hashes = 0, size, list(added)
    while (count + len(hashes)) // BLOCK > count // BLOCK:
        first = count // BLOCK
        (begun,) = fetch([Span(height, first * BLOCK, count)])
        joined = [*begun, *hashes]
        hashes = [
            root_of(joined[at : at + BLOCK]) for at in range(0, len(joined) - BLOCK + 1, BLOCK)
        ]
        height, count = height + STEP, first
        new[Span(height, first, first + len(hashes))] = hashes
    return new


def root_from_inclusion(hashed: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 9162, section 2.1.3.2).

    Args:
        hashed: the leaf's hash.
        index: where it is said to stand.
        size: leaves in the tree.
        path: the proof.

    Raises:
        ValueError: the proof has not the length that this place in this tree needs.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    place, last = index, size - 1
    for sibling in path:
        if last == 0:
            raise ValueError("the path is too long")
        if place & 1 or place == last:
            hashed = node_hash(sibling, hashed)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            hashed = node_hash(hashed, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise ValueError("the path is too short")
    return hashed


def is_consistent(
    old_size: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether the later tree begins with the whole earlier one (RFC 9162, section 2.1.4.2).

    Args:
        old_size: leaves in the earlier tree.
        old_root: its root.
        size: leaves in the later tree.
        root: its root.
        path: the consistency proof.
    """
    if old_size == size:
        return not path and old_root == root
    if old_size == 0:
        return not path and old_root == EMPTY_ROOT
    if not 0 < old_size < size:
        return False
    hashes = [old_root, *path] if old_size & (old_size - 1) == 0 else list(path)
    return bool(hashes) and _folds_to(old_size, old_root, size, root, hashes)


def _folds_to(
    old_size: int, old_root: bytes, size: int, root: bytes, hashes: Sequence[bytes]
) -> bool:
    place, last = old_size - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old, new = hashes[0], hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and old == old_root and new == root


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def _complete_subtrees(leaves: Leaves) -> Iterator[Span]:
    """The stored hashes under a range: one span for each complete subtree, left to right."""
    begin, end = leaves
    while begin < end:
        height = (end - begin).bit_length() - 1
        stored = height - height % STEP
        yield Span(stored, begin >> stored, begin + (1 << height) >> stored)
        begin += 1 << height


def _whole(span: Span, hashes: Sequence[bytes]) -> bytes:
    if len(hashes) != span.end - span.begin:
        raise BrokenTreeError(f"{len(hashes)} of the hashes of {span} are stored")
    return root_of(hashes)


def _fold_right(hashes: Sequence[bytes]) -> bytes:
    if not hashes:
        return EMPTY_ROOT
    folded = hashes[-1]
    for left in reversed(hashes[:-1]):
        folded = node_hash(left, folded)
    return folded
