#!/bin/sh
# aiocache 0.12.3, redis-py 8.1.0, OpenTelemetry's SDK 1.45.2, CPython 3.11: a cache in memory, in an environment where the
# two others are installed as well.
#
# Expected: the packages of a cache in memory.
# Seen: aiocache imports redis-py wherever that is there, and redis-py OpenTelemetry: together some 12 MiB for a process that
# speaks to no Redis and measures nothing.
#
# Output seen:
#   without redis-py: aiocache brings redis: no, opentelemetry: no
#   with it: aiocache brings redis: yes, opentelemetry: yes; more than 10 MiB more
#
# Keyless: proxy/companions.py imports it without them (tests/test_companions.py, tests/cli/run/test_imported.py). Exits 1
# once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/look.py" <<'PYTHON'
import asyncio  # what any program with a cache of this kind has already
import ssl
import sys

from aiocache import SimpleMemoryCache

SimpleMemoryCache()
with open("/proc/self/status", encoding="ascii") as status:
    resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
print(resident, *("yes" if name in sys.modules else "no" for name in ("redis", "opentelemetry")))
PYTHON
for kind in without with; do
  python3 -m venv "$folder/$kind"
  more=''
  [ "$kind" = without ] || more='redis==8.1.0 opentelemetry-sdk==1.45.2 cryptography==50.0.2'
  "$folder/$kind/bin/pip" install --quiet --disable-pip-version-check 'aiocache==0.12.3' $more
  "$folder/$kind/bin/python" "$folder/look.py" > "$folder/$kind.txt"
done
read -r less redis telemetry < "$folder/without.txt"
echo "without redis-py: aiocache brings redis: $redis, opentelemetry: $telemetry"
read -r most redis telemetry < "$folder/with.txt"
grown=no
[ $((most - less)) -le 10240 ] || grown=yes
[ $grown = no ] || more_said='; more than 10 MiB more'
echo "with it: aiocache brings redis: $redis, opentelemetry: $telemetry${more_said:-}"
[ "$redis $telemetry $grown" = 'yes yes yes' ]
