"""RFC 6962: known roots, and proofs of every size against the definition written down naively."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.proofs import merkle
from backend.proofs.merkle import Leaves, Span

# The leaves and roots that the implementations of Certificate Transparency test with.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
MANY = 200
HASHES = [merkle.leaf_hash(str(number).encode()) for number in range(MANY)]


def naive_root(hashes: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word by word."""
    count = len(hashes)
    if count == 0:
        return hashlib.sha256(b"").digest()
    if count == 1:
        return hashes[0]
    split = 1
    while split * 2 < count:
        split *= 2
    left, right = naive_root(hashes[:split]), naive_root(hashes[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def naive_path(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1, word by word."""
    count = len(hashes)
    if count == 1:
        return []
    split = 1
    while split * 2 < count:
        split *= 2
    if index < split:
        return [*naive_path(index, hashes[:split]), naive_root(hashes[split:])]
    return [*naive_path(index - split, hashes[split:]), naive_root(hashes[:split])]


def naive_proof(old: int, hashes: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962, section 2.1.2, word by word."""
    count = len(hashes)
    if old == count:
        return [] if whole else [naive_root(hashes)]
    split = 1
    while split * 2 < count:
        split *= 2
    if old <= split:
        return [*naive_proof(old, hashes[:split], whole=whole), naive_root(hashes[split:])]
    return [
        *naive_proof(old - split, hashes[split:], whole=False),
        naive_root(hashes[:split]),
    ]


class Store:
    """Stored hashes, grown as the builder grows them."""

    def __init__(self) -> None:
        self.rows: dict[int, list[bytes]] = {}

    def append(self, hashes: Sequence[bytes]) -> None:
        size = len(self.rows.get(0, []))
        nodes = merkle.completed_blocks(size, hashes, self.fetch)
        self.rows.setdefault(0, []).extend(hashes)
        for span, completed in nodes.items():
            row = self.rows.setdefault(span.height, [])
            assert len(row) == span.begin
            row.extend(completed)

    def fetch(self, spans: Sequence[Span]) -> list[list[bytes]]:
        return [self.rows.get(span.height, [])[span.begin : span.end] for span in spans]


@pytest.fixture(scope="module")
def store() -> Store:
    made = Store()
    made.append(HASHES)
    return made


def test_the_roots_that_certificate_transparency_tests_with() -> None:
    hashes = [merkle.leaf_hash(leaf) for leaf in LEAVES]
    assert [merkle.root_of(hashes[: n + 1]).hex() for n in range(len(ROOTS))] == list(ROOTS)
    assert merkle.root_of([]) == merkle.EMPTY_ROOT == hashlib.sha256().digest()


def test_every_inclusion_proof_is_that_of_the_definition_and_leads_to_the_root(
    store: Store,
) -> None:
    for size in (*range(1, 34), 63, 64, 65, 127, 128, 129, 199, 200):
        root = naive_root(HASHES[:size])
        assert merkle.hashes_of([Leaves(0, size)], store.fetch) == [root]
        for index in range(size):
            path = merkle.hashes_of(merkle.inclusion_path(index, size), store.fetch)
            assert path == naive_path(index, HASHES[:size])
            assert merkle.root_from_inclusion(HASHES[index], index, size, path) == root


def test_every_consistency_proof_is_that_of_the_definition_and_holds(store: Store) -> None:
    roots = [naive_root(HASHES[:size]) for size in range(MANY + 1)]
    for size in (*range(34), 63, 64, 65, 127, 128, 129, 199, 200):
        for old in range(size + 1):
            path = merkle.hashes_of(merkle.consistency_path(old, size), store.fetch)
            if old:
                assert path == naive_proof(old, HASHES[:size])
            assert merkle.is_consistent(old, roots[old], size, roots[size], path)


@settings(max_examples=60)
@given(data=st.data())
def test_a_proof_changed_anywhere_fails(store: Store, data: st.DataObject) -> None:
    size = data.draw(st.integers(2, MANY))
    index = data.draw(st.integers(0, size - 1))
    root = naive_root(HASHES[:size])
    path = merkle.hashes_of(merkle.inclusion_path(index, size), store.fetch)
    at = data.draw(st.integers(0, len(path) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    changed = [*path[:at], bytes([path[at][0] ^ bit]) + path[at][1:], *path[at + 1 :]]
    assert merkle.root_from_inclusion(HASHES[index], index, size, changed) != root
    other = data.draw(st.integers(0, size - 1).filter(lambda place: place != index))
    for wrong in (path[:-1], [*path, path[-1]]):
        with pytest.raises(ValueError, match="path"):
            merkle.root_from_inclusion(HASHES[index], index, size, wrong)
    assert _leads_to(index, other, size, path) != root


def _leads_to(index: int, claimed: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Where a path leads from another place; None where it has not even the length for that."""
    try:
        return merkle.root_from_inclusion(HASHES[index], claimed, size, path)
    except ValueError:
        return None


@settings(max_examples=60)
@given(data=st.data())
def test_a_consistency_proof_changed_anywhere_fails(store: Store, data: st.DataObject) -> None:
    size = data.draw(st.integers(3, MANY))
    old = data.draw(st.integers(1, size - 1))
    roots = naive_root(HASHES[:old]), naive_root(HASHES[:size])
    path = merkle.hashes_of(merkle.consistency_path(old, size), store.fetch)
    at = data.draw(st.integers(0, len(path) - 1))
    changed = [*path[:at], hashlib.sha256(path[at]).digest(), *path[at + 1 :]]
    for wrong in (changed, path[:-1], [*path, path[-1]]):
        assert not merkle.is_consistent(old, roots[0], size, roots[1], wrong)
    assert not merkle.is_consistent(old, roots[1], size, roots[1], path)
    assert not merkle.is_consistent(old, roots[0], size, roots[0], path)
    assert not merkle.is_consistent(size, roots[1], old, roots[0], path)


@settings(max_examples=25)
@given(
    batches=st.lists(
        st.sampled_from([1, 2, 7, 100, 255, 256, 257, 512, 1000]), min_size=1, max_size=8
    )
)
def test_however_the_leaves_come_the_stored_tree_is_the_same(batches: list[int]) -> None:
    total = sum(batches)
    hashes = [merkle.leaf_hash(str(number).encode()) for number in range(total)]
    grown = Store()
    at = 0
    for batch in batches:
        grown.append(hashes[at : at + batch])
        at += batch
    assert len(grown.rows.get(8, [])) == total // 256
    assert merkle.hashes_of([Leaves(0, total)], grown.fetch) == [naive_root(hashes)]
    path = merkle.hashes_of(merkle.inclusion_path(total // 2, total), grown.fetch)
    assert path == naive_path(total // 2, hashes)


def test_a_third_height_is_stored_when_256_blocks_are_full() -> None:
    hashes = [merkle.leaf_hash(str(number).encode()) for number in range(65_536 + 300)]
    grown = Store()
    grown.append(hashes[:65_000])
    grown.append(hashes[65_000:])
    assert {height: len(row) for height, row in grown.rows.items()} == {0: 65_836, 8: 257, 16: 1}
    assert merkle.hashes_of([Leaves(0, 65_836)], grown.fetch) == [naive_root(hashes)]


def test_a_missing_hash_is_said() -> None:
    with pytest.raises(merkle.BrokenTreeError):
        merkle.hashes_of([Leaves(0, 3)], lambda spans: [[] for _ in spans])


@pytest.mark.parametrize("index, size", [(0, 0), (3, 3), (-1, 2)])
def test_a_leaf_outside_the_tree_is_refused(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        merkle.inclusion_path(index, size)
    with pytest.raises(ValueError, match="not in a tree"):
        merkle.root_from_inclusion(b"", index, size, [])


@pytest.mark.parametrize("old, size", [(3, 2), (-1, 2)])
def test_an_earlier_tree_is_not_larger(old: int, size: int) -> None:
    with pytest.raises(ValueError, match="does not come before"):
        merkle.consistency_path(old, size)
