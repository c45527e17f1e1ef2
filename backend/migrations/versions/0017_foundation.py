"""The whole schema of 0.2.0. Databases of 0001 to 0016 are older, and are refused.

A migration must run while the previous version of the program is still up.
"""

from backend.migrations.steps import execute_file, install_functions, remove_functions

revision = "0017"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
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
    "ledger_add_reference": "e8dc5027eca1d5f26d0e1b1f5a7c749a29bb599d90ac0b525264db78e8fbdfaf",
    "ledger_campaign_account": "8c5e70ca8bb37c093f34fca04bfdbe602c0214d1ccc77abc435c1664fc188ca2",
    "ledger_cancel": "0c64422265fa0eb907001789351eb4a5356e4711fa1fb319ec01e063f23dd1ed",
    "ledger_carry_balances": "b613ee365cbd99b74f4d3e7599823fa4e77e3d2f273a7ba6fd01dfe44d33ff75",
    "ledger_cover": "d80522cf7a7e838d70ec831f25d747193d39d6615e874c68835557df6dd0947d",
    "ledger_donate": "8b5851c19788a77ec6e5ed1c9b412e8e7b406aef65ec5e1983daea4ce6379d39",
    "ledger_earlier_spending": "e5cad35718714e89e88a005a2b09832f86bc982d9f063fc60108826c6d205a9a",
    "ledger_end_lots": "0ca91f9b584a0783c29e0b3d23fcdc1ed92e496d3f7e79d26830e04f6f586279",
    "ledger_expire": "64e3f4e06d4b942d178a21d6ad93b1f7d792a2fc96a43a28f8bf9a6289d8d606",
    "ledger_fulfil": "43138304d8d17f51bf4e07094493b75955058956a5f24646af46e7e547016676",
    "ledger_fund_campaign": "4a52de22429804f4c931f96acb501dd69bbb3af74af1c0b98dbcaf6dea96be04",
    "ledger_lock_member": "c9672d6b12f21e2d76f2dc3e3803b38b87fab8eee7ace4074ad91603c62ae7b3",
    "ledger_member_account": "ad3426bab3a1dc0b28b228a357ce2f1a5611f4220c3babde911c0e0e92d2d86c",
    "ledger_move_balance": "66b7c2e6f2dfed48681b4b734b5b47f1e0926a64b70ed8ed5c8cbff93bc8d95e",
    "ledger_oldest_lots": "c86be4b93ef8ca51271c5364dbbdeaac14efe988ef3162b931d5d67041d78f24",
    "ledger_post_award": "879e2cbb53682372d6ac3735aedc79d5b5177ebf9e4652cfc8da4de37ffbdd87",
    "ledger_post_awards": "7b974c3561eaa30066111c20961f9647d83ed07eaaf85758441d9545b7779612",
    "ledger_reassess": "c52a75648a1298554d65af881d94baa90eee961a03d6fec44980e9d281346ec5",
    "ledger_redeem": "6bbfe83b4307f222db009140f5e2885d87d540f4eb89e4c59f7ebfa8ac018d6b",
    "ledger_resolve_hold": "ee47f7b3d543a0c4a140ebf73d1d4af53dca60061534e64e2097ec9c416d23c2",
    "ledger_reverse_action": "6bd24d3b5c02cd825a04c7868241e17677e60356e9973abeda59cb5bcf139cdd",
    "ledger_settlement": "b41ebf0f8d2e4e34c3d593e439fc14def3dafec91cfe9ae6300b948142bc1fa1",
    "ledger_standing": "d9510580f1578cdf4895441dbfc0c1c1fb6c1d674df431e9057c513ced81c81a",
    "ledger_system_account": "a6c4f16d21117c4cdeb8df56eb45464d0084063d1c28cece13222c670a7acdd9",
    "ledger_take_bonus": "1e1ebb58823066e80f9f487ed9fe7d4ccfe8e02cfde312251306620ee5645793",
    "ledger_write_entry": "e3431f38fc40b95fb21aa204d97551149c426707599d150f988cdb71e55bd063",
    "proofs_append_leaves": "1bf31839a48084ff895996140bb0c2933f67564d8f127d30829cdab1504f57a4",
    "proofs_home": "7f2e8cef2e5d8c2b0fa2ac9e62cb35cff624d2b410eb5ba7cc8bc5ae02f87434",
    "proofs_seal_balances": "7ec34496c5e0cfed888fa5699a028ba5a2f3c578b7566e3828e015e4f4f5e502",
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
