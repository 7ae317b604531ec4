#!/bin/sh
# keyrings.alt 5.0.2 with keyring 25.7.0 (what a server without a desktop often has as its keyring), CPython 3.11: one service, two
# users whose names differ in their case, as ids and access keys do.
#
# Expected: two entries.
# Seen: one: the second password replaces the first, in silence, and is given for both names, and for every other case of them. The
# file's options are configparser's, which lowers their names; sections, the services, keep their case.
#
# Output seen:
#   user AbC: second
#   user aBc: second
#   service in another case: None
#
# Keyless: `${keyring:SERVICE/USER}` asks whatever keyring is there; docs/config.md says to tell such entries apart by their
# service. Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'keyrings.alt==5.0.2' 'keyring==25.7.0'
cat > "$folder/ask.py" <<'PYTHON'
import sys

import keyring
from keyrings.alt.file import PlaintextKeyring

backend = PlaintextKeyring()
backend.file_path = sys.argv[1]
keyring.set_keyring(backend)
keyring.set_password("crm", "AbC", "first")
keyring.set_password("crm", "aBc", "second")
seen = [keyring.get_password("crm", "AbC"), keyring.get_password("crm", "aBc"), keyring.get_password("CRM", "AbC")]
for what, value in zip(("user AbC", "user aBc", "service in another case"), seen):
    print(f"{what}: {value}")
sys.exit(0 if seen == ["second", "second", None] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py" "$folder/keyring.cfg"
