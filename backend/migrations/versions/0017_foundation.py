"""The whole schema of 0.2.0. Databases of 0001 to 0016 are older, and are refused.

A migration must run while the previous version of the program is still up.
"""

from backend.migrations.steps import execute_file, install_functions, remove_functions

revision = "0017"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "installation",
    "organisations",
    "people",
    "audit",
    "places",
    "rulebook",
    "ledger",
    "corrections",
    "actions",
    "outbox",
    "rankings",
    "offers",
    "rewards",
    "donations",
    "draws",
    "footprint",
    "proofs",
    "verification",
)
FUNCTIONS = {
    "ledger_add_reference": "f7798e3fbf6f7415c3b145ac1c9ae42c1ca0e281a092321479757bf2b123ef19",
    "ledger_campaign_account": "8c5e70ca8bb37c093f34fca04bfdbe602c0214d1ccc77abc435c1664fc188ca2",
    "ledger_cancel": "e7a9cbeed7c2d42fd0279b80316b9d64e6e872d781ec1e8f75a792f381eede4c",
    "ledger_carry_balances": "b613ee365cbd99b74f4d3e7599823fa4e77e3d2f273a7ba6fd01dfe44d33ff75",
    "ledger_cover": "d80522cf7a7e838d70ec831f25d747193d39d6615e874c68835557df6dd0947d",
    "ledger_donate": "53e206f0a8f41db891d324a605d207c79d4e1ba092a11556765b6276f57624bd",
    "ledger_earlier_spending": "47a2a1f654e2cc3c95ceb327dc20cdfdfca618cc519c0726863a6fc7ea8c2765",
    "ledger_end_lots": "9e8247f9cc9b879c0ca43b186976951acbcbd60f6074e7e6b4c707320cdead82",
    "ledger_expire": "1ee0d32161b0d71b14c4e9622569c9937aab275959affdba6ecd3b83534cc480",
    "ledger_fulfil": "5a29c6358aff3db12a157f7fc6a8dad436ab208e4cfef283952a78be40c39f2f",
    "ledger_fund_campaign": "4a52de22429804f4c931f96acb501dd69bbb3af74af1c0b98dbcaf6dea96be04",
    "ledger_lock_member": "fbaa3db8c93146577543a3bea64d9744660dbf00e532693a5e33187bf5cf2caf",
    "ledger_lock_members": "4295ceaf66fc84d23dfabfe9f7b7952fbf8f37c48385093870496b7fe66d8a5a",
    "ledger_member_account": "ad3426bab3a1dc0b28b228a357ce2f1a5611f4220c3babde911c0e0e92d2d86c",
    "ledger_member_state": "8d13a253eb2669f6937bb0ad02bc1ed4005b36732e58102f17249cbb79343c40",
    "ledger_move_balance": "8a12252f0f576d1c42ee279a196a7c72e367dc465a81b03f0160f1756a9e26d7",
    "ledger_oldest_lots": "c86be4b93ef8ca51271c5364dbbdeaac14efe988ef3162b931d5d67041d78f24",
    "ledger_post_award": "87088db5d9dab30c9e20a8e2cd4109a3e3ea84ba4ba5bd46849299c2b2f67319",
    "ledger_post_awards": "41d0817f3f43929d2582eb6ec671157deaccc57f984a7da13aa56e9ce6095d56",
    "ledger_reassess": "f716a5efbc52b6cbf9a240e257bad52694a94c09874f7164eb6d3827610959d2",
    "ledger_redeem": "725c9034ec2c5cde8409d36bce5443964895f0a41bb256ff52dca18074045c0f",
    "ledger_resolve_hold": "9b84717c48b719f550787197bc84cec8e9531dba1d9b3fabbd5b898afeb4f7ea",
    "ledger_reverse_action": "4725d625074e0623882d4463687372ff8118dc818d680bda01f0fcdc6ea67261",
    "ledger_settlement": "7c09ad9db4ca93e8054d9cd2d440eae19dcd6fe7786554dca946af105adad118",
    "ledger_system_account": "a6c4f16d21117c4cdeb8df56eb45464d0084063d1c28cece13222c670a7acdd9",
    "ledger_take_bonus": "1e1ebb58823066e80f9f487ed9fe7d4ccfe8e02cfde312251306620ee5645793",
    "ledger_write_entry": "5e650e43d870264e2695790ee9685add18c04e19c90f66d8626156b82c25fdcb",
    "proofs_append_leaves": "7895483bd94f4e94f370d531af036155b850bcb23d61972ab5a5eb6b815e1ba8",
    "proofs_home": "7f2e8cef2e5d8c2b0fa2ac9e62cb35cff624d2b410eb5ba7cc8bc5ae02f87434",
    "proofs_seal_balances": "525b1c6b1d3fa3b8ec7329872508a2f87bf1bbc47b5ec5f435b9ecb9788213f3",
    "refuse_change": "779ba4018cb0311a9614f8ec514579729a7df39adb5d64d7fcee8548e62ff69a",
    "require_two_approvals": "a4f613ec8ac332d4eeeb0ee2a0fc54c49615f056361ceba02f27db254ab3965f",
}


def upgrade() -> None:
    execute_file("0017_role.sql")
    for feature in _TABLES:
        execute_file(f"0017_tables_{feature}.sql")
    install_functions(revision, FUNCTIONS)
    for step in ("append_only", "first_rows", "grants"):
        execute_file(f"0017_{step}.sql")


def downgrade() -> None:
    remove_functions(revision, FUNCTIONS)
    execute_file("0017_downgrade.sql")
