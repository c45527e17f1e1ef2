"""Signed notes read and written as the specification and Go's implementation do."""

import base64

import pytest

from backend.ports.signed_notes import KeyTextError, NoteError, Signer, VerifierKey, open_note

# The example of golang.org/x/mod/sumdb/note.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
PETER_NOTE = (
    f"{PETER_TEXT}\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
)
# The example of the specification, c2sp.org/signed-note.
FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FOO_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuw"
    "HjG1Yu72IneyaQM=\n"
)
# A tree of Go's checksum database, signed by its operator.
SUMDB = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
SUMDB_NOTE = (
    "go.sum database tree\n63096908\n8lHrQPRYe4KT4WQ9/Qk8/taKnD6IRHbFgfN7vQE2Y54=\n\n"
    "— sum.golang.org Az3gri/oVBN1jAhNZ/iS+W31psFAWRT20/GyrhpU6taFwulQGetBkH5S7wpGXdS935jiIGiUUAXBV"
    "HzT/P6fYhqAmAk=\n"
)
OURS = Signer("tanpuhui.test/ledger", bytes(range(32)))


@pytest.mark.parametrize("text", [PETER, FOO, SUMDB])
def test_published_keys_have_the_ids_that_stand_in_them(text: str) -> None:
    assert VerifierKey.parse(text).text == text


@pytest.mark.parametrize("key, note", [(PETER, PETER_NOTE), (FOO, FOO_NOTE), (SUMDB, SUMDB_NOTE)])
def test_published_notes_verify(key: str, note: str) -> None:
    text, signed_by = open_note(note, [VerifierKey.parse(PETER), VerifierKey.parse(key)])
    assert note.startswith(f"{text}\n")
    assert signed_by.text == key


def test_the_published_key_signs_as_published() -> None:
    signer = Signer.parse(PETER_SECRET)
    assert signer.sign(PETER_TEXT) == PETER_NOTE
    assert signer.secret_text == PETER_SECRET
    assert signer.verifier.text == PETER


def test_what_was_generated_reads_back() -> None:
    signer = Signer.generate("tanpuhui.test/ledger")
    assert Signer.parse(signer.secret_text).verifier == signer.verifier
    assert Signer.generate("tanpuhui.test/ledger").verifier != signer.verifier


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    theirs = Signer("elsewhere", bytes(32)).sign("text\n").rpartition("\n\n")[2]
    note = OURS.sign("text\n")
    mixed = note.replace("\n\n", f"\n\n{theirs}")
    assert open_note(mixed, [OURS.verifier]) == ("text\n", OURS.verifier)
    assert open_note(f"{note}{theirs}", [OURS.verifier])[0] == "text\n"
    other_kind = "— witness " + base64.b64encode(b"abcd" + bytes(72)).decode() + "\n"
    assert open_note(note + other_kind, [OURS.verifier])[0] == "text\n"
    with pytest.raises(NoteError, match="no known key"):
        open_note(note, [Signer("tanpuhui.test/ledger", bytes(32)).verifier])
    with pytest.raises(NoteError, match="no known key"):
        open_note(note, [])


def test_a_text_may_hold_blank_lines() -> None:
    assert open_note(OURS.sign("a\n\nb\n"), [OURS.verifier])[0] == "a\n\nb\n"


@pytest.mark.parametrize("at", range(0, 110, 5))
def test_a_note_changed_anywhere_fails(at: int) -> None:
    note = OURS.sign("tanpuhui.test/ledger\n7\nAAAA\n")
    assert at < len(note)
    changed = note[:at] + ("x" if note[at] != "x" else "y") + note[at + 1 :]
    with pytest.raises(NoteError):
        open_note(changed, [OURS.verifier])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\n— name AAAA",
        "text\n\nname AAAA\n",
        "text\n\n— name !!!!\n",
        "text\n\n— AAAA\n",
        "te\rxt\n\n— name AAAAAA==\n",
        "x" * 70_000,
    ],
)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(NoteError):
        open_note(note, [OURS.verifier])


@pytest.mark.parametrize("text", ["", "no newline", "a tab\there\n", "rubbed\x7fout\n"])
def test_what_is_no_text_is_not_signed(text: str) -> None:
    with pytest.raises(NoteError):
        OURS.sign(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("PeterNeumann", "Peter Neumann"),
        PETER.replace("ARpc", "Arpc"),
        PETER[:-4],
        PETER + "=",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(KeyTextError):
        VerifierKey.parse(text)
    with pytest.raises(KeyTextError):
        Signer.parse(f"PRIVATE+KEY+{text}")
    with pytest.raises(KeyTextError, match="begins with"):
        Signer.parse(text)


def test_a_private_key_of_another_id_or_length_is_refused() -> None:
    with pytest.raises(KeyTextError, match="id"):
        Signer.parse(PETER_SECRET.replace("c74f20a3", "c74f20a4"))
    with pytest.raises(KeyTextError, match="32 bytes"):
        Signer("name", bytes(31))


def test_an_error_never_repeats_the_key() -> None:
    with pytest.raises(KeyTextError) as raised:
        Signer.parse(PETER_SECRET[:-4])
    assert "AYEKFA" not in str(raised.value)


def test_a_public_key_that_is_no_point_verifies_nothing() -> None:
    key = VerifierKey("name", b"\xff" * 32)
    assert not key.has_signed("text\n", bytes(64))
